"""The training step, and the loop that applies it to one batch after another."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from minicnn import tree
from minicnn.layers import Layer
from minicnn.optim import Transform, apply_updates
from minicnn.train.batch import ACCURACY, Batch, Metrics, check_loss, check_metrics, measure, read
from minicnn.train.gradient import value_and_grad
from minicnn.tree import Tree

Logs: TypeAlias = dict[str, Any]  # name -> scalar


class TrainState(NamedTuple):
    """All that training changes.

    Attributes:
        step: number of updates so far.
        params: the model's parameters.
        state: the state of the layers, such as running statistics.
        opt_state: the state of the optimizer, such as moments.
    """

    step: int
    params: Tree
    state: Tree
    opt_state: Tree


Step: TypeAlias = Callable[[TrainState, Batch, torch.Generator | None], tuple[TrainState, Logs]]


def make_train_step(
    model: Layer,
    loss_fn: Callable[[Any, Any], Tensor],
    optimizer: Transform,
    metrics: Metrics = ACCURACY,
) -> Step:
    """Compose a model, a loss and an optimizer into one training step.

        θ, s ← θ + update(∂/∂θ loss(model(θ, s, inputs), targets)), new s

    A step is differentiable by torch.func, but not by plain autograd: what arrives with
    ``requires_grad`` is detached, or the graph of every step would hang on to the one before.

    Args:
        model: the network.
        loss_fn: function of (outputs, targets) that returns a scalar. What the targets are is its
            business: labels, probabilities, images, or a tree of several.
        optimizer: turns gradients into updates.
        metrics: functions of (outputs, targets) that return a scalar, by name; ``{}`` for none.

    Returns:
        step(train_state, batch, rng) -> (train_state, logs). It changes nothing but the generator
        ``rng``. A batch is a pair (inputs, targets), a tuple or a list as of a torch DataLoader.
        The logs are the "loss" and the metrics of the batch before the update.

    Raises:
        TypeError: the model is no Layer, the loss no function, the optimizer no Transform, or
            ``metrics`` no dict of functions.
        ValueError: a metric is named "loss"; in a step, a batch is no pair, the loss or a metric is
            no scalar, or the loss does not depend on the parameters.

    Example:
        >>> from minicnn import functional as F
        >>> from minicnn import layers, optim
        >>> net, opt = layers.linear(2), optim.sgd(0.1)
        >>> params, state, _ = net.init(torch.Generator().manual_seed(0), (3,))
        >>> step = make_train_step(net, F.cross_entropy, opt)
        >>> start = TrainState(0, params, state, opt.init(params))
        >>> batch = torch.eye(3), torch.tensor([0, 1, 1])
        >>> after, first = step(start, batch, None)
        >>> _, second = step(after, batch, None)
        >>> bool(second["loss"] < first["loss"])
        True
    """
    _check("model", model, Layer, "a Layer")
    _check("loss_fn", loss_fn, Callable, "a function of (outputs, targets)")
    _check("optimizer", optimizer, Transform, "a Transform, such as optim.adam(1e-3)")
    metrics = check_metrics(metrics)

    def loss(
        params: Tree, state: Tree, batch: Batch, rng: torch.Generator | None
    ) -> tuple[Tensor, tuple[Tree, Tree]]:
        inputs, targets = batch
        outputs, state = model.apply(params, state, inputs, rng=rng, train=True)
        value = check_loss(loss_fn(outputs, targets))
        if not value.requires_grad and tree.leaves(params):
            raise ValueError(
                "the loss must depend on the parameters, got one without a gradient: are the "
                "outputs detached, or replaced by an argmax?"
            )
        return value, (outputs, state)

    loss_and_grad = value_and_grad(loss, has_aux=True)

    def step(
        train_state: TrainState, batch: Batch, rng: torch.Generator | None
    ) -> tuple[TrainState, Logs]:
        batch = read(batch)
        train_state, batch = tree.map(_without_graph, (train_state, batch))
        (value, (outputs, state)), grads = loss_and_grad(
            train_state.params, train_state.state, batch, rng
        )
        updates, opt_state = optimizer.update(grads, train_state.opt_state, train_state.params)
        params = apply_updates(train_state.params, updates)
        logs = {"loss": value, **measure(metrics, outputs, batch[1])}
        return TrainState(train_state.step + 1, params, state, opt_state), logs

    return step


def _check(name: str, value: Any, kind: Any, expected: str) -> None:
    if not isinstance(value, kind):
        got = getattr(value, "__name__", type(value).__name__)
        raise TypeError(f"{name} must be {expected}, got {got}")


def _without_graph(x: Any) -> Any:
    """Detach a tensor that autograd follows; one that a transform of torch.func follows is kept."""
    if not isinstance(x, Tensor) or not x.requires_grad:
        return x
    is_transformed = not torch.compiler.is_compiling() and torch.func.debug_unwrap(x) is not x
    return x if is_transformed else x.detach()


def fit(
    step: Step, train_state: TrainState, batches: Iterable[Batch], rng: torch.Generator | None
) -> Iterator[tuple[TrainState, Logs]]:
    """Apply the step to each batch in turn, and yield every state.

    The caller's ``for`` loop is where to log, evaluate, save, or stop early with ``break``.

    Args:
        step: a training step, from `make_train_step`.
        train_state: the initial state.
        batches: pairs (inputs, targets), such as of `data.batches` or of a torch DataLoader.
        rng: for the layers that draw random numbers; None if there are none.

    Yields:
        (train_state, logs) after each step.

    Example:
        >>> def count(train_state, batch, rng):
        ...     return train_state._replace(step=train_state.step + 1), {}
        >>> batches = [(torch.zeros(1), torch.zeros(1))] * 3
        >>> [ts.step for ts, _ in fit(count, TrainState(0, (), (), ()), batches, None)]
        [1, 2, 3]
    """
    for batch in batches:
        train_state, logs = step(train_state, batch, rng)
        yield train_state, logs

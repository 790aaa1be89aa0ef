"""Training: a function from state to state, applied batch after batch."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import tree
from minicnn.functional.torch_workarounds import is_plain
from minicnn.layers import Layer
from minicnn.metrics import accuracy
from minicnn.optim import Transform, apply_updates

Tree = Any  # nested dicts and tuples of tensors
Batch = tuple[Tensor, Tensor]  # images, float (N, C, H, W), and labels, int64 (N,)
Metrics = dict[str, Tensor]


class TrainState(NamedTuple):
    """All that training changes.

    Attributes:
        step: number of updates made.
        params: the model's parameters.
        state: what the layers keep, such as running statistics.
        opt_state: what the optimizer keeps, such as moments.
    """

    step: int
    params: Tree
    state: Tree
    opt_state: Tree


Step = Callable[[TrainState, Batch, torch.Generator | None], tuple[TrainState, Metrics]]


def value_and_grad(f: Callable[..., Any], has_aux: bool = False) -> Callable[..., tuple[Any, Tree]]:
    """Make of a function of a tree one that also returns its gradient, (f(x), ∂f/∂x).

    Args:
        f: returns a scalar; with ``has_aux`` the pair (scalar, anything else that it computed). The
            gradient is taken with respect to its first argument.
        has_aux: see ``f``; what else it computed is a tree.

    Returns:
        A function of the same arguments that returns (value, gradient), or with ``has_aux``
        ((value, aux), gradient); the gradient is a tree like the first argument.

    Example:
        >>> def square(params):
        ...     return (params["w"] ** 2).sum()
        >>> value_and_grad(square)({"w": torch.tensor([1.0, 3.0])})
        (tensor(10.), {'w': tensor([2., 6.])})

    Reference: Griewank & Walther, "Evaluating Derivatives", 2008, §3.2 (the reverse mode).
    """
    composable = torch.func.grad_and_value(f, has_aux=has_aux)

    def run(params: Tree, *args: Any, **kwargs: Any) -> tuple[Any, Tree]:
        if not _is_watched((params, args, kwargs)):
            leaves, structure = tree.flatten(params)
            leaves = [leaf.detach().requires_grad_() for leaf in leaves]
            with torch.enable_grad():
                result = f(tree.unflatten(structure, leaves), *args, **kwargs)
            value = result[0] if has_aux else result
            if not _is_watched(value, by_autograd=False):
                grads = torch.autograd.grad(value, leaves, materialize_grads=True)
                return _detached(result), tree.unflatten(structure, grads)
        grads, result = composable(params, *args, **kwargs)
        return result, grads

    return run


def _is_watched(values: Tree, by_autograd: bool = True) -> bool:
    """Whether somebody else traces the values: torch.compile, a transform of torch.func, autograd.

    Then the gradient must be one that can be traced in turn, by torch.func. That one keeps the
    graph of the backward pass too, which costs memory and time, so otherwise we go without.
    """
    tensors = [leaf for leaf in tree.leaves(values) if isinstance(leaf, Tensor)]
    return any(not is_plain(x) or (by_autograd and x.requires_grad) for x in tensors)


def _detached(values: Tree) -> Tree:
    return tree.map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, values)


def make_train_step(
    model: Layer, loss_fn: Callable[[Tensor, Tensor], Tensor], optimizer: Transform
) -> Step:
    """Compose a model, a loss and an optimizer into one step of training.

        θ, s ← θ + update(∂/∂θ loss(model(θ, s, images), labels)), new s

    Args:
        model: the network.
        loss_fn: of (scores, labels), returns a scalar.
        optimizer: turns gradients into updates.

    Returns:
        step(train_state, batch, rng) -> (train_state, metrics). It changes nothing but the
        generator ``rng``. The metrics are the batch's "loss" and "accuracy", before the update.

    Example:
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

    def loss(
        params: Tree, state: Tree, batch: Batch, rng: torch.Generator | None
    ) -> tuple[Tensor, tuple[Tensor, Tree]]:
        images, labels = batch
        scores, state = model.apply(params, state, images, rng=rng, train=True)
        return loss_fn(scores, labels), (scores, state)

    loss_and_grad = value_and_grad(loss, has_aux=True)

    def step(
        train_state: TrainState, batch: Batch, rng: torch.Generator | None
    ) -> tuple[TrainState, Metrics]:
        (value, (scores, state)), grads = loss_and_grad(
            train_state.params, train_state.state, batch, rng
        )
        updates, opt_state = optimizer.update(grads, train_state.opt_state, train_state.params)
        params = apply_updates(train_state.params, updates)
        metrics = {"loss": value, "accuracy": accuracy(scores, batch[1])}
        return TrainState(train_state.step + 1, params, state, opt_state), metrics

    return step


def fit(
    step: Step, train_state: TrainState, batches: Iterable[Batch], rng: torch.Generator | None
) -> Iterator[tuple[TrainState, Metrics]]:
    """Apply a step to batch after batch, and hand out every state on the way.

    The caller's ``for`` loop is where to log, evaluate, save, or stop early with ``break``.

    Args:
        step: made by `make_train_step`.
        train_state: where to start.
        batches: pairs (images, labels).
        rng: for the layers that draw random numbers; None if there are none.

    Yields:
        (train_state, metrics), once a step.

    Example:
        >>> def count(train_state, batch, rng):
        ...     return train_state._replace(step=train_state.step + 1), {}
        >>> batches = [(torch.zeros(1), torch.zeros(1))] * 3
        >>> [ts.step for ts, _ in fit(count, TrainState(0, (), (), ()), batches, None)]
        [1, 2, 3]
    """
    for batch in batches:
        train_state, metrics = step(train_state, batch, rng)
        yield train_state, metrics


def predict(model: Layer, params: Tree, state: Tree, batches: Iterable[Batch]) -> Batch:
    """Compute the scores of every example, and return them beside the labels.

    Args:
        model, params, state: the network, applied as outside training.
        batches: pairs (images, labels).

    Returns:
        (scores (N, classes), labels (N,)) of all batches together, in their order.

    Raises:
        ValueError: no batch at all.

    Example:
        >>> from minicnn import layers
        >>> batches = [(torch.ones(2, 3), torch.tensor([0, 1]))] * 2
        >>> predict(layers.relu(), (), (), batches)[1]
        tensor([0, 1, 0, 1])
    """
    with torch.no_grad():
        pairs = [(model.apply(params, state, images)[0], labels) for images, labels in batches]
    if not pairs:
        raise ValueError("batches must hold at least one batch, got none")
    scores, labels = zip(*pairs, strict=True)
    return torch.cat(scores), torch.cat(labels)


def evaluate(
    model: Layer,
    params: Tree,
    state: Tree,
    batches: Iterable[Batch],
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> dict[str, float]:
    """Measure loss and accuracy over all examples. Changes nothing: not the state, not a generator.

    Args:
        model, params, state: the network, applied as outside training.
        batches: pairs (images, labels).
        loss_fn: of (scores, labels), returns a scalar.

    Returns:
        {"loss": in the unit of ``loss_fn``, "accuracy": in [0, 1]}.

    Raises:
        ValueError: no batch at all.

    Example:
        >>> from minicnn import layers
        >>> batches = [(torch.tensor([[0.0, 0.0]]), torch.tensor([0]))]
        >>> evaluate(layers.relu(), (), (), batches)
        {'loss': 0.6931471824645996, 'accuracy': 1.0}
    """
    scores, labels = predict(model, params, state, batches)
    return {"loss": loss_fn(scores, labels).item(), "accuracy": accuracy(scores, labels).item()}

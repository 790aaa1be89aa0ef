"""Training: a function from state to state, applied to one batch after another."""

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
        step: number of updates so far.
        params: the model's parameters.
        state: the state of the layers, such as running statistics.
        opt_state: the state of the optimizer, such as moments.
    """

    step: int
    params: Tree
    state: Tree
    opt_state: Tree


Step = Callable[[TrainState, Batch, torch.Generator | None], tuple[TrainState, Metrics]]


def value_and_grad(f: Callable[..., Any], has_aux: bool = False) -> Callable[..., tuple[Any, Tree]]:
    """Return a function that computes ``f`` and its gradient, (f(x), ∂f/∂x).

    Args:
        f: returns a scalar, or with ``has_aux`` a pair (scalar, aux), where aux is any tree. The
            gradient is taken with respect to the first argument, a tree.
        has_aux: whether ``f`` returns auxiliary outputs.

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
    """Return whether torch.compile, a transform of torch.func, or autograd traces the values.

    Then the gradient itself must be traceable, as that of torch.func is. It keeps the graph of the
    backward pass too, which costs memory and time, so otherwise plain autograd is used.
    """
    tensors = [leaf for leaf in tree.leaves(values) if isinstance(leaf, Tensor)]
    return any(not is_plain(x) or (by_autograd and x.requires_grad) for x in tensors)


def _detached(values: Tree) -> Tree:
    return tree.map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, values)


def make_train_step(
    model: Layer, loss_fn: Callable[[Tensor, Tensor], Tensor], optimizer: Transform
) -> Step:
    """Compose a model, a loss and an optimizer into one training step.

        θ, s ← θ + update(∂/∂θ loss(model(θ, s, images), labels)), new s

    Args:
        model: the network.
        loss_fn: function of (scores, labels) that returns a scalar.
        optimizer: turns gradients into updates.

    Returns:
        step(train_state, batch, rng) -> (train_state, metrics). It changes nothing but the
        generator ``rng``. The metrics are the "loss" and "accuracy" of the batch before the update.

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
    """Apply the step to each batch in turn, and yield every state.

    The caller's ``for`` loop is where to log, evaluate, save, or stop early with ``break``.

    Args:
        step: a training step, from `make_train_step`.
        train_state: the initial state.
        batches: pairs (images, labels).
        rng: for the layers that draw random numbers; None if there are none.

    Yields:
        (train_state, metrics) after each step.

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
    """Compute the scores of all examples, and return them with the labels.

    Args:
        model, params, state: the network, applied in evaluation mode.
        batches: pairs (images, labels).

    Returns:
        (scores (N, classes), labels (N,)) of all batches, concatenated in order.

    Raises:
        ValueError: there are no batches.

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
    """Compute the loss and accuracy over all examples, without changing state or generators.

    Args:
        model, params, state: the network, applied in evaluation mode.
        batches: pairs (images, labels).
        loss_fn: function of (scores, labels) that returns a scalar.

    Returns:
        {"loss": in the unit of ``loss_fn``, "accuracy": in [0, 1]}.

    Raises:
        ValueError: there are no batches.

    Example:
        >>> from minicnn import layers
        >>> batches = [(torch.tensor([[0.0, 0.0]]), torch.tensor([0]))]
        >>> evaluate(layers.relu(), (), (), batches)
        {'loss': 0.6931471824645996, 'accuracy': 1.0}
    """
    scores, labels = predict(model, params, state, batches)
    return {"loss": loss_fn(scores, labels).item(), "accuracy": accuracy(scores, labels).item()}

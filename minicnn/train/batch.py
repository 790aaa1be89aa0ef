"""What training, testing and refreshing share: how a batch is read, and what is measured of it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch import Tensor

from minicnn.metrics import accuracy
from minicnn.tree import Tree

Batch: TypeAlias = Any  # a pair (inputs, targets), each a tensor or a tree of tensors
Metrics: TypeAlias = Mapping[str, Callable[[Any, Any], Any]]  # name -> f(outputs, targets)

ACCURACY: Metrics = {"accuracy": accuracy}


def read(batch: Batch) -> tuple[Tree, Tree]:
    """Return (inputs, targets); lists, which a DataLoader makes of tuples, become tuples.

    Example:
        >>> import torch
        >>> read([[torch.ones(1), torch.zeros(1)], torch.tensor([3])])
        ((tensor([1.]), tensor([0.])), tensor([3]))
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        got = f"{len(batch)} of them" if isinstance(batch, tuple | list) else type(batch).__name__
        raise ValueError(f"a batch must be a pair (inputs, targets), got {got}")
    inputs, targets = map(_as_tree, batch)
    return inputs, targets


def _as_tree(node: Any) -> Tree:
    if isinstance(node, list) or type(node) is tuple:
        return tuple(map(_as_tree, node))
    if isinstance(node, tuple):  # a NamedTuple
        return type(node)(*map(_as_tree, node))
    return {k: _as_tree(v) for k, v in node.items()} if isinstance(node, dict) else node


def check_metrics(metrics: Any) -> Metrics:
    """Return ``metrics`` if it is a dict of functions by name."""
    if not isinstance(metrics, Mapping):
        raise TypeError(
            "metrics must be a dict of name -> function of (outputs, targets), {} for none, "
            f"got {metrics!r}"
        )
    for name, function in metrics.items():
        if not isinstance(name, str) or name == "loss":
            raise ValueError(f'a name of metrics must be a string other than "loss", got {name!r}')
        if not callable(function):
            raise TypeError(
                f"metrics[{name!r}] must be a function of (outputs, targets), got {function!r}"
            )
    return dict(metrics)


def check_loss(value: Any) -> Tensor:
    """Return the value of a loss if it is a scalar tensor."""
    if not isinstance(value, Tensor) or value.ndim:
        shaped = isinstance(value, Tensor)
        got = f"shape {tuple(value.shape)}" if shaped else type(value).__name__
        raise ValueError(f"loss_fn must return a scalar tensor, got {got}")
    return value


def measure(metrics: Metrics, outputs: Tree, targets: Tree) -> dict[str, Any]:
    """Return each metric of a batch; one that is no scalar is refused by its name."""
    values = {name: function(outputs, targets) for name, function in metrics.items()}
    for name, value in values.items():
        if isinstance(value, Tensor) and value.ndim:
            raise ValueError(
                f"metrics[{name!r}] must return a scalar, got shape {tuple(value.shape)}"
            )
    return values

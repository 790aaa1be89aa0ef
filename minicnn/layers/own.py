"""A layer of one's own function: an activation, or anything else without parameters and state."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from minicnn import checks
from minicnn.layers.layer import Layer, Shape, Tree


def function(name: str, f: Callable[[Tensor], Tensor]) -> Layer:
    """Make a layer of a function: y = f(x).

    The layer prints as ``name()``. Two such layers are equal if their names and functions are, and
    they pickle if f does: if it can be imported by its name. A file that describes a network as
    plain data cannot hold a function, so `describe` refuses it.

    Args:
        name: the layer's name, a Python identifier.
        f: from a batch (N, …) to a batch (N, …). It must not draw random numbers, and what it
            computes for one example must not depend on the others. It must return a new tensor,
            and leave its input as it is. A module of `torch.nn` with weights is no such function:
            nothing would train them.

    Returns:
        A Layer without parameters.

    Raises:
        TypeError: an ``f`` that cannot be called, or that has weights.
        ValueError: a ``name`` that is no identifier; at ``init``, an ``f`` that fails on an input
            of zeros, that changes it, or that returns no batch of two for a batch of two.

    Example:
        >>> from minicnn.layers import linear, sequential
        >>> net = sequential(linear(8), function("sine", torch.sin), linear(2))
        >>> net
        sequential(linear(8), sine(), linear(2))
        >>> net.init(torch.Generator(), (3,))[2]
        (2,)
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"name must be an identifier, such as 'swish', got {name!r}")
    if not callable(f):
        raise TypeError(f"f must be a function of a tensor, got {f!r}")
    if weights := list(getattr(f, "state_dict", dict)()):  # a module of torch
        got = f"a {type(f).__name__} with {checks.first_few(weights)}"
        raise TypeError(f"f must have no weights, since nothing would train them, got {got}")
    return Layer(name, _Init(name, f), _Apply(f))


# Classes and not closures: they compare and pickle by what they hold, and so do the layers.


@dataclass(frozen=True)
class _Init:
    name: str
    f: Callable[[Tensor], Tensor]

    def __call__(self, generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        x = torch.zeros(2, *in_shape)  # with numbers, as f may need them
        try:
            y = self.f(x)
        except Exception as error:  # whatever f may raise
            raise ValueError(
                f"{self.name} fails on an input of shape {tuple(x.shape)}: {error}"
            ) from error
        if x.any() or x._version:
            raise ValueError(f"{self.name} must leave its input as it is, but changes it in place")
        if not isinstance(y, Tensor) or y.shape[:1] != x.shape[:1]:
            got = f"shape {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
            raise ValueError(
                f"{self.name} must map a batch (N, …) to a batch (N, …), got {got} for an input "
                f"of shape {tuple(x.shape)}"
            )
        return (), (), tuple(y.shape[1:])


@dataclass(frozen=True)
class _Apply:
    f: Callable[[Tensor], Tensor]

    def __call__(
        self,
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        return self.f(x), state

"""A layer is two functions: one that makes its parameters, one that applies them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

Shape = tuple[int, ...]  # of one example, without the batch
Tree = Any  # nested dicts and tuples of tensors


class Layer(NamedTuple):
    """Two pure functions and a name.

        init(generator, in_shape) -> (params, state, out_shape)
        apply(params, state, x, *, rng=None, train=False) -> (y, state)

    ``params`` is what training changes by gradients, ``state`` what the layer itself keeps from
    call to call (running statistics); both are trees, ``()`` where there is nothing. Shapes go
    through ``init``, without the batch, so that no size is ever computed by hand.

    Attributes:
        name: what the layer is and does, for people.
        init: draws the parameters.
        apply: computes the output, and the next state.
        children: the layers inside, in the order of their application.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.flatten(), layers.linear(10))
        >>> params, state, out_shape = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
        >>> out_shape
        (10,)
        >>> y, state = net.apply(params, state, torch.zeros(5, 1, 28, 28))
        >>> y.shape
        torch.Size([5, 10])
    """

    name: str
    init: Callable[[torch.Generator, Shape], tuple[Tree, Tree, Shape]]
    apply: Callable[..., tuple[Tensor, Tree]]
    children: "tuple[Layer, ...]" = ()


def stateless(
    name: str, function: Callable[[Tensor], Tensor], out_shape: Callable[[Shape], Shape]
) -> Layer:
    """Make a layer of a function that has no parameters, no state and no randomness."""

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return (), (), out_shape(in_shape)

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        return function(x), state

    return Layer(name, init, apply)


def image_shape(layer: str, in_shape: Shape) -> tuple[int, int, int]:
    """Return (C, H, W), or refuse the shape in the name of the layer."""
    if len(in_shape) != 3:
        raise ValueError(f"{layer} needs an in_shape (C, H, W), got {tuple(in_shape)}")
    channels, height, width = in_shape
    return channels, height, width


def shape_after(function: Callable[[Tensor], Tensor]) -> Callable[[Shape], Shape]:
    """Find what shape a function gives, by calling it on tensors that have only a shape."""

    def out_shape(in_shape: Shape) -> Shape:
        return tuple(function(torch.empty(1, *in_shape, device="meta")).shape[1:])

    return out_shape

"""Elementwise layers, activations and dropout, and flatten."""

import functools
import math

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.functional.layout import ToContiguous
from minicnn.layers.layer import Layer, Shape, Share, Tree, made_by, stateless


def relu() -> Layer:
    """Replace negative numbers by zero, any shape, see `functional.relu`.

    Returns:
        A Layer without parameters.

    Example:
        >>> relu().apply((), (), torch.tensor([-1.0, 2.0]))
        (tensor([0., 2.]), ())

    Reference: Nair & Hinton, 2010, §2.
    """
    return stateless(relu, F.relu, lambda in_shape: in_shape)


def leaky_relu(negative_slope: float = 0.01) -> Layer:
    """Multiply negative numbers by a slope, any shape, see `functional.leaky_relu`.

    Args:
        negative_slope: the slope below 0, any finite number.

    Returns:
        A Layer without parameters.

    Raises:
        TypeError, ValueError: a slope that is no finite number.

    Example:
        >>> leaky_relu(0.5).apply((), (), torch.tensor([-1.0, 2.0]))
        (tensor([-0.5000,  2.0000]), ())

    Reference: Maas, Hannun & Ng, 2013, §2.
    """
    slope = checks.number("negative_slope", negative_slope, math.isfinite, "a finite number")
    function = functools.partial(F.leaky_relu, negative_slope=slope)
    return stateless(leaky_relu, function, lambda in_shape: in_shape, negative_slope=slope)


def sigmoid() -> Layer:
    """Map each number to one between 0 and 1, any shape, see `functional.sigmoid`.

    Returns:
        A Layer without parameters.

    Example:
        >>> sigmoid().apply((), (), torch.zeros(2))
        (tensor([0.5000, 0.5000]), ())

    Reference: Goodfellow, Bengio & Courville, 2016, §6.3.2.
    """
    return stateless(sigmoid, F.sigmoid, lambda in_shape: in_shape)


def tanh() -> Layer:
    """Map each number to one between −1 and 1, any shape, see `functional.tanh`.

    Returns:
        A Layer without parameters.

    Example:
        >>> tanh().apply((), (), torch.tensor([0.0, 1.0]))
        (tensor([0.0000, 0.7616]), ())

    Reference: LeCun, Bottou, Orr & Müller, 1998, §4.4.
    """
    return stateless(tanh, F.tanh, lambda in_shape: in_shape)


def silu() -> Layer:
    """Multiply each number by its sigmoid, any shape, see `functional.silu`.

    Returns:
        A Layer without parameters.

    Example:
        >>> silu().apply((), (), torch.tensor([0.0, 1.0]))
        (tensor([0.0000, 0.7311]), ())

    Reference: Elfwing, Uchibe & Doya, 2018, §2.
    """
    return stateless(silu, F.silu, lambda in_shape: in_shape)


def gelu(approximate: str = "none") -> Layer:
    """Multiply each number by its normal distribution function, any shape, see `functional.gelu`.

    Args:
        approximate: "none", or "tanh" for the approximation by tanh.

    Returns:
        A Layer without parameters.

    Raises:
        ValueError: another ``approximate``.

    Example:
        >>> gelu().apply((), (), torch.tensor([0.0, 1.0]))
        (tensor([0.0000, 0.8413]), ())

    Reference: Hendrycks & Gimpel, 2016, §2.
    """
    function = functools.partial(F.gelu, approximate=approximate)
    function(torch.empty(0))  # refuses another form here, and not only at the first batch
    return stateless(gelu, function, lambda in_shape: in_shape, approximate=approximate)


def flatten() -> Layer:
    """Flatten each example into a vector, channel by channel: (C, H, W) -> (C·H·W,).

    Returns:
        A Layer without parameters.

    Example:
        >>> flatten().init(torch.Generator(), (32, 5, 5))
        ((), (), (800,))
    """

    def lay_out(x: Tensor) -> Tensor:
        return (ToContiguous.apply(x) if x.ndim == 4 else x).flatten(1)

    return stateless(flatten, lay_out, lambda in_shape: (math.prod(in_shape),))


def dropout(p: float = 0.5) -> Layer:
    """Zero each number with probability p in training, any shape, see `functional.dropout`.

    Args:
        p: probability of zeroing a number, in [0, 1].

    Returns:
        A Layer without parameters. In training its ``apply`` needs ``rng``; given a `Share`, it
        zeroes in its rows what it would have zeroed there in the whole batch.

    Raises:
        ValueError: ``p`` outside [0, 1]; in training, no ``rng``.

    Example:
        >>> layer = dropout(0.5)
        >>> layer.apply((), (), torch.ones(3))  # not training: nothing happens
        (tensor([1., 1., 1.]), ())

    Reference: Srivastava et al., 2014, §4.
    """
    p = checks.probability("p", p)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return (), (), in_shape

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | Share | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        if train and p > 0 and rng is None:
            raise ValueError(
                f"dropout({p}) needs rng, a torch.Generator, when train=True, got None"
            )
        if isinstance(rng, Share):
            ones = x.new_ones(rng.whole, *x.shape[1:])
            mask = F.dropout(ones, p, train, generator=rng.generator)  # of 0 and 1 / (1 − p)
            return x * mask[rng.start : rng.stop], state
        return F.dropout(x, p, train, generator=rng), state

    return made_by(dropout, init, apply, p=p)

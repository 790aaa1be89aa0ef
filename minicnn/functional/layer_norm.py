"""Layer and group normalisation: each example by its own statistics, whatever else is there."""

from collections.abc import Sequence
from math import prod
from typing import Any

from torch import Tensor

from minicnn import checks
from minicnn.functional.norm import ScaleShift, check_operand
from minicnn.functional.precision import autocast, in_float32
from minicnn.functional.torch_workarounds import Function


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last dimensions, then scale and shift each of their places.

        y = (x − μ) / √(σ² + eps) · weight + bias

    μ and σ² are the mean and the variance (divided by the number of values) over the dimensions of
    ``normalized_shape``, one of each for every index of the others.

    Args:
        input: floating point; its last dimensions are ``normalized_shape``.
        normalized_shape: sizes of the last dimensions, at least one.
        weight, bias: ``normalized_shape`` each; None for 1 and 0. Of the dtype of ``input``, or
            float32 if that has 16 bits a number.
        eps: added to the variance, in units of the input squared.

    Returns:
        The same shape.

    Raises:
        ValueError: shapes that do not match, or a negative ``eps``.
        TypeError: wrong dtypes, or sizes that are not ints.

    Example:
        >>> import torch
        >>> layer_norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
        tensor([[-1.0000,  1.0000],
                [-1.0000,  1.0000]])

    Reference: Ba, Kiros & Hinton, "Layer Normalization", 2016, §3.

    Backward: `_Standardise.backward` in functional/layer_norm.py; of weight and bias
    `ScaleShift.backward` in functional/norm.py.
    """
    input, weight, bias = autocast("layer_norm", input, weight, bias)
    if not isinstance(normalized_shape, Sequence) or not all(
        isinstance(size, int) and not isinstance(size, bool) for size in normalized_shape
    ):
        raise TypeError(f"normalized_shape must be a sequence of ints, got {normalized_shape!r}")
    shape = tuple(normalized_shape)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"normalized_shape must be the sizes of the last dimensions of input, at least one, "
            f"got {shape} for input shape {tuple(input.shape)}"
        )
    _check(input, weight, bias, shape, eps)
    view = (*[1] * (input.ndim - len(shape)), *shape)
    return in_float32(_normalise, input, weight, bias, view, len(shape), eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over runs of channels and all places, then scale and shift each channel.

        y = (x − μ) / √(σ² + eps) · weight + bias

    The channels are split into groups; μ and σ² are the mean and the variance (divided by the
    number of values) of one group of one example.

    Args:
        input: (N, C, H, W), or any (N, C, …), floating point.
        num_groups: number of groups, which divides C.
        weight, bias: (C,) each; None for 1 and 0. Of the dtype of ``input``, or float32 if that has
            16 bits a number.
        eps: added to the variance, in units of the input squared.

    Returns:
        The same shape.

    Raises:
        ValueError: shapes that do not match, a single value per group, or a negative ``eps``.
        TypeError: wrong dtypes.

    Example:
        >>> import torch
        >>> group_norm(torch.tensor([[1.0, 3.0, 10.0, 30.0]]), num_groups=2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    Reference: Wu & He, "Group Normalization", 2018, §3.

    Backward: `_Standardise.backward` in functional/layer_norm.py; of weight and bias
    `ScaleShift.backward` in functional/norm.py.
    """
    input, weight, bias = autocast("group_norm", input, weight, bias)
    checks.integer("num_groups", num_groups, 1)
    if input.ndim < 2:
        raise ValueError(f"input must be (N, C) or (N, C, …), got shape {tuple(input.shape)}")
    channels = input.shape[1]
    if 0 in input.shape[1:]:
        raise ValueError(f"input may be empty in its batch only, got shape {tuple(input.shape)}")
    if channels % num_groups:
        raise ValueError(f"num_groups must divide the {channels} channels, got {num_groups}")
    if input.numel() // num_groups == 1:
        raise ValueError(
            f"input must have more than one value per group, got shape {tuple(input.shape)} and "
            f"num_groups {num_groups}"
        )
    _check(input, weight, bias, (channels,), eps)
    x = input.unflatten(1, (num_groups, -1))
    view = (1, *x.shape[1:3], *[1] * (x.ndim - 3))
    return in_float32(_normalise, x, weight, bias, view, x.ndim - 2, eps).flatten(1, 2)


def _check(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...], eps: float
) -> None:
    if not input.is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    check_operand("weight", weight, input, shape)
    check_operand("bias", bias, input, shape)
    checks.non_negative("eps", eps)


def _normalise(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    view: tuple[int, ...],
    dims: int,
    eps: float,
) -> Tensor:
    """Standardise over the last ``dims`` dimensions; weight and bias are given the shape ``view``.

    On an input of other dimensions than theirs the parameters would have to be repeated.
    """
    y = _Standardise.apply(x, dims, eps)
    if weight is None and bias is None:
        return y
    size = prod(view)
    scale = x.new_ones(size) if weight is None else weight
    shift = x.new_zeros(size) if bias is None else bias
    return ScaleShift.apply(y, scale.reshape(view), shift.reshape(view))


class _Standardise(Function):
    """x̂ = (x − μ) / √(σ² + eps), μ and σ² over the last dimensions.

    μ and σ depend on every x, and so does every x̂. With means over the same dimensions,

        ∂L/∂x = (g − mean(g) − x̂ · mean(g · x̂)) / √(σ² + eps)
    """

    @staticmethod
    def forward(x: Tensor, dims: int, eps: float) -> Tensor:
        x_hat, _ = _standardise(x, dims, eps)
        return x_hat

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.dims, ctx.eps = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        # Recomputed, not saved: second derivatives need functions of x.
        x_hat, inverse = _standardise(x, ctx.dims, ctx.eps)
        mean_g, mean_gx = _mean(g, ctx.dims), _mean(g * x_hat, ctx.dims)
        return (g - mean_g - x_hat * mean_gx) * inverse, None, None


def _standardise(x: Tensor, dims: int, eps: float) -> tuple[Tensor, Tensor]:
    """Return x̂ and 1 / √(σ² + eps)."""
    centred = x - _mean(x, dims)
    inverse = (_mean(centred * centred, dims) + eps).rsqrt()
    return centred * inverse, inverse


def _mean(x: Tensor, dims: int) -> Tensor:
    return x.mean(tuple(range(-dims, 0)), keepdim=True)

"""`unfold` lists the sliding windows of an image as columns; `fold`, its adjoint, adds them up."""

import itertools
from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.precision import in_float32
from minicnn.functional.torch_workarounds import Function
from minicnn.functional.windows import (
    Axes,
    IntOrPair,
    Pair,
    inside,
    pair,
    require_image,
    slide,
    spread,
    windows,
)


def _window_axes(
    size: Pair, kernel_size: IntOrPair, dilation: IntOrPair, padding: IntOrPair, stride: IntOrPair
) -> Axes:
    k, d = pair("kernel_size", kernel_size, 1), pair("dilation", dilation, 1)
    p, s = pair("padding", padding, 0), pair("stride", stride, 1)
    rows, cols = (windows(size[i], k[i], s[i], (p[i], p[i]), d[i]) for i in (0, 1))
    return rows, cols


def unfold(
    input: Tensor,
    kernel_size: IntOrPair,
    dilation: IntOrPair = 1,
    padding: IntOrPair = 0,
    stride: IntOrPair = 1,
) -> Tensor:
    """List the sliding windows of a batch of images as columns (the step called im2col).

    Column l = oh·OW + ow of image n holds the window whose first cell is (oh·s − p, ow·s − p):

        out[n, (c·kH + i)·kW + j, oh·OW + ow] = input[n, c, oh·s + i·d − p, ow·s + j·d − p]

    where cells outside the image count as 0.

    Args:
        input: images, (N, C, H, W) or (C, H, W), floating point.
        kernel_size, dilation, padding, stride: int, or a pair (rows, columns), in cells.

    Returns:
        The columns, (N, C·kH·kW, OH·OW), without N where ``input`` has none.

    Raises:
        ValueError: ``input`` has other dimensions, or no window fits.

    Example:
        >>> import torch
        >>> unfold(torch.arange(6.0).view(1, 2, 3), kernel_size=2)  # two windows, as columns
        tensor([[0., 1.],
                [1., 2.],
                [3., 4.],
                [4., 5.]])

    Reference: Chellapilla, Puri & Simard, "High Performance Convolutional Neural Networks for
    Document Processing", 2006, §2.

    Backward: `_Unfold.backward` in functional/unfold.py.
    """
    require_image(input)
    _require_float(input)
    axes = _window_axes((input.shape[-2], input.shape[-1]), kernel_size, dilation, padding, stride)
    if input.ndim == 3:
        return in_float32(_Unfold.apply, input[None], axes)[0]
    return in_float32(_Unfold.apply, input, axes)


def fold(
    input: Tensor,
    output_size: IntOrPair,
    kernel_size: IntOrPair,
    dilation: IntOrPair = 1,
    padding: IntOrPair = 0,
    stride: IntOrPair = 1,
) -> Tensor:
    """Add columns of windows back up into images: ⟨unfold(x), g⟩ = ⟨x, fold(g)⟩ for all x and g.

    This is the adjoint of `unfold`: each cell of the result is the sum of all the column entries
    that `unfold` copies from it. What falls on the padding is dropped.

    Args:
        input: columns, (N, C·kH·kW, OH·OW), or without N, floating point.
        output_size: (H, W) of the images, in cells; an int for both.
        kernel_size, dilation, padding, stride: as for `unfold`.

    Returns:
        Images, (N, C, H, W), or (C, H, W).

    Raises:
        ValueError: the columns do not fit the geometry.

    Example:
        >>> import torch
        >>> fold(torch.ones(4, 4), output_size=3, kernel_size=2)[0]  # how many windows hold a cell
        tensor([[1., 2., 1.],
                [2., 4., 2.],
                [1., 2., 1.]])

    Reference: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, §4.

    Backward: `_Fold.backward` in functional/unfold.py.
    """
    if checks.tensor("input", input).ndim not in (2, 3) or 0 in input.shape[-2:]:
        got = tuple(input.shape)
        raise ValueError(f"input must be (N, C·kH·kW, L) or (C·kH·kW, L), not empty, got {got}")
    _require_float(input)
    size = pair("output_size", output_size, 1)
    axes = _window_axes(size, kernel_size, dilation, padding, stride)
    area, count = axes[0].kernel * axes[1].kernel, axes[0].out * axes[1].out
    if input.shape[-2] % area:
        raise ValueError(
            f"input must have a multiple of kH·kW (={area}) rows, got shape {tuple(input.shape)}"
        )
    if input.shape[-1] != count:
        raise ValueError(
            f"input must have {axes[0].out}·{axes[1].out} = {count} columns for output_size "
            f"{size}, got shape {tuple(input.shape)}"
        )
    if input.ndim == 2:
        return in_float32(_Fold.apply, input[None], axes)[0]
    return in_float32(_Fold.apply, input, axes)


def _require_float(x: Tensor) -> None:
    if not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool):
        raise TypeError(f"input must be floating point, got {x.dtype}")


class _Unfold(Function):
    @staticmethod
    def forward(x: Tensor, axes: Axes) -> Tensor:
        rows, cols = axes
        x = spread(x, (2, 3), axes)
        x = slide(slide(x, 2, rows), 3, cols)  # (N, C, OH, OW, kH, kW), a view
        return x.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.axes = inputs[1]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _Fold.apply(g, ctx.axes), None


class _Fold(Function):
    @staticmethod
    def forward(columns: Tensor, axes: Axes) -> Tensor:
        rows, cols = axes
        columns = columns.unflatten(2, (rows.out, cols.out))
        columns = columns.unflatten(1, (-1, rows.kernel * cols.kernel))  # (N, C, kH·kW, OH, OW)
        out = columns.new_zeros(*columns.shape[:2], rows.size, cols.size)
        cells = itertools.product(inside(rows), inside(cols))
        for k, ((h, oh), (w, ow)) in enumerate(cells):
            out[:, :, h, w] += columns[:, :, k, oh, ow]
        return out

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.axes = inputs[1]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _Unfold.apply(g, ctx.axes), None

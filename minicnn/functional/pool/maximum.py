"""Max pooling: each window answers with its largest cell, and that cell alone gets the gradient."""

from typing import Any

import torch
from torch import Tensor

from minicnn.functional.geometry import (
    Axis,
    IntOrPair,
    pair,
    pool_windows,
    require_image,
)
from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.windows import Axes, spread, tap, unspread


def max_pool2d(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Take the largest cell of each window.

        out[n, c, oh, ow] = max_i,j input[n, c, oh·s + i·d − p, ow·s + j·d − p]

    over the cells inside the image: padding counts as −∞ and never wins. The gradient of a window
    goes to its winner: of equal cells the first in reading order; a NaN beats every number, and of
    several NaN the last one wins.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, dilation: int, or pair (rows, columns), in cells.
        stride: int or pair; None means kernel_size.
        padding: int or pair, at most half of kernel_size.
        ceil_mode: also take the last windows that hang over the end, if they start inside.
        return_indices: also return where each winner is.

    Returns:
        (N, C, OH, OW), or (C, OH, OW), with OH = ⌊(H + 2p − d(kH−1) − 1) / s⌋ + 1, and likewise
        OW, in the memory layout of ``input``. With ``return_indices`` also the winners' places,
        row·W + column, int64, of the same shape.

    Raises:
        ValueError: wrong dimensions, too much padding, or no window that fits.
        TypeError: geometry that is not made of ints, or a boolean or complex input.

    Example:
        >>> import torch
        >>> x = torch.tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]]])
        >>> max_pool2d(x, 2, return_indices=True)
        (tensor([[[5., 2.]]]), tensor([[[1, 2]]]))

    Reference: Ranzato, Huang, Boureau & LeCun, "Unsupervised Learning of Invariant Feature
    Hierarchies with Applications to Object Recognition", 2007, §2.
    """
    require_image(input)
    if input.dtype == torch.bool or input.is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    k, d = pair("kernel_size", kernel_size, 1), pair("dilation", dilation, 1)
    s, p = k if stride is None else pair("stride", stride, 1), pair("padding", padding, 0)
    rows, cols = (
        pool_windows(input.shape[i - 2], k[i], s[i], p[i], d[i], ceil_mode) for i in (0, 1)
    )

    x = input if input.ndim == 4 else input[None]
    y = follow(_MaxPool.apply(x, (rows, cols)), x)
    if not return_indices:
        return y if input.ndim == 4 else y[0]
    places = _places(_winners(x.detach(), (rows, cols)), (rows, cols)).contiguous()
    return (y, places) if input.ndim == 4 else (y[0], places[0])


def _lowest(x: Tensor) -> float:
    return float("-inf") if x.is_floating_point() else torch.iinfo(x.dtype).min


def _largest(x: Tensor, axes: Axes) -> Tensor:
    """Value of the largest cell: along the rows of each window first, then along its columns."""
    h = spread(batch_last(x), (0, 2), axes, _lowest(x))
    for dim, axis in zip((0, 2), axes, strict=True):
        taps = [tap(h, dim, axis, i) for i in range(axis.kernel)]
        h = taps[0]
        for cell in taps[1:]:
            h = torch.maximum(h, cell)
    return nchw(h)


def _winners(x: Tensor, axes: Axes) -> Tensor:
    """Number, i·kW + j, of the winning cell of each window, found by reading it in order."""
    rows, cols = axes
    h = spread(batch_last(x), (0, 2), axes, _lowest(x))
    # The first cell inside the image is ahead before the race, so that a window of −∞ has a winner
    # that is no padding.
    first_row, first_col = (_first_inside(axis, x.device) for axis in axes)
    winner = (first_row[:, None, None, None] * cols.kernel + first_col[:, None]).expand(
        rows.out, x.shape[1], cols.out, x.shape[0]
    )
    best = torch.full_like(winner, _lowest(x), dtype=x.dtype)
    for number in range(rows.kernel * cols.kernel):
        cell = _cell(h, axes, number)
        wins = (cell > best) | cell.isnan()
        best = torch.where(wins, cell, best)
        winner = torch.where(wins, number, winner)
    return nchw(winner)


def _cell(h: Tensor, axes: Axes, number: int) -> Tensor:
    """Cell ``number`` of all windows of ``h`` (H, C, W, N): a view."""
    rows, cols = axes
    return tap(tap(h, 0, rows, number // cols.kernel), 2, cols, number % cols.kernel)


def _first_inside(axis: Axis, device: torch.device) -> Tensor:
    """Number of the first cell of each window that lies in the image and not in the padding."""
    start = torch.arange(axis.out, device=device) * axis.stride - axis.before
    return (-start).clamp(min=0).add(axis.dilation - 1) // axis.dilation


def _places(winner: Tensor, axes: Axes) -> Tensor:
    """Turn numbers within a window into places row·W + column within the image."""
    rows, cols = axes
    top = torch.arange(rows.out, device=winner.device) * rows.stride - rows.before
    left = torch.arange(cols.out, device=winner.device) * cols.stride - cols.before
    row = top[:, None] + winner // cols.kernel * rows.dilation
    return row * cols.size + left + winner % cols.kernel * cols.dilation


class _MaxPool(torch.autograd.Function):
    """The winners' values. Who wins is constant around almost every x and carries no gradient."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, axes: Axes) -> Tensor:
        return _largest(x, axes)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.axes = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return _Route.apply(g, _winners(x.detach(), ctx.axes), ctx.axes), None


class _Route(torch.autograd.Function):
    """Send each g to its window's winner: the adjoint of `_Pick`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(g: Tensor, winner: Tensor, axes: Axes) -> Tensor:
        rows, cols = axes
        moved, winner = batch_last(g), batch_last(winner)
        out = None
        for number in range(rows.kernel * cols.kernel):
            share = torch.where(winner == number, moved, 0)
            if out is None:
                out = share.new_zeros(rows.span, share.shape[1], cols.span, share.shape[3])
            _cell(out, axes, number).add_(share)
        assert out is not None
        return follow(nchw(unspread(out, (0, 2), axes)), g)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, winner, ctx.axes = inputs
        ctx.save_for_backward(winner)

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        return _Pick.apply(x, *ctx.saved_tensors, ctx.axes), None, None


class _Pick(torch.autograd.Function):
    """Read x at each window's winner."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, winner: Tensor, axes: Axes) -> Tensor:
        rows, cols = axes
        h, winner = spread(batch_last(x), (0, 2), axes), batch_last(winner)
        y = None
        for number in range(rows.kernel * cols.kernel):
            share = torch.where(winner == number, _cell(h, axes, number), 0)
            y = share if y is None else y + share
        assert y is not None
        return follow(nchw(y), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, winner, ctx.axes = inputs
        ctx.save_for_backward(winner)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _Route.apply(g, *ctx.saved_tensors, ctx.axes), None, None

"""Max pooling: each window answers with its largest cell, and that cell alone gets the gradient."""

import functools
from collections.abc import Iterator
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
from minicnn.functional.readable import is_readable
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
    y = _MaxPool.apply(x, (rows, cols))
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
    for number, cell in enumerate(_cells(h, axes)):
        wins = (cell > best) | cell.isnan()
        best = torch.where(wins, cell, best)
        winner = torch.where(wins, number, winner)
    return nchw(winner)


def _cells(h: Tensor, axes: Axes) -> Iterator[Tensor]:
    """The first cell of all windows of ``h`` (H, C, W, N), then the second, …: views."""
    rows, cols = axes
    for i in range(rows.kernel):
        for j in range(cols.kernel):
            yield tap(tap(h, 0, rows, i), 2, cols, j)


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
        return follow(_largest(x, axes), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.axes = inputs
        ctx.save_for_backward(x, output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, y = ctx.saved_tensors
        return _Route.apply(g, x.detach(), y.detach(), ctx.axes), None


class _Route(torch.autograd.Function):
    """Send each g to the winner of its window of x: the adjoint of `_Pick`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(g: Tensor, x: Tensor, y: Tensor, axes: Axes) -> Tensor:
        total = g.sum() + y.sum()  # infinite or NaN as soon as one of its terms is
        finite = is_readable(total) and bool(total.isfinite())
        return follow(nchw((_route_finite if finite else _route)(g, x, y, axes)), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, x, _, ctx.axes = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> Any:
        return _Pick.apply(v, *ctx.saved_tensors, ctx.axes), None, None, None


class _Pick(torch.autograd.Function):
    """Read v where x has its windows' winners."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v: Tensor, x: Tensor, axes: Axes) -> Tensor:
        h, winner = spread(batch_last(v), (0, 2), axes), batch_last(_winners(x, axes))
        shares = (
            torch.where(winner == number, cell, 0) for number, cell in enumerate(_cells(h, axes))
        )
        return follow(nchw(functools.reduce(torch.add, shares)), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, x, ctx.axes = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return _Route.apply(g, x, _MaxPool.apply(x, ctx.axes), ctx.axes), None, None


def _route_finite(g: Tensor, x: Tensor, y: Tensor, axes: Axes) -> Tensor:
    """Send g to the winners, told by their equality with y: fast, but only right for numbers.

    The first cell that equals y takes all that is left of g, and leaves nothing for the next. A
    comparison that writes numbers, 0 and 1, and the product with them are several times as fast
    as selecting by truth values.
    """
    h = spread(batch_last(x), (0, 2), axes, _lowest(x))
    left, y = batch_last(g).clone(), batch_last(y)
    hit = torch.empty_like(left)
    tiled = all(axis.stride == axis.kernel and axis.dilation == 1 for axis in axes)
    out = torch.empty_like(h) if tiled else torch.zeros_like(h)
    for cell, target in zip(_cells(h, axes), _cells(out, axes), strict=True):
        torch.eq(cell, y, out=hit)
        if tiled:  # every cell is in one window: nothing to add to
            left.sub_(torch.mul(hit, left, out=target))
        else:
            share = hit.mul_(left)
            left.sub_(share)
            target.add_(share)
    return unspread(out, (0, 2), axes)


def _route(g: Tensor, x: Tensor, y: Tensor, axes: Axes) -> Tensor:
    """Send g to the winners, whatever the numbers: NaN and infinities included."""
    winner, moved = batch_last(_winners(x, axes)), batch_last(g)
    shares = [
        torch.where(winner == number, moved, 0) for number in range(axes[0].kernel * axes[1].kernel)
    ]
    rows, cols = axes
    out = shares[0].new_zeros(rows.span, x.shape[1], cols.span, x.shape[0])
    for target, share in zip(_cells(out, axes), shares, strict=True):
        target.add_(share)
    return unspread(out, (0, 2), axes)

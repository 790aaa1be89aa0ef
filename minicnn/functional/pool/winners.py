"""Which cell wins a window of max pooling, and how the gradient reaches it.

Cell (i, j) of a window has the number i·kW + j. All images here are (H, C, W, N), and their windows
(OH, C, OW, N); see layout.py.
"""

import functools
import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from minicnn.functional.layout import batch_last
from minicnn.functional.torch_workarounds import are_finite
from minicnn.functional.windows import Axes, Axis, inside, spread, taps

Index = tuple[slice, slice, slice]  # of (H, C, W, N)


def lowest(x: Tensor) -> float:
    """Return the padding value that never wins."""
    return float("-inf") if x.is_floating_point() else torch.iinfo(x.dtype).min


def winners(x: Tensor, axes: Axes) -> Tensor:
    """Return the number of the winner of each window of x (N, C, H, W), in reading order.

    A larger cell takes the lead, an equal one does not. A NaN always takes the lead from a number.
    """
    rows, cols = axes
    h = spread(batch_last(x), (0, 2), axes, lowest(x))
    # The first cell inside the image leads initially, so that the winner of a window of −∞ is not
    # in the padding.
    first_row, first_col = (_first_inside(axis, x.device) for axis in axes)
    winner = (first_row[:, None, None, None] * cols.kernel + first_col[:, None]).expand(
        rows.out, x.shape[1], cols.out, x.shape[0]
    )
    best = torch.full_like(winner, lowest(x), dtype=x.dtype)
    for number, cell in enumerate(_cells(h, axes)):
        leads = (cell > best) | cell.isnan()
        best = torch.where(leads, cell, best)
        winner = torch.where(leads, number, winner)
    return winner


def positions(winner: Tensor, axes: Axes) -> Tensor:
    """Convert numbers within a window to positions row·W + column in the image, (N, C, OH, OW)."""
    rows, cols = axes
    top = torch.arange(rows.out, device=winner.device) * rows.stride - rows.before
    left = torch.arange(cols.out, device=winner.device) * cols.stride - cols.before
    winner = winner.permute(3, 1, 0, 2)
    row = top[:, None] + winner // cols.kernel * rows.dilation
    return row * cols.size + left + winner % cols.kernel * cols.dilation


def pick(h: Tensor, winner: Tensor, axes: Axes) -> Tensor:
    """Read h at the winner of each window."""
    cells = enumerate(_cells(spread(h, (0, 2), axes), axes))
    shares = [torch.where(winner == number, cell, 0) for number, cell in cells]
    return functools.reduce(torch.add, shares)


def route(g: Tensor, x: Tensor, y: Tensor, axes: Axes) -> Tensor:
    """Add the g of each window to its winner in an image of zeros: the adjoint of `pick`.

    Args:
        g: one number per window.
        x: the image (N, C, H, W) that determines the winners.
        y: the values of the winners (N, C, OH, OW).
        axes: the windows.
    """
    if are_finite(g, y):
        h, y = spread(batch_last(x), (0, 2), axes, lowest(x)), batch_last(y)
        return (_route_in_tiles if all(map(_tiles, axes)) else _route_numbers)(g, h, y, axes)
    winner = winners(x, axes)
    none = torch.where(winner == -1, g, 0)  # a zero with the same vmap batching as the shares below
    out = _zeros(none, axes)
    for number, (place, seen) in enumerate(_places(axes)):
        out[place] += torch.where(winner == number, g, 0)[seen]
    return out


def _route_numbers(g: Tensor, h: Tensor, y: Tensor, axes: Axes) -> Tensor:
    """Find the winners by equality with y: fast, but only correct without NaN.

    The first cell that equals y takes all that is left of g. Writing the comparison as numbers, 0
    and 1, and multiplying by them is several times faster than selecting with booleans.
    """
    out, left, share = _zeros(g, axes), g.clone(), torch.empty_like(g)
    for cell, (place, seen) in zip(_cells(h, axes), _places(axes), strict=True):
        torch.eq(cell, y, out=share).mul_(left)
        left.sub_(share)
        out[place] += share[seen]
    return out


def _route_in_tiles(g: Tensor, h: Tensor, y: Tensor, axes: Axes) -> Tensor:
    """Do the same where every cell is in one window: each share is written to its final position.

    The last cell of a window holds what is left and keeps it.
    """
    out = torch.empty_like(h)
    *shares, left = _cells(out, axes)
    left.copy_(g)
    for cell, share in zip(_cells(h, axes), shares, strict=False):  # all cells but the last
        torch.eq(cell, y, out=share).mul_(left)
        left.sub_(share)
    return out


def _cells(h: Tensor, axes: Axes) -> Iterator[Tensor]:
    """Yield the first cell of all windows of the padded ``h``, then the second, …, as views."""
    for row in taps(h, 0, axes[0]):
        yield from taps(row, 2, axes[1])


def _places(axes: Axes) -> Iterator[tuple[Index, Index]]:
    """Yield, for each cell of a window, its positions inside the image and the windows there."""
    rows, cols = axes
    for (h, oh), (w, ow) in itertools.product(inside(rows), inside(cols)):
        yield (h, slice(None), w), (oh, slice(None), ow)


def _first_inside(axis: Axis, device: torch.device) -> Tensor:
    """Return the number of the first cell of each window that is not in the padding."""
    start = torch.arange(axis.out, device=device) * axis.stride - axis.before
    return (-start).clamp(min=0).add(axis.dilation - 1) // axis.dilation


def _tiles(axis: Axis) -> bool:
    """Return whether each cell of the input is in exactly one window."""
    whole = axis.before == 0 and axis.span == axis.size
    return whole and axis.stride == axis.kernel and axis.dilation == 1


def _zeros(g: Tensor, axes: Axes) -> Tensor:
    """Return zeros in the shape of the image with the windows of g."""
    rows, cols = axes
    return g.new_zeros(rows.size, g.shape[1], cols.size, g.shape[3])

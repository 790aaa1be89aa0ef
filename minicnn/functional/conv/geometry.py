"""Where the windows of a convolution lie: what all its formulations are given."""

from dataclasses import dataclass, replace
from math import gcd

from minicnn.functional.windows import Axis, Pair


@dataclass(frozen=True)
class Geometry:
    """Where the windows of a convolution lie, and into how many groups its channels are split."""

    size: Pair  # (H, W) of the image
    read: tuple[slice, slice, slice]  # the cells of (H, C, W, N) that some window reads
    rows: Axis  # the windows on those cells
    cols: Axis
    groups: int


def geometry(rows: Axis, cols: Axis, groups: int) -> Geometry:
    """Make the geometry from the windows on the whole image."""
    (read_rows, thin_rows), (read_cols, thin_cols) = thin(rows), thin(cols)
    read = (read_rows, slice(None), read_cols)
    return Geometry((rows.size, cols.size), read, thin_rows, thin_cols, groups)


def thin(axis: Axis) -> tuple[slice, Axis]:
    """Find the cells that some window reads; return them, and the windows on these cells alone.

    Windows read the cells o·s + i·d − p, which are a multiple of gcd(s, d) apart; with a kernel of
    one cell, i = 0, a multiple of s.
    """
    step = axis.stride if axis.kernel == 1 else gcd(axis.stride, axis.dilation)
    cells = slice(-axis.before % step, axis.size, step)
    return cells, replace(
        axis,
        size=len(range(axis.size)[cells]),
        stride=axis.stride // step,
        before=-(-axis.before // step),
        dilation=1 if axis.kernel == 1 else axis.dilation // step,
    )

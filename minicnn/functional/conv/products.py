"""The three products of convolution, as matrix products on images stored batch-last.

An image (N, C, H, W) lies in memory as (H, C, W, N), see layout.py. Sliding the window along W is
one copy, kW times the image. Sliding it along H is then an overlapping view of that copy, which a
batched matrix product accepts as it is, so the im2col matrix, kH·kW times the image, is never
written:

    columns      (OH, kH·kW·C, OW·N)      a view of the (H, kW·C, OW·N) copy
    convolve     weight (O, kH·kW·C) times columns, for each output row oh
    correlate    columns times g transposed, summed over the output rows
    transpose    kernel row by kernel row, weightᵀ times g, added to the image rows it came from

The matrices are wide, OW·N, because the batch is innermost; with N = 1 they are still OW wide.
Three details:

- With a dilation the rows of the kernel are not adjacent in the copy. Then each kernel row makes a
  product of its own, and the products are summed.
- Groups are independent convolutions, each of its own run of channels.
- Cells that no window reads, because of the stride, are left out first.
"""

from dataclasses import dataclass, replace
from math import gcd

import torch
from torch import Tensor

from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.torch_workarounds import is_plain
from minicnn.functional.windows import Axis, Pair, inside, slide, spread, taps


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


def columns(x: Tensor, rows: Axis, cols: Axis) -> list[Tensor]:
    """Turn an image (H, C, W, N) into the columns of its windows, (OH, kH·kW·C, OW·N).

    Where the rows of the kernel are not adjacent in memory, return a matrix for each of them.
    """
    x = slide(spread(x, (0, 2), (rows, cols)), 2, cols)  # (H, C, OW, N, kW), a view
    x = x.permute(0, 4, 1, 2, 3).contiguous().flatten(3).flatten(1, 2)  # (H, kW·C, OW·N), the copy
    if rows.dilation > 1:
        return taps(x, 0, rows)
    return [slide(x, 0, rows).permute(0, 3, 1, 2).flatten(1, 2)]  # a view


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂g, plus the bias: (N, C, H, W), (O, C/G, kH, kW), (O,) -> (N, O, OH, OW)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    xs = batch_last(x)[geometry.read].tensor_split(groups, 1)
    biases = [None] * groups if bias is None else bias[:, None].tensor_split(groups)
    ys = []
    for x_g, w_g, y in zip(xs, weight.tensor_split(groups), biases, strict=True):
        w = w_g.unflatten(2, (-1, 1 if rows.dilation > 1 else rows.kernel))
        w = w.permute(2, 0, 3, 4, 1).flatten(2)  # (products, O, kernel rows·kW·C)
        for w_i, x_i in zip(w, columns(x_g, rows, cols), strict=True):
            factors = w_i.expand(rows.out, -1, -1), x_i
            y = torch.bmm(*factors) if y is None else torch.baddbmm(y, *factors)  # (OH, O, OW·N)
        ys.append(y)
    y = ys[0] if groups == 1 else torch.cat(ys, 1)
    return follow(nchw(y.unflatten(2, (cols.out, x.shape[0]))), x)


def transpose(g: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂x: (N, O, OH, OW), (O, C/G, kH, kW) -> (N, C, H, W)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    zero = g.new_zeros(()) + weight.new_zeros(())  # under vmap batched, if either of them is
    height, width = geometry.size
    x = zero.new_zeros(height, weight.shape[1] * groups, width, g.shape[0])
    in_place = is_plain(zero)  # baddbmm_ saves writing the product; vmap has no rule for it
    xs = x[geometry.read].tensor_split(groups, 1)  # views of x
    gs = batch_last(g).flatten(2).tensor_split(groups, 1)  # (OH, O/G, OW·N)
    for x_g, g_g, w_g in zip(xs, gs, weight.tensor_split(groups), strict=True):
        # What kernel row i saw, weightᵀ times g, goes back to the image rows that it saw …
        w = w_g.permute(2, 3, 1, 0).flatten(1, 2)  # (kH, kW·C, O)
        wide = zero.new_zeros(rows.size, w.shape[1], g_g.shape[2])  # (H, kW·C, OW·N)
        for w_i, (cells, seen) in zip(w, inside(rows), strict=True):
            factors = w_i.expand(seen.stop - seen.start, -1, -1), g_g[seen]
            if in_place:
                wide[cells].baddbmm_(*factors)
            else:
                wide[cells] += torch.bmm(*factors)
        # … and what kernel column j saw, to the image columns: (H, kW, C, OW, N).
        wide = wide.unflatten(1, (cols.kernel, -1)).unflatten(3, (cols.out, -1))
        for j, (cells, seen) in enumerate(inside(cols)):
            x_g[:, :, cells] += wide[:, j, :, seen]
    return follow(nchw(x), g)


def correlate(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂w: (N, C, H, W), (N, O, OH, OW) -> (O, C/G, kH, kW)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    xs = batch_last(x)[geometry.read].tensor_split(groups, 1)
    gs = batch_last(g).flatten(2).mT.tensor_split(groups, 2)  # (OH, OW·N, O/G)
    ws = []
    for x_g, g_g in zip(xs, gs, strict=True):
        products = [torch.bmm(x_i, g_g).sum(0) for x_i in columns(x_g, rows, cols)]
        w = torch.cat(products).unflatten(0, (rows.kernel, cols.kernel, -1))  # (kH, kW, C, O)
        ws.append(w.permute(3, 2, 0, 1))
    return torch.cat(ws).contiguous()

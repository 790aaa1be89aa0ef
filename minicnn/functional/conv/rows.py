"""Convolution by rows: a matrix product for each output row, of windows that are mostly a view.

Sliding the window along W is one copy, kW times the image. Sliding it along H is then an
overlapping view of that copy, which a batched matrix product accepts as it is, so the im2col
matrix, kH·kW times the image, is never written:

    columns      (OH, kH·kW·C, OW·N)      a view of the (H, kW·C, OW·N) copy
    convolve     weight (O, kH·kW·C) times columns, for each output row oh
    correlate    columns times g transposed, summed over the output rows
    transpose    kernel row by kernel row, weightᵀ times g, added to the image rows it came from

The matrices are wide, OW·N, because the batch is innermost. Two details:

- With a dilation the rows of the kernel are not adjacent in the copy. Then each kernel row makes a
  product of its own, and the products are summed.
- Groups are independent convolutions, each of its own run of channels.
"""

import torch
from torch import Tensor

from minicnn.functional.conv.geometry import Geometry
from minicnn.functional.torch_workarounds import is_plain
from minicnn.functional.windows import Axis, inside, slide, spread, taps


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
    """Compute (OH, O, OW, N) from an image (H, C, W, N)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    xs = x.tensor_split(groups, 1)
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
    return y.unflatten(2, (cols.out, x.shape[3]))


def transpose(g: Tensor, weight: Tensor, geometry: Geometry, x: Tensor) -> None:
    """Add to the image x (H, C, W, N) what its windows get from g (OH, O, OW, N)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    in_place = is_plain(x)  # baddbmm_ saves writing the product; vmap has no rule for it
    xs = x.tensor_split(groups, 1)  # views of x
    gs = g.flatten(2).tensor_split(groups, 1)  # (OH, O/G, OW·N)
    for x_g, g_g, w_g in zip(xs, gs, weight.tensor_split(groups), strict=True):
        # What kernel row i saw, weightᵀ times g, goes back to the image rows that it saw …
        w = w_g.permute(2, 3, 1, 0).flatten(1, 2)  # (kH, kW·C, O)
        wide = x.new_zeros(rows.size, w.shape[1], g_g.shape[2])  # (H, kW·C, OW·N)
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


def correlate(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
    """Compute (O, C/G, kH, kW) from an image (H, C, W, N) and g (OH, O, OW, N)."""
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    xs = x.tensor_split(groups, 1)
    gs = g.flatten(2).mT.tensor_split(groups, 2)  # (OH, OW·N, O/G)
    ws = []
    for x_g, g_g in zip(xs, gs, strict=True):
        products = [torch.bmm(x_i, g_g).sum(0) for x_i in columns(x_g, rows, cols)]
        w = torch.cat(products).unflatten(0, (rows.kernel, cols.kernel, -1))  # (kH, kW, C, O)
        ws.append(w.permute(3, 2, 0, 1))
    return torch.cat(ws).contiguous()

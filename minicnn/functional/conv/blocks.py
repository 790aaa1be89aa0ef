"""Convolution by blocks of rows: im2col, one matrix product for many output rows and all groups.

The windows of a block of output rows are copied as the columns of a matrix, in the order of the
weight's numbers, so that the weight is used as it lies in memory, and is read once for each block:

    columns      (G, C/G·kH·kW, rows·OW·N)    copied
    convolve     weight (G, O/G, C/G·kH·kW) times columns
    correlate    g times columns transposed, summed over the blocks
    transpose    weightᵀ times g: the gradient of the columns, of which each kernel cell is added to
                 the image cells that it saw

A block has as many rows as fit into a buffer that does not grow with the batch.

Reference: Chellapilla, Puri & Simard, "High Performance Convolutional Neural Networks for Document
Processing", 2006, §2.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from minicnn.functional.conv.geometry import Geometry
from minicnn.functional.windows import Axis, inside, slide, spread

# Numbers in the columns of a block. With a quarter of it, groups take 1.6 times as long.
BUFFER = 1 << 22


def split(geometry: Geometry, channels: int, batch: int) -> Iterator[tuple[slice, Axis]]:
    """Cut the output into blocks: yield the rows of each, and its windows on the whole image."""
    rows, cols = geometry.rows, geometry.cols
    row = channels * rows.kernel * cols.kernel * cols.out * batch  # numbers of its columns
    height = max(1, BUFFER // max(1, row))
    for top in range(0, rows.out, height):
        out = min(height, rows.out - top)
        yield slice(top, top + out), replace(rows, before=rows.before - top * rows.stride, out=out)


def columns(x: Tensor, rows: Axis, cols: Axis, groups: int) -> Tensor:
    """Turn an image (H, C, W, N) into the columns of its windows, (G, C/G·kH·kW, OH·OW·N)."""
    x = slide(slide(spread(x, (0, 2), (rows, cols)), 0, rows), 2, cols)  # (OH, C, OW, N, kH, kW)
    x = x.permute(1, 4, 5, 0, 2, 3).flatten(3)  # (C, kH, kW, OH·OW·N), the copy
    return x.flatten(0, 2).unflatten(0, (groups, -1))


def by_group(g: Tensor, groups: int) -> Tensor:
    """Put the channels of (OH, O, OW, N) first: (G, O/G, OH·OW·N)."""
    return g.transpose(0, 1).flatten(1).unflatten(0, (groups, -1))


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Compute (OH, O, OW, N) from an image (H, C, W, N)."""
    cols, groups = geometry.cols, geometry.groups
    w = weight.flatten(1).unflatten(0, (groups, -1))  # (G, O/G, C/G·kH·kW)
    ys = []
    for _, rows in split(geometry, x.shape[1], x.shape[3]):
        factors = w, columns(x, rows, cols, groups)
        if bias is None:
            y = torch.bmm(*factors)
        else:
            y = torch.baddbmm(bias.view(groups, -1, 1), *factors)
        y = y.flatten(0, 1).unflatten(1, (rows.out, cols.out, x.shape[3]))  # (O, rows, OW, N)
        ys.append(y.transpose(0, 1))
    return torch.cat(ys)


def transpose(g: Tensor, weight: Tensor, geometry: Geometry, x: Tensor) -> None:
    """Add to the image x (H, C, W, N) what its windows get from g (OH, O, OW, N)."""
    cols, groups = geometry.cols, geometry.groups
    w = weight.flatten(1).unflatten(0, (groups, -1)).mT  # (G, C/G·kH·kW, O/G)
    kernel = (geometry.rows.kernel, cols.kernel)
    for block, rows in split(geometry, x.shape[1], x.shape[3]):
        wide = torch.bmm(w, by_group(g[block], groups)).flatten(0, 1)
        wide = wide.unflatten(1, (rows.out, cols.out, x.shape[3]))
        wide = wide.unflatten(0, (-1, *kernel)).permute(1, 2, 3, 0, 4, 5)  # (kH, kW, OH, C, OW, N)
        for wide_i, (h, oh) in zip(wide, inside(rows), strict=True):
            for wide_ij, (w_, ow) in zip(wide_i, inside(cols), strict=True):
                x[h, :, w_] += wide_ij[oh, :, ow]


def correlate(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
    """Compute (O, C/G, kH, kW) from an image (H, C, W, N) and g (OH, O, OW, N)."""
    cols, groups = geometry.cols, geometry.groups
    w = None
    for block, rows in split(geometry, x.shape[1], x.shape[3]):
        factors = by_group(g[block], groups), columns(x, rows, cols, groups).mT
        w = torch.bmm(*factors) if w is None else torch.baddbmm(w, *factors)
    assert w is not None  # there is at least one output row
    return w.flatten(0, 1).unflatten(1, (-1, geometry.rows.kernel, cols.kernel))

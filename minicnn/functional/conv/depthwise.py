"""Depthwise convolution: each channel has one kernel of its own, so there is nothing to sum over.

A matrix product is fast because each number that it reads takes part in many products. Here every
kernel cell meets every image cell once, and a product for each channel would be as slow as reading
one number at a time. Instead each kernel cell multiplies the whole image, shifted by its place:

    convolve     for each kernel cell: y += cell · shifted image
    transpose    for each kernel cell: shifted image += cell · g
    correlate    for each kernel cell: the sum of shifted image · g

Reference: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017, §3.1.
"""

import torch
from torch import Tensor

from minicnn.functional.conv.geometry import Geometry
from minicnn.functional.torch_workarounds import is_plain
from minicnn.functional.windows import inside, spread, taps


def shifted(x: Tensor, geometry: Geometry) -> list[Tensor]:
    """List, for each kernel cell, the cell of all windows: views (OH, C, OW, N) of the image."""
    x = spread(x, (0, 2), (geometry.rows, geometry.cols))
    return [view for row in taps(x, 0, geometry.rows) for view in taps(row, 2, geometry.cols)]


def cells(weight: Tensor) -> tuple[Tensor, ...]:
    """List the kernel cells of (C, 1, kH, kW): for each, a number for every channel, (C, 1, 1)."""
    return weight.flatten(1)[:, :, None, None].unbind(1)


def add_product(y: Tensor, a: Tensor, b: Tensor) -> None:
    """Add a · b to y, in one pass over memory; vmap has no rule for it, and gets two."""
    if is_plain(y):
        y.addcmul_(a, b)
    else:
        y += a * b


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Compute (OH, C, OW, N) from an image (H, C, W, N)."""
    (first, *others), (w, *ws) = shifted(x, geometry), cells(weight)
    y = first * w if bias is None else torch.addcmul(bias[:, None, None], first, w)
    for x_i, w_i in zip(others, ws, strict=True):
        add_product(y, x_i, w_i)
    return y


def transpose(g: Tensor, weight: Tensor, geometry: Geometry, x: Tensor) -> None:
    """Add to the image x (H, C, W, N) what its windows get from g (OH, C, OW, N)."""
    places = [(h, oh, w, ow) for h, oh in inside(geometry.rows) for w, ow in inside(geometry.cols)]
    for (h, oh, w, ow), cell in zip(places, cells(weight), strict=True):
        add_product(x[h, :, w], g[oh, :, ow], cell)


def correlate(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
    """Compute (C, 1, kH, kW) from an image (H, C, W, N) and g (OH, C, OW, N)."""
    sums = [(x_i * g).sum((0, 2, 3)) for x_i in shifted(x, geometry)]
    kernel = (geometry.rows.kernel, geometry.cols.kernel)
    return torch.stack(sums, 1).unflatten(1, (1, *kernel))

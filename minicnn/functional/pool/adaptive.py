"""Adaptive pooling: the number of windows is given, and their size depends on the input."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from minicnn.functional.gather import Gather
from minicnn.functional.precision import in_float32
from minicnn.functional.torch_workarounds import Function
from minicnn.functional.windows import IntOrPair, require_image

Bins = tuple[tuple[int, int], ...]  # (first cell, one past the last) of each window


def adaptive_avg_pool2d(input: Tensor, output_size: IntOrPair | Sequence[int | None]) -> Tensor:
    """Compute the mean of each of OH × OW windows that cover the image.

        out[n, c, o, q] = mean of input[n, c, h, w]
            over ⌊o·H/OH⌋ ≤ h < ⌈(o+1)·H/OH⌉ and ⌊q·W/OW⌋ ≤ w < ⌈(q+1)·W/OW⌉

    With an output size of 1 this is global average pooling.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
        output_size: int, or pair (OH, OW), where None means the size of the input.

    Returns:
        (N, C, OH, OW), or (C, OH, OW).

    Raises:
        ValueError: wrong dimensions, or a negative size.
        TypeError: a size that is not an int, or an input that is not floating point.

    Example:
        >>> import torch
        >>> adaptive_avg_pool2d(torch.tensor([[[0.0, 2.0, 4.0], [0.0, 2.0, 4.0]]]), (1, 2))
        tensor([[[1., 3.]]])

    Reference: Lin, Chen & Yan, "Network In Network", 2014, §3.2 (global average pooling).

    Backward: `_BinMean.backward` in functional/pool/adaptive.py.
    """
    rows, cols = _check(input, output_size, empty_channels=True)
    x = input if input.ndim == 4 else input[None]
    y = in_float32(_means, x, rows, cols)
    return y if input.ndim == 4 else y[0]


def _means(x: Tensor, rows: Bins, cols: Bins) -> Tensor:
    return _BinMean.apply(_BinMean.apply(x, 2, rows), 3, cols)


def adaptive_max_pool2d(
    input: Tensor, output_size: IntOrPair | Sequence[int | None], return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Compute the maximum of each of OH × OW windows that cover the image.

        out[n, c, o, q] = max of input[n, c, h, w]
            over ⌊o·H/OH⌋ ≤ h < ⌈(o+1)·H/OH⌉ and ⌊q·W/OW⌋ ≤ w < ⌈(q+1)·W/OW⌉

    The gradient goes to the winner of each window, chosen as in `max_pool2d`.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
        output_size: int, or pair (OH, OW), where None means the size of the input.
        return_indices: also return the position of each maximum.

    Returns:
        (N, C, OH, OW), or (C, OH, OW); with ``return_indices`` also the positions of the
        winners, row·W + column, int64, of the same shape.

    Raises:
        ValueError: wrong dimensions, or a negative size.
        TypeError: a size that is not an int, or an input that is not floating point.

    Example:
        >>> import torch
        >>> adaptive_max_pool2d(torch.tensor([[[0.0, 2.0, 4.0], [9.0, 2.0, 4.0]]]), (1, 2))
        tensor([[[9., 4.]]])

    Reference: He, Zhang, Ren & Sun, "Spatial Pyramid Pooling in Deep Convolutional Networks for
    Visual Recognition", 2014, §2.2.

    Backward: `Gather.backward` in functional/gather.py.
    """
    rows, cols = _check(input, output_size, empty_channels=False)
    x = input if input.ndim == 4 else input[None]
    places = _bin_winners(x.detach(), rows, cols)
    y = in_float32(Gather.apply, x.flatten(2), 2, places.flatten(2))
    y = y.unflatten(2, (len(rows), len(cols)))
    if input.ndim == 3:
        y, places = y[0], places[0]
    return (y, places) if return_indices else y


def _check(
    input: Tensor, output_size: IntOrPair | Sequence[int | None], empty_channels: bool
) -> tuple[Bins, Bins]:
    require_image(input, empty_channels)
    if not input.is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    sizes = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * 2
    kinds = (int, type(None)) if isinstance(output_size, Sequence) else (int,)
    if len(sizes) != 2 or not all(type(size) in kinds for size in sizes):
        raise TypeError(
            f"output_size must be an int or a pair of ints or None, got {output_size!r}"
        )
    rows, cols = (
        input.shape[dim] if s is None else s for dim, s in zip((-2, -1), sizes, strict=True)
    )
    if min(rows, cols) < 0:
        raise ValueError(f"output_size must not be negative, got {output_size}")
    return _bins(input.shape[-2], rows), _bins(input.shape[-1], cols)


def _bins(size: int, out: int) -> Bins:
    return tuple((o * size // out, -((o + 1) * size // -out)) for o in range(out))


def _bin_winners(x: Tensor, rows: Bins, cols: Bins) -> Tensor:
    """Return the position row·W + column of the winner of each window, in reading order."""
    row, col = (_padded(bins, x.device) for bins in (rows, cols))  # (OH, kH), (OW, kW)
    shape = (*x.shape[:2], len(rows), len(cols))
    best, place = x.new_full(shape, float("-inf")), (row[:, :1] * x.shape[3] + col[:, 0])
    place = place.expand(shape)
    for i in range(row.shape[1]):
        for j in range(col.shape[1]):
            cell = x.index_select(2, row[:, i]).index_select(3, col[:, j])
            wins = (cell > best) | cell.isnan()
            best = torch.where(wins, cell, best)
            place = torch.where(wins, row[:, i : i + 1] * x.shape[3] + col[:, j], place)
    return place


def _padded(bins: Bins, device: torch.device) -> Tensor:
    """Return the cells of each window; shorter ones repeat the last cell, with the same maximum."""
    longest = max([1, *(stop - start for start, stop in bins)])
    cells = [[min(start + t, stop - 1) for t in range(longest)] for start, stop in bins]
    return torch.tensor(cells, dtype=torch.int64, device=device).view(len(bins), longest)


class _BinMean(Function):
    """Mean of each bin along one dimension."""

    @staticmethod
    def forward(x: Tensor, dim: int, bins: Bins) -> Tensor:
        if not bins:
            return x.narrow(dim, 0, 0).clone()
        return torch.stack([x.narrow(dim, a, b - a).mean(dim) for a, b in bins], dim)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.dim, ctx.bins = inputs
        ctx.size = x.shape[ctx.dim]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _BinShare.apply(g, ctx.dim, ctx.bins, ctx.size), None, None


class _BinShare(Function):
    """Share the g of each bin equally among its cells: the adjoint of `_BinMean`."""

    @staticmethod
    def forward(g: Tensor, dim: int, bins: Bins, size: int) -> Tensor:
        shape = list(g.shape)
        shape[dim] = size
        x = g.new_zeros(shape)
        for o, (a, b) in enumerate(bins):
            x.narrow(dim, a, b - a).add_(g.narrow(dim, o, 1) / (b - a))
        return x

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, ctx.dim, ctx.bins, _ = inputs

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        return _BinMean.apply(x, ctx.dim, ctx.bins), None, None, None

"""Sliding windows: how many there are, which cells each of them reads, and views that show them.

A kernel of k cells, d cells apart, reaches over d(k−1)+1 cells. Slid by s cells at a time over an
input of n cells with p cells of padding at each end, it fits

    out = ⌊(n + 2p − d(k−1) − 1) / s⌋ + 1

times, and cell i of window o is input cell o·s + i·d − p.

Reference: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, §4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from minicnn import checks

Pair = tuple[int, int]
IntOrPair = int | Sequence[int]


@dataclass(frozen=True)
class Axis:
    """The windows along one spatial dimension."""

    size: int  # n, cells of the input
    kernel: int  # k
    stride: int  # s
    before: int  # p, cells of padding before the first cell
    dilation: int  # d
    out: int  # number of windows

    @property
    def span(self) -> int:
        """Cells from the start of the first window to the end of the last."""
        return self.stride * (self.out - 1) + self.dilation * (self.kernel - 1) + 1


Axes = tuple[Axis, Axis]  # rows, columns


def pair(name: str, value: Any, minimum: int) -> Pair:
    """Return ``value`` as (rows, columns): an int counts for both, a sequence gives each."""
    items: tuple[Any, ...] = tuple(value) if isinstance(value, Sequence) else (value,)
    fits = len(items) in (1, 2)
    for item in items:
        fits = fits and isinstance(item, int) and not isinstance(item, bool)
    if not fits:
        raise TypeError(f"{name} must be an int or a pair of ints, got {value!r}")
    if min(items) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value!r}")
    return items[0], items[-1]


def require_image(x: Tensor, empty_channels: bool = False) -> None:
    """Refuse an input that is not (N, C, H, W) or (C, H, W), or is empty in more than its batch."""
    checks.tensor("input", x)
    if x.ndim not in (3, 4):
        raise ValueError(f"input must be (N, C, H, W) or (C, H, W), got shape {tuple(x.shape)}")
    if 0 in x.shape[-2:] or (x.shape[-3] == 0 and not empty_channels):
        raise ValueError(f"input may be empty in its batch only, got shape {tuple(x.shape)}")


def windows(size: int, kernel: int, stride: int, padding: Pair, dilation: int) -> Axis:
    """Windows along a dimension of ``size`` cells, with ``padding`` (before, after)."""
    room = size + sum(padding) - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError(
            f"kernel_size (={kernel}) with dilation (={dilation}) reaches over "
            f"{dilation * (kernel - 1) + 1} cells, more than the padded input's "
            f"{size + sum(padding)} (input {size}, padding {padding})"
        )
    return Axis(size, kernel, stride, padding[0], dilation, room // stride + 1)


def spread(x: Tensor, dims: Pair, axes: Axes, value: float = 0.0) -> Tensor:
    """Pad (or crop) ``x`` along ``dims`` to exactly the cells that its windows span."""
    shape, corner, inside = list(x.shape), [slice(None)] * x.ndim, x
    for dim, axis in zip(dims, axes, strict=True):
        start, size = -axis.before, axis.span
        first, last = max(start, 0), min(start + size, x.shape[dim])
        inside = inside.narrow(dim, min(first, x.shape[dim]), max(last - first, 0))
        corner[dim] = slice(first - start, first - start + inside.shape[dim])
        shape[dim] = size
    if list(inside.shape) == shape:
        return inside
    out = x.new_full(shape, value)
    out[tuple(corner)] = inside
    return out


def slide(x: Tensor, dim: int, axis: Axis) -> Tensor:
    """View all windows along ``dim``: ``dim`` counts them, a new last dimension their cells."""
    reach = axis.dilation * (axis.kernel - 1) + 1
    return x.unfold(dim, reach, axis.stride)[..., :: axis.dilation]


def taps(x: Tensor, dim: int, axis: Axis) -> list[Tensor]:
    """List, for each cell of the kernel, that cell of all windows along ``dim``: strided views."""
    views, length = [], axis.stride * (axis.out - 1) + 1
    for i in range(axis.kernel):
        cut: list[slice] = [slice(None)] * x.ndim
        cut[dim] = slice(i * axis.dilation, i * axis.dilation + length, axis.stride)
        views.append(x[tuple(cut)])
    return views


def inside(axis: Axis) -> list[tuple[slice, slice]]:
    """List, for each cell of the kernel, which input cells it reads, and in which windows.

    Windows in which it lies in the padding are left out.
    """
    places = []
    for i in range(axis.kernel):
        start = i * axis.dilation - axis.before  # cell i of window o is input cell start + o·stride
        first = max(0, -(start // axis.stride))
        stop = max(first, min(axis.out, (axis.size - 1 - start) // axis.stride + 1))
        cell = start + first * axis.stride
        cells = slice(cell, cell + (stop - first) * axis.stride, axis.stride)
        places.append((cells, slice(first, stop)))
    return places

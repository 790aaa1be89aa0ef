"""Geometry of sliding windows: how many there are, and what each one covers.

A kernel of k cells, set d cells apart, reaches over d(k−1)+1 cells. Slid by s cells at a time over
an input of n cells with p cells of padding at each end, it fits

    out = ⌊(n + 2p − d(k−1) − 1) / s⌋ + 1        (⌈·⌉ instead of ⌊·⌋ with ceil_mode)

times (Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, §4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
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
    before: int  # cells of padding before the first cell
    dilation: int  # d
    out: int  # number of windows

    @property
    def span(self) -> int:
        """Cells from the start of the first window to the end of the last."""
        return self.stride * (self.out - 1) + self.dilation * (self.kernel - 1) + 1


def pair(name: str, value: Any, minimum: int) -> Pair:
    """Return ``value`` as (rows, columns): an int counts for both, a sequence gives each."""
    items: tuple[Any, ...] = tuple(value) if isinstance(value, Sequence) else (value,)
    if len(items) not in (1, 2) or any(
        isinstance(i, bool) or not isinstance(i, int) for i in items
    ):
        raise TypeError(f"{name} must be an int or a pair of ints, got {value!r}")
    if min(items) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value!r}")
    return items[0], items[-1]


def require_image(x: Tensor, empty_channels: bool = False) -> None:
    """Refuse an input that is not (N, C, H, W) or (C, H, W), or has nothing in it but a batch."""
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


def thin(axis: Axis) -> tuple[slice, Axis]:
    """Leave out the cells that no window reads: return those that stay, and the windows on them.

    Windows read the cells o·s + i·d − p, which lie a multiple of gcd(s, d) apart; with a kernel of
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


def pool_windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> Axis:
    """Windows of a pooling; with ``ceil_mode`` the last may hang over the end it starts before."""
    checks.boolean("ceil_mode", ceil_mode)
    if padding > kernel // 2:
        raise ValueError(
            f"padding must be at most half of kernel_size (={kernel}), so that no window "
            f"lies in the padding alone, got {padding}"
        )
    axis = windows(size, kernel, stride, (padding, padding + (stride - 1) * ceil_mode), dilation)
    starts_outside = (axis.out - 1) * stride >= size + padding
    return replace(axis, out=axis.out - 1) if ceil_mode and starts_outside else axis

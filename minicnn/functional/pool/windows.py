"""Pooling windows: the last may extend past the end; rows are reduced first, then columns."""

import functools
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.windows import Axes, Axis, spread, taps, windows


def pool_windows(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> Axis:
    """Return the windows; in ``ceil_mode`` the last may extend past the end if it starts inside."""
    checks.boolean("ceil_mode", ceil_mode)
    if padding > kernel // 2:
        raise ValueError(
            f"padding must be at most half of kernel_size (={kernel}), so that no window "
            f"lies entirely in the padding, got {padding}"
        )
    axis = windows(size, kernel, stride, (padding, padding + (stride - 1) * ceil_mode), dilation)
    starts_outside = (axis.out - 1) * stride >= size + padding
    return replace(axis, out=axis.out - 1) if ceil_mode and starts_outside else axis


def reduce_windows(
    h: Tensor, axes: Axes, combine: Callable[[Tensor, Tensor], Tensor], padding: float
) -> Tensor:
    """Combine the cells of each window of (H, C, W, N), first over rows, then over columns.

    This takes kH + kW steps instead of kH·kW.
    """
    h = spread(h, (0, 2), axes, padding)
    for dim, axis in zip((0, 2), axes, strict=True):
        h = functools.reduce(combine, taps(h, dim, axis))
    # With a single column the last step combines nothing, and h may be a view of the input.
    return h.clone(memory_format=torch.contiguous_format) if axes[1].kernel == 1 else h

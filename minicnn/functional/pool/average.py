"""Average pooling: the mean of each window; its gradient is shared among the cells."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.pool.windows import pool_windows, reduce_windows
from minicnn.functional.precision import in_float32
from minicnn.functional.torch_workarounds import Function
from minicnn.functional.windows import Axes, Axis, IntOrPair, inside, pair, require_image


def avg_pool2d(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Compute the mean of each window.

        out[n, c, oh, ow] = (1 / D[oh, ow]) · Σ_i,j input[n, c, oh·s + i − p, ow·s + j − p]

    where the padding is 0. The divisor D is the number of cells of the window in the padded image,
    in the image without padding if ``count_include_pad`` is false, or ``divisor_override``.

    Args:
        input: (N, C, H, W) or (C, H, W), floating point.
        kernel_size: int, or pair (rows, columns), in cells.
        stride: int or pair; None means kernel_size.
        padding: int or pair, at most half of kernel_size.
        ceil_mode: include windows that extend past the end, if they start inside.
        count_include_pad: whether the divisor includes the padding.
        divisor_override: divisor of every window, any int except 0.

    Returns:
        (N, C, OH, OW), or (C, OH, OW), with OH = ⌊(H + 2p − kH) / s⌋ + 1 and likewise OW, in the
        memory layout of ``input``.

    Raises:
        ValueError: wrong dimensions, too much padding, a window that does not fit, or divisor 0.
        TypeError: sizes that are not ints, or an input that is not floating point.

    Example:
        >>> import torch
        >>> avg_pool2d(torch.tensor([[[1.0, 3.0, 2.0, 2.0], [3.0, 5.0, 0.0, 0.0]]]), 2)
        tensor([[[3., 1.]]])

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", 1998, §II.B.

    Backward: `_WindowSum.backward` in functional/pool/average.py.
    """
    require_image(input)
    if not input.is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    checks.boolean("count_include_pad", count_include_pad)
    if isinstance(divisor_override, bool) or not isinstance(divisor_override, int | None):
        raise TypeError(f"divisor_override must be an int or None, got {divisor_override!r}")
    if divisor_override == 0:
        raise ValueError("divisor_override must not be 0, got 0")
    k, p = pair("kernel_size", kernel_size, 1), pair("padding", padding, 0)
    s = k if stride is None else pair("stride", stride, 1)
    rows, cols = (pool_windows(input.shape[i - 2], k[i], s[i], p[i], 1, ceil_mode) for i in (0, 1))

    heights, widths = (_lengths(axis, count_include_pad) for axis in (rows, cols))
    counts: Any = [[h * w for w in widths] for h in heights]
    # In float32 at least: bfloat16 has no 257, and float16 nothing above 65,504.
    dtype = torch.promote_types(input.dtype, torch.float32)
    divisor = torch.tensor(divisor_override or counts, dtype=dtype, device=input.device)
    x = input if input.ndim == 4 else input[None]
    y = in_float32(_mean, x, (rows, cols), divisor)
    return y if input.ndim == 4 else y[0]


def _mean(x: Tensor, axes: Axes, divisor: Tensor) -> Tensor:
    return _WindowSum.apply(x, axes) / divisor


def _lengths(axis: Axis, count_padding: bool) -> list[int]:
    """Return the number of cells of each window that count in the divisor."""
    pad = axis.before if count_padding else 0
    starts = [o * axis.stride - axis.before for o in range(axis.out)]
    return [min(s + axis.kernel, axis.size + pad) - max(s, -pad) for s in starts]


class _WindowSum(Function):
    """Sum of each window."""

    @staticmethod
    def forward(x: Tensor, axes: Axes) -> Tensor:
        return follow(nchw(reduce_windows(batch_last(x), axes, torch.add, padding=0)), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.axes = inputs[1]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _WindowShare.apply(g, ctx.axes), None


class _WindowShare(Function):
    """Add the g of each window to all of its cells: the adjoint of `_WindowSum`."""

    @staticmethod
    def forward(g: Tensor, axes: Axes) -> Tensor:
        rows, cols = axes
        h = batch_last(g)
        wide = h.new_zeros(rows.out, h.shape[1], cols.size, h.shape[3])
        for cells, seen in inside(cols):
            wide[:, :, cells] += h[:, :, seen]
        out = h.new_zeros(rows.size, *wide.shape[1:])
        for cells, seen in inside(rows):
            out[cells] += wide[seen]
        return follow(nchw(out), g)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.axes = inputs[1]

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        return _WindowSum.apply(x, ctx.axes), None

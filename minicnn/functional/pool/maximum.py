"""Max pooling: the maximum of each window; only the cell that wins gets the gradient."""

from typing import Any

import torch
from torch import Tensor

from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.pool.windows import pool_windows, reduce_windows
from minicnn.functional.pool.winners import lowest, pick, positions, route, winners
from minicnn.functional.precision import in_float32
from minicnn.functional.torch_workarounds import Function, is_plain
from minicnn.functional.windows import Axes, IntOrPair, pair, require_image


def max_pool2d(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Compute the maximum of each window.

        out[n, c, oh, ow] = max_i,j input[n, c, oh·s + i·d − p, ow·s + j·d − p]

    where the padding is −∞ and never wins. The gradient of a window goes to its winner: among equal
    cells the first in reading order. A NaN beats every number, and the last of several NaN wins.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, dilation: int, or pair (rows, columns), in cells.
        stride: int or pair; None means kernel_size.
        padding: int or pair, at most half of kernel_size.
        ceil_mode: include windows that extend past the end, if they start inside.
        return_indices: also return the position of each maximum.

    Returns:
        (N, C, OH, OW), or (C, OH, OW), with OH = ⌊(H + 2p − d(kH−1) − 1) / s⌋ + 1, and likewise
        OW, in the memory layout of ``input``. With ``return_indices`` also the positions of
        the winners, row·W + column, int64, of the same shape.

    Raises:
        ValueError: wrong dimensions, too much padding, or a window that does not fit.
        TypeError: sizes that are not ints, or a boolean or complex input.

    Example:
        >>> import torch
        >>> x = torch.tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]]])
        >>> max_pool2d(x, 2, return_indices=True)
        (tensor([[[5., 2.]]]), tensor([[[1, 2]]]))

    Reference: Ranzato, Huang, Boureau & LeCun, "Unsupervised Learning of Invariant Feature
    Hierarchies with Applications to Object Recognition", 2007, §2.

    Backward: `_MaxPool.backward` in functional/pool/maximum.py.
    """
    require_image(input)
    if input.dtype == torch.bool or input.is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    k, d = pair("kernel_size", kernel_size, 1), pair("dilation", dilation, 1)
    s, p = k if stride is None else pair("stride", stride, 1), pair("padding", padding, 0)
    rows, cols = (
        pool_windows(input.shape[i - 2], k[i], s[i], p[i], d[i], ceil_mode) for i in (0, 1)
    )

    x = input if input.ndim == 4 else input[None]
    y = in_float32(_MaxPool.apply, x, (rows, cols))
    if not return_indices:
        return y if input.ndim == 4 else y[0]
    places = positions(winners(x.detach(), (rows, cols)), (rows, cols)).contiguous()
    return (y, places) if input.ndim == 4 else (y[0], places[0])


class _MaxPool(Function):
    """The values of the winners. Which cell wins is locally constant and has no gradient."""

    @staticmethod
    def forward(x: Tensor, axes: Axes) -> Tensor:
        largest = reduce_windows(batch_last(x), axes, torch.maximum, padding=lowest(x))
        return follow(nchw(largest), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.axes = inputs
        ctx.save_for_backward(x)
        # The output, not saved the usual way, which would forbid the caller to change it in place.
        ctx.y, ctx.version = (output.detach(), output._version) if is_plain(output) else (None, 0)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x = ctx.saved_tensors[0].detach()
        y, ctx.y = ctx.y, None  # as soon as what is saved, its memory is free
        if y is None or y._version != ctx.version:
            y = _MaxPool.apply(x, ctx.axes)
        return _Route.apply(g, x, y, ctx.axes), None


class _Route(Function):
    """Add each g to the winner of its window of x: the adjoint of `_Pick`."""

    @staticmethod
    def forward(g: Tensor, x: Tensor, y: Tensor, axes: Axes) -> Tensor:
        return follow(nchw(route(batch_last(g), x, y, axes)), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, x, _, ctx.axes = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> Any:
        return _Pick.apply(v, *ctx.saved_tensors, ctx.axes), None, None, None


class _Pick(Function):
    """Read v at the winners of the windows of x."""

    @staticmethod
    def forward(v: Tensor, x: Tensor, axes: Axes) -> Tensor:
        return follow(nchw(pick(batch_last(v), winners(x, axes), axes)), x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, x, ctx.axes = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return _Route.apply(g, x, _MaxPool.apply(x, ctx.axes), ctx.axes), None, None

"""Pooling layers: over windows, or over the whole image."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.functional.layout import to_batch_last
from minicnn.functional.windows import IntOrPair
from minicnn.layers.layer import Layer, Shape, image_shape, int_or_pair, shape_after, stateless


def max_pool2d(
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> Layer:
    """Take the maximum over each window: (C, H, W) -> (C, OH, OW), see `functional.max_pool2d`.

    Args:
        kernel_size, stride, padding, dilation, ceil_mode: as for `functional.max_pool2d`.

    Returns:
        A Layer without parameters.

    Raises:
        TypeError, ValueError: an option that `functional.max_pool2d` refuses; at ``init``, an
            image smaller than the window.

    Example:
        >>> import torch
        >>> max_pool2d(2).init(torch.Generator(), (24, 24, 24))
        ((), (), (24, 12, 12))

    Reference: Ranzato et al., 2007, §2.
    """
    options = {
        **_window(kernel_size, stride, padding),
        "dilation": int_or_pair("dilation", dilation, 1),
        "ceil_mode": checks.boolean("ceil_mode", ceil_mode),
    }

    def pool(x: Tensor) -> Tensor:
        y = F.max_pool2d(to_batch_last(x), **options)
        assert isinstance(y, Tensor)  # not a pair: the indices are not returned
        return y

    return _image_layer(max_pool2d, pool, **options)


def avg_pool2d(
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Layer:
    """Take the mean over each window: (C, H, W) -> (C, OH, OW), see `functional.avg_pool2d`.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad: as for `functional.avg_pool2d`.

    Returns:
        A Layer without parameters.

    Raises:
        TypeError, ValueError: an option that `functional.avg_pool2d` refuses; at ``init``, an
            image smaller than the window.

    Example:
        >>> import torch
        >>> avg_pool2d(2).init(torch.Generator(), (6, 28, 28))
        ((), (), (6, 14, 14))

    Reference: LeCun et al., 1998, §II.B.
    """
    options = {
        **_window(kernel_size, stride, padding),
        "ceil_mode": checks.boolean("ceil_mode", ceil_mode),
        "count_include_pad": checks.boolean("count_include_pad", count_include_pad),
    }
    return _image_layer(avg_pool2d, lambda x: F.avg_pool2d(to_batch_last(x), **options), **options)


def global_avg_pool() -> Layer:
    """Take the mean over each channel: (C, H, W) -> (C,).

    Returns:
        A Layer without parameters.

    Example:
        >>> import torch
        >>> global_avg_pool().init(torch.Generator(), (64, 7, 7))
        ((), (), (64,))

    Reference: Lin, Chen & Yan, "Network In Network", 2014, §3.2.
    """
    return _image_layer(global_avg_pool, lambda x: F.adaptive_avg_pool2d(x, 1).flatten(-3))


def _window(kernel_size: IntOrPair, stride: IntOrPair | None, padding: IntOrPair) -> dict[str, Any]:
    return {
        "kernel_size": int_or_pair("kernel_size", kernel_size, 1),
        "stride": None if stride is None else int_or_pair("stride", stride, 1),
        "padding": int_or_pair("padding", padding, 0),
    }


def _image_layer(
    constructor: Callable[..., Layer], pool: Callable[[Tensor], Tensor], **options: Any
) -> Layer:
    def out_shape(in_shape: Shape) -> Shape:
        return shape_after(pool)(image_shape(constructor.__name__, in_shape))

    return stateless(constructor, pool, out_shape, **options)

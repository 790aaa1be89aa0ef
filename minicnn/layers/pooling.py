"""Layers that shrink images: pooling in windows, or over the whole image."""

from collections.abc import Callable

from torch import Tensor

from minicnn import functional as F
from minicnn.functional.layout import to_batch_last
from minicnn.functional.windows import IntOrPair
from minicnn.layers.layer import Layer, Shape, image_shape, shape_after, stateless


def max_pool2d(
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> Layer:
    """Keep the largest value of each window: (C, H, W) -> (C, OH, OW), see `functional.max_pool2d`.

    Args:
        kernel_size, stride, padding, dilation, ceil_mode: as for `functional.max_pool2d`.

    Returns:
        A Layer without parameters.

    Raises:
        ValueError: at ``init``, an image that the window does not fit.

    Example:
        >>> import torch
        >>> max_pool2d(2).init(torch.Generator(), (24, 24, 24))
        ((), (), (24, 12, 12))

    Reference: Ranzato et al., 2007, §2.
    """

    def pool(x: Tensor) -> Tensor:
        y = F.max_pool2d(to_batch_last(x), kernel_size, stride, padding, dilation, ceil_mode)
        assert isinstance(y, Tensor)  # and not a pair: the places were not asked for
        return y

    return _image_layer(f"max_pool2d({kernel_size})", pool)


def avg_pool2d(
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Layer:
    """Keep the mean of each window: (C, H, W) -> (C, OH, OW), see `functional.avg_pool2d`.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad: as for `functional.avg_pool2d`.

    Returns:
        A Layer without parameters.

    Raises:
        ValueError: at ``init``, an image that the window does not fit.

    Example:
        >>> import torch
        >>> avg_pool2d(2).init(torch.Generator(), (6, 28, 28))
        ((), (), (6, 14, 14))

    Reference: LeCun et al., 1998, §II.B.
    """

    def pool(x: Tensor) -> Tensor:
        return F.avg_pool2d(
            to_batch_last(x), kernel_size, stride, padding, ceil_mode, count_include_pad
        )

    return _image_layer(f"avg_pool2d({kernel_size})", pool)


def global_avg_pool() -> Layer:
    """Keep the mean of each channel: (C, H, W) -> (C,).

    Returns:
        A Layer without parameters.

    Example:
        >>> import torch
        >>> global_avg_pool().init(torch.Generator(), (64, 7, 7))
        ((), (), (64,))

    Reference: Lin, Chen & Yan, "Network In Network", 2014, §3.2.
    """
    return _image_layer("global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(-3))


def _image_layer(name: str, pool: Callable[[Tensor], Tensor]) -> Layer:
    def out_shape(in_shape: Shape) -> Shape:
        return shape_after(pool)(image_shape(name, in_shape))

    return stateless(name, pool, out_shape)

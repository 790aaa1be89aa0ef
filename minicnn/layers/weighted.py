"""Layers with weights: convolution and linear."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn import checks, init
from minicnn import functional as F
from minicnn.functional.layout import to_batch_last
from minicnn.functional.windows import IntOrPair, pair
from minicnn.layers.layer import (
    Layer,
    Shape,
    Tree,
    image_shape,
    int_or_pair,
    made_by,
    shape_after,
)


def conv2d(
    out_channels: int,
    kernel_size: IntOrPair,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    bias: bool = True,
    weight_init: Any = None,
    bias_init: Any = None,
) -> Layer:
    """Convolve images with learned kernels: (C, H, W) -> (out_channels, OH, OW).

    The equation is `functional.conv2d`'s. Weight and bias are drawn uniformly from ±1/√fan_in,
    weight first, so under the same seed they equal those of torch's layer, unless other
    initialisers are chosen. The image is stored batch-last (see functional/layout.py), at no cost
    from the second layer on.

    Args:
        out_channels: number of kernels.
        kernel_size, stride, padding, dilation, groups: as for `functional.conv2d`.
        bias: whether to add a learned bias to each output channel.
        weight_init, bias_init: a function of `minicnn.init` or its name, such as
            "kaiming_normal"; with arguments, a tuple such as ("normal", 0.01); None for torch's.

    Returns:
        A Layer with the parameters ``weight`` (O, C/groups, kH, kW) and ``bias`` (O,).

    Raises:
        TypeError, ValueError: an option that `functional.conv2d` refuses, or an initialiser that
            is not known; at ``init``, an image smaller than the kernel, or channels that ``groups``
            does not divide.

    Example:
        >>> params, _, out_shape = conv2d(24, 5).init(torch.Generator(), (1, 28, 28))
        >>> params["weight"].shape, out_shape
        (torch.Size([24, 1, 5, 5]), (24, 24, 24))

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", 1998, §II.A.
    """
    checks.integer("out_channels", out_channels, 1)
    checks.integer("groups", groups, 1)
    checks.boolean("bias", bias)
    kernel = pair("kernel_size", kernel_size, 1)
    inits, draw = _initialisers(weight_init, bias_init, bias, 4)
    window = {
        "stride": int_or_pair("stride", stride, 1),
        "padding": _padding(padding),
        "dilation": int_or_pair("dilation", dilation, 1),
        "groups": groups,
    }

    def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return F.conv2d(x, weight, bias, **window)

    def init_(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        channels, _, _ = image_shape("conv2d", in_shape)
        if channels % groups or out_channels % groups:
            raise ValueError(
                f"groups (={groups}) must divide the input's channels (={channels}) and "
                f"out_channels (={out_channels})"
            )
        shape = (out_channels, channels // groups, *kernel)
        params = draw(generator, shape)
        return params, (), shape_after(lambda x: convolve(x, params["weight"]))(in_shape)

    def apply(params: Tree, state: Tree, x: Tensor, **_: Any) -> tuple[Tensor, Tree]:
        return convolve(to_batch_last(x), params["weight"], params.get("bias")), state

    sizes = {"out_channels": out_channels, "kernel_size": int_or_pair("kernel_size", kernel, 1)}
    return made_by(conv2d, init_, apply, **sizes, **window, bias=bias, **inits)


def linear(
    out_features: int, bias: bool = True, weight_init: Any = None, bias_init: Any = None
) -> Layer:
    """Apply a linear map with learned weights: (I,) -> (out_features,).

    The equation is `functional.linear`'s. Weight and bias are drawn uniformly from ±1/√I, weight
    first, so under the same seed they equal those of torch's layer, unless other initialisers are
    chosen.

    Args:
        out_features: number of outputs.
        bias: whether to add a learned bias to each output.
        weight_init, bias_init: a function of `minicnn.init` or its name, such as
            "kaiming_normal"; with arguments, a tuple such as ("normal", 0.01); None for torch's.

    Returns:
        A Layer with the parameters ``weight`` (O, I) and ``bias`` (O,).

    Raises:
        ValueError: a size below 1, or an initialiser that is not known; at ``init``, an input that
            is not flat.

    Example:
        >>> params, _, out_shape = linear(10).init(torch.Generator(), (256,))
        >>> params["weight"].shape, out_shape
        (torch.Size([10, 256]), (10,))
        >>> layer = linear(3, weight_init="xavier_uniform", bias_init="zeros")
        >>> layer.init(torch.Generator(), (256,))[0]["bias"]
        tensor([0., 0., 0.])

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §6.1.
    """
    checks.integer("out_features", out_features, 1)
    checks.boolean("bias", bias)
    inits, draw = _initialisers(weight_init, bias_init, bias, 2)

    def init_(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if len(in_shape) != 1:
            raise ValueError(
                f"linear needs a flat in_shape (features,), got {tuple(in_shape)}: "
                "put flatten() before it"
            )
        return draw(generator, (out_features, *in_shape)), (), (out_features,)

    def apply(params: Tree, state: Tree, x: Tensor, **_: Any) -> tuple[Tensor, Tree]:
        return F.linear(x, params["weight"], params.get("bias")), state

    return made_by(linear, init_, apply, out_features=out_features, bias=bias, **inits)


def _padding(padding: IntOrPair | str) -> IntOrPair | str:
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f'padding must be an int, a pair, "same" or "valid", got {padding!r}')
    return padding if isinstance(padding, str) else int_or_pair("padding", padding, 0)


def _initialisers(
    weight_init: Any, bias_init: Any, bias: bool, dimensions: int
) -> tuple[dict[str, Any], Callable[[torch.Generator, Shape], dict[str, Tensor]]]:
    """Return the two options as plain data, and a function that draws the parameters."""
    draw_weight = draw_bias = None
    if weight_init is not None:
        weight_init, draw_weight = _initialiser("weight_init", weight_init, dimensions)
    if bias_init is not None:
        if not bias:
            raise ValueError(f"bias_init must not be given with bias=False, got {bias_init!r}")
        bias_init, draw_bias = _initialiser("bias_init", bias_init, 1)

    def draw(generator: torch.Generator, shape: Shape) -> dict[str, Tensor]:
        if draw_weight:
            params = {"weight": draw_weight(generator, shape)}
        else:
            params = {"weight": init.kaiming_uniform(generator, shape, a=math.sqrt(5))}
        if bias and draw_bias:
            params["bias"] = draw_bias(generator, shape[:1])
        elif bias:
            params["bias"] = init.uniform(generator, shape[:1], 1 / math.sqrt(init.fans(shape)[0]))
        return params

    return {"weight_init": weight_init, "bias_init": bias_init}, draw


def _initialiser(
    name: str, value: Any, dimensions: int
) -> tuple[Any, Callable[[torch.Generator, Shape], Tensor]]:
    """Return an option as plain data, and the function of generator and shape that it chooses."""
    function, *arguments = value if isinstance(value, tuple | list) and value else (value,)
    known = [key for key, f in init.INITIALISERS.items() if function is f or function == key]
    if not known:
        raise ValueError(
            f"{name} must be one of {', '.join(init.INITIALISERS)}, or a tuple of it and its "
            f"arguments, such as ('normal', 0.01), got {value!r}"
        )

    def draw(generator: torch.Generator, shape: Shape) -> Tensor:
        return init.INITIALISERS[known[0]](generator, shape, *arguments)

    try:
        draw(torch.Generator(), (1,) * dimensions)  # so that a wrong argument is noticed now
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be {value!r}: {error}") from error
    return (known[0], *arguments) if arguments else known[0], draw

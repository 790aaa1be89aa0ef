"""Convolution and its transpose, as users call them: arguments checked, geometry worked out."""

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.conv.functions import Convolve, Transpose
from minicnn.functional.conv.geometry import Geometry, geometry
from minicnn.functional.precision import autocast, in_float32
from minicnn.functional.windows import Axis, IntOrPair, Pair, pair, require_image, windows


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair | str = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """Slide every kernel over every image and take the scalar product at each place.

        out[n, o, oh, ow] = bias[o]
            + Σ_c,i,j weight[o, c, i, j] · input[n, c', oh·s + i·d − p, ow·s + j·d − p]
        c' = ⌊o / (O/G)⌋ · C/G + c: channel c of the group that o belongs to

    where cells outside the image count as 0. With G groups, output channels are split into G runs,
    and each run sees its own run of C/G input channels. (What the field calls convolution is
    cross-correlation: the kernel is not flipped.)

    Args:
        input: images, (N, C, H, W) or (C, H, W).
        weight: kernels, (O, C/G, kH, kW), of the dtype of ``input``.
        bias: (O,), or None.
        stride: s, int or pair (rows, columns), in cells.
        padding: p, int or pair, in cells; "valid" for none, or "same" for an output of the size
            of the input (stride 1 only; an odd cell goes to the end).
        dilation: d, int or pair: distance between the cells that a kernel looks at.
        groups: G, which divides C and O.

    Returns:
        (N, O, OH, OW), or (O, OH, OW), with OH = ⌊(H + 2p − d(kH−1) − 1) / s⌋ + 1 and OW likewise,
        stored in the memory layout of ``input``.

    Raises:
        ValueError: shapes that do not fit each other, or a kernel larger than the padded input.
        TypeError: dtypes that differ or are complex, or geometry that is not made of ints.

    Example:
        >>> import torch
        >>> image = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])  # one row: dark, then bright
        >>> edge = torch.tensor([[[[-1.0, 1.0]]]])  # right cell minus left cell
        >>> conv2d(image, edge)
        tensor([[[0., 1., 0.]]])

    Reference: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, §2;
    LeCun et al., "Gradient-based learning applied to document recognition", 1998, §II.A.

    Backward: `Convolve.backward` in functional/conv/functions.py.
    """
    input, weight, bias = autocast("conv2d", input, weight, bias)
    _check(input, weight, bias, groups, transposed=False)
    s, d = pair("stride", stride, 1), pair("dilation", dilation, 1)
    k_h, k_w = weight.shape[2:]
    p_h, p_w = _padding(padding, (k_h, k_w), s, d)
    rows = windows(input.shape[-2], k_h, s[0], p_h, d[0])
    cols = windows(input.shape[-1], k_w, s[1], p_w, d[1])

    x = input if input.ndim == 4 else input[None]
    y = in_float32(Convolve.apply, x, weight, bias, geometry(rows, cols, groups))
    return y if input.ndim == 4 else y[0]


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    groups: int = 1,
    dilation: IntOrPair = 1,
) -> Tensor:
    """Send each cell back through the kernels: the adjoint of `conv2d`, and its gradient.

        out[n, c', h, w] = bias[c'] + Σ weight[o, c, i, j] · input[n, o, oh, ow]
            over all o, oh, ow, i, j with oh·s + i·d − p = h and ow·s + j·d − p = w
        c' = ⌊o / (O/G)⌋ · C/G + c: channel c of the group that o belongs to

    What `conv2d` with the same weight gathers from a place is here added to that place.

    Args:
        input: (N, O, H, W) or (O, H, W): what `conv2d` would return.
        weight: (O, C/G, kH, kW), of the dtype of ``input``.
        bias: (C,), or None.
        stride, padding, dilation: those of the `conv2d`, int or pair (rows, columns).
        output_padding: rows and columns to add to the end of the output: several input sizes give
            `conv2d` the same output size, and this chooses one. Less than stride or dilation.
        groups: G, which divides O.

    Returns:
        (N, C, OH, OW), or (C, OH, OW), with OH = (H−1)s − 2p + d(kH−1) + output_padding + 1 and OW
        likewise, stored in the memory layout of ``input``.

    Raises:
        ValueError: shapes that do not fit each other, or nothing left of the output.
        TypeError: dtypes that differ or are complex, or geometry that is not made of ints.

    Example:
        >>> import torch
        >>> kernel = torch.tensor([[[[1.0, 2.0, 1.0]]]])
        >>> conv_transpose2d(torch.tensor([[[1.0, 10.0]]]), kernel, stride=2)
        tensor([[[ 1.,  2., 11., 20., 10.]]])

    Reference: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, §4.

    Backward: `Transpose.backward` in functional/conv/functions.py.
    """
    input, weight, bias = autocast("conv_transpose2d", input, weight, bias)
    _check(input, weight, bias, groups, transposed=True)
    s, d = pair("stride", stride, 1), pair("dilation", dilation, 1)
    p, extra = pair("padding", padding, 0), pair("output_padding", output_padding, 0)
    k_h, k_w = weight.shape[2:]
    rows = _transposed_windows(input.shape[-2], k_h, s[0], p[0], d[0], extra[0])
    cols = _transposed_windows(input.shape[-1], k_w, s[1], p[1], d[1], extra[1])

    g = input if input.ndim == 4 else input[None]
    y = in_float32(_transpose, g, weight, bias, geometry(rows, cols, groups))
    return y if input.ndim == 4 else y[0]


def _transpose(g: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    y = Transpose.apply(g, weight, geometry)
    return y if bias is None else y + bias.view(-1, 1, 1)


def _padding(
    padding: IntOrPair | str, kernel: Pair, stride: Pair, dilation: Pair
) -> tuple[Pair, Pair]:
    """Return the padding (before, after) of the rows and of the columns."""
    if not isinstance(padding, str):
        p_h, p_w = pair("padding", padding, 0)
        return (p_h, p_h), (p_w, p_w)
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding != "same":
        raise ValueError(f'padding must be an int, a pair, "same" or "valid", got {padding!r}')
    if stride != (1, 1):
        raise ValueError(f'padding="same" needs stride 1, got stride {stride}')
    height, width = (d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
    return (height // 2, height - height // 2), (width // 2, width - width // 2)


def _transposed_windows(
    size: int, kernel: int, stride: int, pad: int, dilation: int, extra: int
) -> Axis:
    """Make the windows of the convolution whose input is our output, and whose output our input."""
    if extra >= max(stride, dilation):
        raise ValueError(
            f"output_padding must be smaller than stride (={stride}) or dilation (={dilation}), "
            f"got {extra}"
        )
    out = (size - 1) * stride - 2 * pad + dilation * (kernel - 1) + extra + 1
    if out < 1:
        raise ValueError(f"padding (={pad}) leaves an output of {out} cells for {size} input cells")
    return Axis(out, kernel, stride, pad, dilation, size)


def _check(
    input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, transposed: bool
) -> None:
    """Check the shapes and dtypes of input, weight and bias, and groups, against each other."""
    require_image(input, empty_channels=True)
    if checks.tensor("weight", weight).ndim != 4:
        raise ValueError(f"weight must be (O, C/groups, kH, kW), got {tuple(weight.shape)}")
    # An image may come without channels, but the transpose must not make one.
    if 0 in weight.shape[1 if transposed else 2 :]:
        raise ValueError(
            f"weight must be (O, C/groups, kH, kW), none of them 0, got {tuple(weight.shape)}"
        )
    if input.is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    checks.same_dtype("weight", weight, input)
    checks.integer("groups", groups, 1)
    kernels, channels = weight.shape[0], weight.shape[1] * groups
    if kernels % groups or kernels == 0:
        raise ValueError(
            f"weight's first dimension (={kernels}) must be a positive multiple of groups "
            f"(={groups})"
        )
    expected, out_channels = (kernels, channels) if transposed else (channels, kernels)
    if input.shape[-3] != expected:
        raise ValueError(
            f"input must have {expected} channels for a weight of shape {tuple(weight.shape)} and "
            f"groups (={groups}), got {input.shape[-3]} (input shape {tuple(input.shape)})"
        )
    if bias is None:
        return
    checks.same_dtype("bias", bias, input)
    if bias.shape != torch.Size([out_channels]):
        raise ValueError(
            f"bias must have shape ({out_channels},), one number per output channel, got "
            f"{tuple(bias.shape)} (input shape {tuple(input.shape)})"
        )

"""Wrong answers to the exercises on convolution."""

STRIDED_ROWS = "rows = range(0, height + 2 * padding - span_h + 1, stride)"
PADDED = "padded[:, :, padding : padding + height, padding : padding + width]"
PLACE = "h, w = y * stride + i * dilation, x * stride + j * dilation"
FIRST = "first = o // (n_kernels // groups) * seen"

# exercise: (mistake, topic of the hint, correct text, wrong text)
ANSWERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "conv2d_forward": (
        ("the kernel flipped", "kernel flipped", "weight[o])", "weight[o].flip(1, 2))"),
        (
            "the kernel's rows and columns exchanged",
            "kernel transposed",
            "(cells * weight[o])",
            "(cells * weight[o].mT)",
        ),
        ("a mean instead of the sum", "mean for sum", ".sum((1, 2, 3))", ".mean((1, 2, 3))"),
        ("no bias", "bias forgotten", "out[:, o] += bias[o]", "pass"),
        (
            "the stride ignored",
            "stride forgotten",
            STRIDED_ROWS + "\n    cols = range(0, width + 2 * padding - span_w + 1, stride)",
            "rows = range(height + 2 * padding - span_h + 1)\n"
            "    cols = range(width + 2 * padding - span_w + 1)",
        ),
        (
            "the stride ignored in the rows",
            "stride 2",
            STRIDED_ROWS,
            "rows = range(height + 2 * padding - span_h + 1)",
        ),
        (
            "all padding before the image",
            "padding 1",
            PADDED + " = input",
            "padded[:, :, 2 * padding :, 2 * padding :] = input",
        ),
        (
            "all padding after the image",
            "padding on two sides",
            PADDED + " = input",
            "padded[:, :, :height, :width] = input",
        ),
        (
            "the span right, the cells not spaced apart",
            "dilation 2",
            "cells = cells[:, :, ::dilation, ::dilation]",
            "cells = cells[:, :, :k_h, :k_w]",
        ),
        ("every group sees the first channels", "groups 2", FIRST, "first = 0"),
        ("the groups numbered wrongly", "groups 2", FIRST, "first = o % groups * seen"),
        (
            "the bias added at every channel",
            "a bias",
            "            out[:, o] += bias[o]",
            "            out[:, o] += bias.sum()",
        ),
        (
            "always float32",
            "dtype",
            "out = input.new_zeros(n_images,",
            "out = torch.zeros(n_images,",
        ),
        (
            "one position too few",
            "shape",
            "    for o in range(n_kernels)",
            "    out = out[:, :, 1:]\n    rows = rows[1:]\n    for o in range(n_kernels)",
        ),
        (
            "height and width exchanged",
            "sides of different lengths",
            "n_images, channels, height, width = input.shape",
            "n_images, channels, width, height = input.shape",
        ),
        (
            "only the first channel",
            "only one channel",
            "(cells * weight[o]).sum((1, 2, 3))",
            "(cells[:, 0] * weight[o, 0]).sum((1, 2))",
        ),
        (
            "(n + 2p − k + 1) / s positions",
            "size with stride",
            STRIDED_ROWS + "\n    cols = range(0, width + 2 * padding - span_w + 1, stride)",
            "rows = [stride * y for y in range((height + 2 * padding - span_h + 1) // stride)]\n"
            "    cols = [stride * x for x in range((width + 2 * padding - span_w + 1) // stride)]",
        ),
        (
            "no padding",
            "padding forgotten",
            "seen, k_h, k_w = weight.shape",
            "seen, k_h, k_w = weight.shape\n    padding = 0",
        ),
        (
            "the dilation ignored",
            "dilation forgotten",
            "seen, k_h, k_w = weight.shape",
            "seen, k_h, k_w = weight.shape\n    dilation = 1",
        ),
    ),
    "conv2d_grad_bias": (
        ("a mean over the positions", "mean over the positions", "channel.sum()", "channel.mean()"),
        (
            "a mean over the batch",
            "mean over the batch",
            "    return result",
            "    return result / len(grad)",
        ),
        (
            "a mean over everything",
            "mean over the positions",
            "channel.sum()",
            "channel.mean() / len(grad)",
        ),
        (
            "only the last image",
            "several images",
            "result[o] += channel.sum()",
            "result[o] = channel.sum()",
        ),
        (
            "not summed over the batch",
            "not summed over the batch",
            "    return result",
            "    return grad.sum((2, 3))",
        ),
        (
            "one sum over all kernels",
            "one number for all kernels",
            "channel.sum()",
            "image.sum()",
        ),
        ("only the first position", "only one position", "channel.sum()", "channel[0, 0]"),
        (
            "counts, not gradients",
            "one kernel, one position",
            "channel.sum()",
            "channel.numel()",
        ),
        ("only the first image", "only one image", "for image in grad:", "for image in grad[:1]:"),
    ),
    "conv2d_grad_weight": (
        (
            "flipped",
            "kernel flipped",
            "    return result",
            "    return result.flip(2, 3)",
        ),
        (
            "a mean over the batch",
            "mean over the batch",
            "* met).sum()",
            "* met).mean()",
        ),
        (
            "a mean over the positions",
            "mean over the positions",
            "    return result",
            "    return result / (out_h * out_w)",
        ),
        ("only the first image", "only one image", "* met).sum()", "* met)[0]"),
        (
            "only the last position",
            "one square image, one square kernel",
            "result[o, c, i, j] += ",
            "result[o, c, i, j] = ",
        ),
        (
            "the stride ignored",
            "stride forgotten",
            PLACE,
            "h, w = y + i * dilation, x + j * dilation",
        ),
        (
            "the dilation ignored",
            "dilation forgotten",
            PLACE,
            "h, w = y * stride + i, x * stride + j",
        ),
        (
            "stride and dilation exchanged",
            "stride 2",
            PLACE,
            "h, w = y * dilation + i * stride, x * dilation + j * stride",
        ),
        ("no padding", "padding 1", "padded[:, :, padding :", "padded[:, :, 0 * padding :"),
        ("every group sees the first channels", "groups 2", FIRST, "first = 0"),
        (
            "the image's rows and columns exchanged",
            "rows and columns exchanged",
            "padded[:, first + c, h, w]",
            "padded[:, first + c, w, h]",
        ),
        (
            "the weight instead of the image",
            "weight, not image",
            "    return result",
            "    return grad.sum() * weight",
        ),
    ),
    "conv2d_grad_input": (
        (
            "the kernel flipped",
            "kernel flipped",
            "* weight[o, :, i, j]",
            "* weight[o, :, -1 - i, -1 - j]",
        ),
        (
            "overlaps overwritten",
            "one square image, one square kernel",
            "+= share",
            "= share",
        ),
        (
            "the stride ignored",
            "stride forgotten",
            PLACE,
            "h, w = y + i * dilation, x + j * dilation",
        ),
        (
            "the dilation ignored",
            "dilation forgotten",
            PLACE,
            "h, w = y * stride + i, x * stride + j",
        ),
        ("the border not cropped", "border not cropped", "return " + PADDED, "return padded"),
        (
            "the border cropped only at the end",
            "border cropped on the wrong side",
            "return " + PADDED,
            "return padded[:, :, :height, :width]",
        ),
        ("only the first kernel", "only one kernel", "for o in range(n_kernels)", "for o in [0]"),
        ("every group adds to the first channels", "groups 2", FIRST, "first = 0"),
        (
            "the image instead of the gradient",
            "one square image, one square kernel",
            "share = grad[:, o, y, x, None]",
            "share = input[:, 0, y, x, None]",
        ),
        ("the wrong sign", "sign", "return " + PADDED, "return -" + PADDED),
        (
            "half the gradient",
            "factor",
            "return " + PADDED,
            "return 0.5 * " + PADDED,
        ),
        (
            "the kernel's rows and columns exchanged",
            "kernel transposed",
            "* weight[o, :, i, j]",
            "* weight[o, :, j, i]",
        ),
    ),
}

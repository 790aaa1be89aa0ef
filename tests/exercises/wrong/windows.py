"""Wrong answers to the exercises on windows and pooling."""

WINNER = "result[n, c, winner[0], winner[1]] += grad[n, c, y, x]"
# Cuts out the window in which the winner was searched.
WINDOW = (
    "top, left = max(y * stride - padding, 0), max(x * stride - padding, 0)\n"
    "                    bottom = y * stride - padding + kernel_size\n"
    "                    right = x * stride - padding + kernel_size\n"
    "                    window = input[n, c, top:bottom, left:right]\n"
    "                    "
)
CUT = "return padded[:, :, padding : padding + height, padding : padding + width]"

# exercise: (mistake, topic of the hint, correct text, wrong text)
ANSWERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "output_size": (
        ("one too few", "off by one", "return count", "return count - 1"),
        ("one too many", "off by one", "<= last_cell", "<= last_cell + 1"),
        (
            "rounded up",
            "last position",
            "return count",
            "return -(-(last_cell - reach) // stride) + 1",
        ),
        (
            "(n + 2p − k + 1) / s",
            "last position",
            "return count",
            "return (last_cell - reach + 1) // stride",
        ),
        (
            "a true division",
            "fraction",
            "return count",
            "return (last_cell - reach) / stride + 1",
        ),
        ("the stride ignored", "stride forgotten", "start += stride", "start += 1"),
        ("no padding", "padding forgotten", "2 * padding", "0 * padding"),
        ("the padding counted once", "padding once", "2 * padding", "padding"),
        (
            "the dilation ignored",
            "dilation forgotten",
            "dilation * (kernel_size - 1)",
            "(kernel_size - 1)",
        ),
        (
            "as if a gap followed every cell",
            "reach of the window",
            "dilation * (kernel_size - 1)",
            "dilation * kernel_size - 1",
        ),
        ("the kernel ignored", "kernel forgotten", "dilation * (kernel_size - 1)", "0"),
    ),
    "unfold": (
        (
            "a row for each window",
            "rows instead of columns",
            "dim=2",
            "dim=1",
        ),
        (
            "the channels innermost",
            "order of the channels",
            "window.flatten(1)",
            "window.permute(0, 2, 3, 1).flatten(1)",
        ),
        (
            "each window column by column",
            "order of the cells",
            "window.flatten(1)",
            "window.mT.flatten(1)",
        ),
        (
            "the windows from top to bottom",
            "order of the windows",
            "    return torch.stack(columns, dim=2)",
            "    n_x = len(range(0, width + 2 * padding - span_w + 1, stride))\n"
            "    columns = [c for x in range(n_x) for c in columns[x::n_x]]\n"
            "    return torch.stack(columns, dim=2)",
        ),
        (
            "the stride ignored in the columns",
            "stride 2",
            "padding - span_w + 1, stride)",
            "padding - span_w + 1)",
        ),
        (
            "no padding",
            "padding forgotten",
            "span_h, span_w = ",
            "padded, height, width = input, height - 2 * padding, width - 2 * padding\n"
            "    span_h, span_w = ",
        ),
        (
            "the cells not spaced apart",
            "dilation 2",
            "window = window[:, :, ::dilation, ::dilation]",
            "window = window[:, :, : kernel_size[0], : kernel_size[1]]",
        ),
        (
            "the last window left out",
            "shape",
            "torch.stack(columns, dim=2)",
            "torch.stack(columns[:-1] or columns, dim=2)",
        ),
        (
            "the kernel's sides exchanged",
            "sides of different lengths",
            "for k in kernel_size)",
            "for k in kernel_size[::-1])",
        ),
        (
            "the stride ignored",
            "stride forgotten",
            "n, channels, height, width = input.shape",
            "n, channels, height, width = input.shape\n    stride = 1",
        ),
        (
            "the dilation ignored",
            "dilation forgotten",
            "n, channels, height, width = input.shape",
            "n, channels, height, width = input.shape\n    dilation = 1",
        ),
    ),
    "max_pool2d_forward": (
        (
            "the search starts from zero",
            "starts from zero",
            ".amax((2, 3))",
            ".amax((2, 3)).clamp(min=0)",
        ),
        (
            "zeros around the image",
            "zeros win",
            "    out = input.new_empty",
            "    wider = input.new_zeros(n, channels, height + 2 * padding, width + 2 * padding)\n"
            "    wider[:, :, padding : padding + height, padding : padding + width] = input\n"
            "    input, padding = wider, 0\n"
            "    out = input.new_empty",
        ),
        ("the smallest", "smallest, not largest", ".amax(", ".amin("),
        ("the mean", "mean, not maximum", ".amax(", ".mean("),
        (
            "the window moves by its own size",
            "stride forgotten",
            "n, channels, height, width = input.shape",
            "n, channels, height, width = input.shape\n    stride = kernel_size",
        ),
        (
            "stride and kernel exchanged",
            "a stride that is not the kernel's size",
            "n, channels, height, width = input.shape",
            "n, channels, height, width = input.shape\n"
            "    stride, kernel_size = kernel_size, stride",
        ),
        (
            "over the channels too",
            "channels mixed",
            ".amax((2, 3))",
            ".amax((1, 2, 3))[:, None]",
        ),
        (
            "windows past the edge shifted instead of clipped",
            "padding 1",
            "rows = slice(max(top, 0), top + kernel_size)",
            "rows = slice(max(top, 0), max(top, 0) + kernel_size)",
        ),
        (
            "the width computed from the height",
            "sides of different lengths",
            "out_w = (width +",
            "out_w = (height +",
        ),
        (
            "no padding",
            "padding forgotten",
            "n, channels, height, width = input.shape",
            "n, channels, height, width = input.shape\n    padding = 0",
        ),
    ),
    "max_pool2d_backward": (
        ("the last maximum wins", "last winner", "value > largest", "value >= largest"),
        (
            "all maxima win",
            "all maxima win",
            WINNER,
            WINDOW + "back = (window == largest) * grad[n, c, y, x]\n"
            "                    result[n, c, top:bottom, left:right] += back",
        ),
        (
            "overlaps overwritten",
            "overlaps overwritten",
            WINNER,
            WINNER.replace("+=", "="),
        ),
        ("ones, not the gradient", "gradient forgotten", "+= grad[n, c, y, x]", "+= 1"),
        (
            "every cell gets the gradient",
            "spread over the window",
            WINNER,
            WINDOW + "result[n, c, top:bottom, left:right] += grad[n, c, y, x]",
        ),
        (
            "the value, not the gradient",
            "no ties, no overlaps",
            "+= grad[n, c, y, x]",
            "+= largest",
        ),
        (
            "search column by column",
            "order of the search",
            "if largest is None or value > largest:",
            "if largest is None or (value, -w) > (largest, -winner[1]):",
        ),
        (
            "the stride ignored in the rows",
            "a stride that is not the kernel's size",
            "range(y * stride - padding, y * stride - padding + kernel_size)",
            "range(y * kernel_size - padding, y * kernel_size - padding + kernel_size)",
        ),
        (
            "the smallest wins",
            "smallest, not largest",
            "value > largest",
            "value < largest",
        ),
        (
            "all maxima share",
            "maxima share",
            WINNER,
            WINDOW + "won = (window == largest) / (window == largest).sum()\n"
            "                    result[n, c, top:bottom, left:right] += won * grad[n, c, y, x]",
        ),
    ),
    "avg_pool2d_backward": (
        ("not divided", "not divided", " / kernel_size**2", ""),
        ("divided by the side", "divided by the side", "kernel_size**2", "kernel_size"),
        (
            "overlaps overwritten",
            "overlaps overwritten",
            "padded[:, :, rows, cols] += share",
            "padded[:, :, rows, cols] = share",
        ),
        (
            "divided by the cells in the image",
            "padding not counted",
            "            padded[:, :, rows, cols] += share",
            "            inside = torch.zeros_like(padded[0, 0])\n"
            "            inside[padding : padding + height, padding : padding + width] = 1\n"
            "            share = share * kernel_size**2 / inside[rows, cols].sum()\n"
            "            padded[:, :, rows, cols] += share",
        ),
        (
            "the stride ignored",
            "stride forgotten",
            "rows = slice(y * stride, y * stride + kernel_size)\n"
            "            cols = slice(x * stride, x * stride + kernel_size)",
            "rows = slice(y * kernel_size, y * kernel_size + kernel_size)\n"
            "            cols = slice(x * kernel_size, x * kernel_size + kernel_size)",
        ),
        ("the border not cropped", "border not cropped", CUT, "return padded"),
        (
            "the border cropped only at the end",
            "border cropped on the wrong side",
            CUT,
            "return padded[:, :, :height, :width]",
        ),
        (
            "height and width exchanged",
            "sides of different lengths",
            "    n, channels, out_h, out_w = grad.shape",
            "    n, channels, out_h, out_w = grad.shape\n    height, width = width, height",
        ),
    ),
}

"""Wrong answers to the exercises on memory, cost, and on judging a network or tests."""

# exercise: (mistake, topic of the hint, correct text, wrong text)
ANSWERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "contiguous_strides": (
        (
            "from the first to the last",
            "order reversed",
            "return tuple(strides)",
            "return tuple(strides[::-1])",
        ),
        ("the shape", "sizes, not strides", "return tuple(strides)", "return tuple(shape)"),
        (
            "the own size as well",
            "own size counted",
            "strides = [1]\n    for size in reversed(shape[1:]):",
            "strides = [shape[3]]\n    for size in reversed(shape[:3]):",
        ),
        (
            "the images side by side",
            "images innermost",
            "strides = [1]\n    for size in reversed(shape[1:]):\n"
            "        strides.insert(0, strides[0] * size)",
            "strides = [1]\n    for size in shape[:3]:\n        strides.append(strides[-1] * size)",
        ),
        (
            "in bytes",
            "bytes, not cells",
            "strides = [1]",
            "strides = [4]",
        ),
        ("a list of three", "type", "return tuple(strides)", "return tuple(strides[:3])"),
    ),
    "descent_step": (
        (
            "plus the gradient",
            "uphill",
            "return weight - lr * slope_w, bias - lr * slope_b",
            "return weight + lr * slope_w, bias + lr * slope_b",
        ),
        (
            "no factor 2",
            "square not differentiated",
            "slope_w += 2 * error * at / n\n        slope_b += 2 * error / n",
            "slope_w += error * at / n\n        slope_b += error / n",
        ),
        (
            "the sum",
            "sum, not mean",
            "n = 0.0, 0.0, len(x)",
            "n = 0.0, 0.0, 1",
        ),
        ("no x", "x forgotten", "2 * error * at / n", "2 * error / n"),
        (
            "x for the bias",
            "x in the bias",
            "slope_b += 2 * error / n",
            "slope_b += 2 * error * at / n",
        ),
        (
            "no learning rate",
            "learning rate forgotten",
            "return weight - lr * slope_w, bias - lr * slope_b",
            "return weight - slope_w, bias - slope_b",
        ),
    ),
    "separable_cost": (
        ("no mixing", "mixing forgotten", "depthwise + mixing", "depthwise"),
        ("no depthwise", "depthwise forgotten", "depthwise + mixing", "mixing"),
        ("the product", "multiplied, not added", "depthwise + mixing", "depthwise * mixing"),
        ("k for k²", "one side of the kernel", "kernel_size**2", "kernel_size"),
        (
            "the separable one first",
            "results exchanged",
            "return ordinary, depthwise + mixing",
            "return depthwise + mixing, ordinary",
        ),
    ),
    "linear_backward": (
        (
            "divided by the batch",
            "mean over the batch",
            "return to_input, to_weight, to_bias",
            "return to_input, to_weight / len(grad), to_bias",
        ),
        (
            "assigned, not added",
            "only one example",
            "to_weight[o] += grad[n, o] * input[n]",
            "to_weight[o] = grad[n, o] * input[n]",
        ),
        (
            "a bias for each example",
            "bias not summed over the batch",
            "return to_input, to_weight, to_bias",
            "return to_input, to_weight, grad",
        ),
        (
            "the input in place of the weight",
            "input, not weight",
            "grad[n, o] * weight[o]",
            "grad[n, o] * input[n]",
        ),
        (
            "the weight first",
            "results exchanged",
            "return to_input, to_weight, to_bias",
            "return to_weight, to_input, to_bias",
        ),
        (
            "always float32",
            "dtype",
            "to_bias = grad.new_zeros(grad.shape[1])",
            "to_bias = torch.zeros(grad.shape[1])",
        ),
    ),
    "accuracy_interval": (
        (
            "one standard error",
            "one standard error",
            "return mean - 2 * error, mean + 2 * error",
            "return mean - error, mean + error",
        ),
        (
            "the deviation of one image",
            "deviation of one image",
            "math.sqrt(squares / total) / math.sqrt(total)",
            "math.sqrt(squares / total)",
        ),
        (
            "no root",
            "root forgotten",
            "math.sqrt(squares / total) / math.sqrt(total)",
            "squares / total / total",
        ),
        (
            "the upper end first",
            "ends exchanged",
            "return mean - 2 * error, mean + 2 * error",
            "return mean + 2 * error, mean - 2 * error",
        ),
        (
            "per cent",
            "in per cent",
            "return mean - 2 * error, mean + 2 * error",
            "return 100 * (mean - 2 * error), 100 * (mean + 2 * error)",
        ),
    ),
    "receptive_field": (
        ("no strides", "strides ignored", "(units - 1) * s + k", "(units - 1) + k"),
        (
            "the stride before the kernel",
            "stride too early",
            "(units - 1) * s + k",
            "(units - 1 + k - 1) * s + 1",
        ),
        (
            "the stride of the layer below only",
            "only the stride below",
            "    units = 1\n    for k, s in zip(reversed(kernel_sizes), reversed(strides), "
            "strict=True):\n        units = (units - 1) * s + k\n",
            "    units, below = 1, 1\n    for k, s in zip(kernel_sizes, strides):\n"
            "        units += (k - 1) * below\n        below = s\n",
        ),
        (
            "the product",
            "product of the kernels",
            "(units - 1) * s + k",
            "units * k",
        ),
        ("the sum", "sum of the kernels", "return units", "return sum(kernel_sizes)"),
    ),
    "conv2d_cost": (
        ("products only", "additions forgotten", "2 * outputs * window", "outputs * window"),
        (
            "numbers for bytes",
            "numbers, not bytes",
            "4 * (pixels + kernels * window + outputs)",
            "pixels + kernels * window + outputs",
        ),
        (
            "as many outputs as pixels",
            "size of the output",
            "height - kernel_size + 1, width - kernel_size + 1",
            "height, width",
        ),
        (
            "the result not written",
            "output not written",
            "(pixels + kernels * window + outputs)",
            "(pixels + kernels * window)",
        ),
        (
            "the kernels not read",
            "kernels not read",
            "(pixels + kernels * window + outputs)",
            "(pixels + outputs)",
        ),
        (
            "one channel",
            "channels forgotten",
            "return 2 * outputs * window",
            "return 2 * outputs * kernel_size**2",
        ),
    ),
    "survivors": (
        ("the killed ones", "killed, not surviving", "len(killers) == 0", "len(killers) > 0"),
        (
            "one pass is enough",
            "one passing test is enough",
            "len(killers) == 0",
            "len(killers) < passed.shape[0]",
        ),
        (
            "the tests judged",
            "tests, not mutants",
            "return torch.tensor(result)",
            "return passed.all(1)",
        ),
        (
            "the first test only",
            "only the first test",
            "range(passed.shape[0])",
            "range(1)",
        ),
        ("numbers for booleans", "dtype", "len(killers) == 0", "int(len(killers) == 0)"),
    ),
}

"""Bugs of the smooth activations, of layer and group normalisation, and of numbers of 16 bits."""

from ..mutant import Mutant

SMOOTH, ACTIVATION = "functional/smooth.py", "functional/activation.py"
NORM, PRECISION = "functional/layer_norm.py", "functional/precision.py"
WORKAROUNDS, MAXIMUM = "functional/torch_workarounds.py", "functional/pool/maximum.py"
SMOOTH_TEST = "functional/test_smooth.py::test_"
NORM_TEST = "functional/test_layer_norm.py::test_"
PRECISION_TEST = "functional/test_precision.py::test_"
AUTOCAST_TEST = "functional/test_autocast.py::test_"
IN_PLACE_TEST = "functional/test_in_place.py::test_"

MUTANTS = (
    Mutant(
        "leaky_relu: gradient of relu",
        ACTIVATION,
        "return torch.where(x > 0, g, g * ctx.slope), None",
        "return torch.where(x > 0, g, 0), None",
        "The backward of the function that it was copied from.",
        SMOOTH_TEST + "the_gradient_of_leaky_relu_is_1_or_the_slope_which_counts_at_zero",
    ),
    Mutant(
        "leaky_relu: the larger of two lines",
        ACTIVATION,
        "return torch.where(x > 0, x, x * slope)",
        "return torch.maximum(x, x * slope)",
        "Right for slopes of at most 1 alone.",
        SMOOTH_TEST + "leaky_relu_and_its_derivatives_are_torchs",
    ),
    Mutant(
        "sigmoid: gradient of the input in place of the output",
        SMOOTH,
        "        ctx.save_for_backward(output)\n\n    @staticmethod\n"
        "    def backward(ctx: Any, g: Tensor) -> Any:\n"
        "        (y,) = ctx.saved_tensors\n        return g * (y * (1 - y))",
        "        ctx.save_for_backward(*inputs)\n\n    @staticmethod\n"
        "    def backward(ctx: Any, g: Tensor) -> Any:\n"
        "        (y,) = ctx.saved_tensors\n        return g * (y * (1 - y))",
        "y (1 − y) with x for y.",
        SMOOTH_TEST + "sigmoid_and_its_derivatives_are_torchs",
    ),
    Mutant(
        "tanh: exponentials divided",
        SMOOTH,
        "        less = (x.abs() * -2).expm1()  # e − 1\n"
        "        return x.sign() * (less / (-2 - less))",
        "        return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())",
        "As the formula stands in the book: it overflows.",
        SMOOTH_TEST + "huge_numbers_do_not_overflow",
    ),
    Mutant(
        "tanh: digits lost near zero",
        SMOOTH,
        "less = (x.abs() * -2).expm1()",
        "less = (x.abs() * -2).exp() - 1",
        "1 − e for an e of nearly 1.",
        SMOOTH_TEST + "tanh_of_a_small_number_keeps_its_digits",
    ),
    Mutant(
        "silu: gradient of the sigmoid alone",
        SMOOTH,
        "return g * (s * (1 + x * (1 - s)))",
        "return g * s",
        "The product rule forgotten.",
        SMOOTH_TEST + "silu_and_its_derivatives_are_torchs",
    ),
    Mutant(
        "gelu: density not normalised",
        SMOOTH,
        "density = (x * x * -0.5).exp() / SQRT_2_PI",
        "density = (x * x * -0.5).exp()",
        "exp(−x²/2) without its √(2π).",
        SMOOTH_TEST + "gelu_and_its_derivatives_are_torchs",
    ),
    Mutant(
        "gelu: one form for both",
        SMOOTH,
        '"tanh": _GeluTanh}',
        '"tanh": _Gelu}',
        "The argument is checked, and then has no effect.",
        SMOOTH_TEST + "the_tanh_form_of_gelu_is_close_to_it_and_not_it",
    ),
    Mutant(
        "layer_norm: statistics over the batch",
        NORM,
        "return x.mean(tuple(range(-dims, 0)), keepdim=True)",
        "return x.mean(0, keepdim=True)",
        "Batch normalisation under another name.",
        NORM_TEST + "layer_norm_gives_each_row_mean_0_and_variance_1",
    ),
    Mutant(
        "layer_norm: eps outside the root",
        NORM,
        "inverse = (_mean(centred * centred, dims) + eps).rsqrt()",
        "inverse = 1 / (_mean(centred * centred, dims).sqrt() + eps)",
        "σ + eps is not √(σ² + eps).",
        NORM_TEST + "eps_is_added_to_the_variance_under_the_root",
    ),
    Mutant(
        "layer_norm: statistics taken for constants in backward",
        NORM,
        "return (g - mean_g - x_hat * mean_gx) * inverse, None, None",
        "return g * inverse, None, None",
        "Every x̂ depends on every x of its example.",
        NORM_TEST + "the_gradient_is_orthogonal_to_what_normalising_takes_away",
    ),
    Mutant(
        "group_norm: groups of every n-th channel",
        NORM,
        "x = input.unflatten(1, (num_groups, -1))",
        "x = input.unflatten(1, (-1, num_groups)).transpose(1, 2)",
        "The channels are shuffled, and come back in another order.",
        NORM_TEST + "a_group_is_a_run_of_channels_with_all_their_places",
    ),
    Mutant(
        "16 bits: not widened",
        PRECISION,
        "    if x.dtype not in NARROW:\n",
        "    if True:\n",
        "Every step is rounded.",
        PRECISION_TEST + "a_mean_whose_sum_is_more_than_float16_holds",
    ),
    Mutant(
        "16 bits: bfloat16 forgotten",
        PRECISION,
        "NARROW = (torch.float16, torch.bfloat16)",
        "NARROW = (torch.float16,)",
        "Its range is float32's, so nothing overflows; it just has no 257.",
        PRECISION_TEST + "a_mean_over_more_cells_than_the_dtype_holds",
    ),
    Mutant(
        "autocast: float64 lowered too",
        PRECISION,
        "return is_float and argument.dtype != torch.float64",
        "return is_float",
        "Who asks for float64 gets half of its digits.",
        AUTOCAST_TEST + "float64_is_left_as_it_is",
    ),
    Mutant(
        "autocast: CUDA's list on the CPU",
        PRECISION,
        'name in RAISED or (name in RAISED_ON_ACCELERATORS and device != "cpu")',
        "name in RAISED or name in RAISED_ON_ACCELERATORS",
        "torch has a list for each kind of device.",
        AUTOCAST_TEST + "on_the_cpu_results_and_gradients_have_the_dtypes_that_torch_gives_them",
    ),
    Mutant(
        "autocast: on in the backward pass",
        WORKAROUNDS,
        "cls.backward = staticmethod(_without_autocast(cls.backward))",
        "cls.backward = staticmethod(cls.backward)",
        "A backward inside the region multiplies in another dtype.",
        AUTOCAST_TEST + "within_an_operation_autocast_does_nothing",
    ),
    Mutant(
        "in place: a changed maximum taken for the maximum",
        MAXIMUM,
        "if y is None or y._version != ctx.version:",
        "if y is None:",
        "No cell equals it any more, so the last one gets every gradient.",
        IN_PLACE_TEST + "the_result_of_a_pooled_convolution_may_be_changed_before_backward",
    ),
    Mutant(
        "in place: unfold's only window a view of the image",
        WORKAROUNDS,
        "return y.clone() if shared else y.data",
        "return y.data",
        "Who changes the columns changes the image.",
        IN_PLACE_TEST + "a_single_window_of_unfold_is_no_view_of_the_image",
    ),
)

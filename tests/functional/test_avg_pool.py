"""Average pooling: each window answers with its mean, and shares its gradient among its cells."""

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn import naive
from minicnn.testing import (
    EXACT,
    INTEGERS,
    NORMAL,
    ROUNDED,
    SPECIAL,
    Case,
    accepted,
    assert_differentiable,
    assert_layout_follows,
    assert_near,
    assert_twins,
    cases,
    fill,
)
from minicnn.testing.cases.geometry import pair
from minicnn.testing.profiles import fewer


def row(*cells: float) -> Tensor:
    """Return an image of one row, (1, 1, W)."""
    return torch.tensor([[cells]])


# What it is, by the simplest examples


def test_each_window_answers_with_its_mean() -> None:
    x = torch.tensor([[[1.0, 3.0, 2.0, 2.0], [3.0, 5.0, 0.0, 0.0]]])
    assert F.avg_pool2d(x, 2).tolist() == [[[3, 1]]]


def test_windows_lie_side_by_side_unless_the_stride_says_otherwise() -> None:
    x = row(1.0, 3.0, 5.0, 7.0, 9.0)
    assert F.avg_pool2d(x, (1, 2)).tolist() == [[[2, 6]]]  # the 9 is left over
    assert F.avg_pool2d(x, (1, 2), stride=1).tolist() == [[[2, 4, 6, 8]]]


def test_padding_counts_as_cells_of_zero_or_not_at_all() -> None:
    x = row(6.0, 12.0)
    assert F.avg_pool2d(x, (1, 2), padding=(0, 1)).tolist() == [[[3, 6]]]
    y = F.avg_pool2d(x, (1, 2), padding=(0, 1), count_include_pad=False)
    assert y.tolist() == [[[6, 12]]]


def test_cells_beyond_the_padding_count_never() -> None:
    """With ceil_mode the last window hangs over the end, and its mean is of the cells it has."""
    assert F.avg_pool2d(row(1.0, 3.0, 5.0), (1, 2), ceil_mode=True).tolist() == [[[2, 5]]]


def test_the_sum_can_be_divided_by_something_else() -> None:
    x = row(1.0, 3.0)
    assert F.avg_pool2d(x, (1, 2), divisor_override=1).tolist() == [[[4]]]
    assert F.avg_pool2d(x, (1, 2), divisor_override=-8).tolist() == [[[-0.5]]]


def test_every_cell_of_a_window_gets_an_equal_share_of_its_gradient() -> None:
    x = row(1.0, 2.0, 3.0).requires_grad_()
    y = F.avg_pool2d(x, (1, 2), stride=1)
    (g,) = torch.autograd.grad(y, x, torch.tensor([[[10.0, 20.0]]]))
    assert g.tolist() == [[[5, 15, 10]]]


# Held against PyTorch


@given(cases.avg_pool2d(EXACT))
def test_value_gradient_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.avg_pool2d, twin.avg_pool2d, case)


@given(cases.avg_pool2d(SPECIAL))
def test_nan_and_infinity_reach_the_windows_that_hold_them(case: Case) -> None:
    assert_twins(F.avg_pool2d, twin.avg_pool2d, case)


@given(cases.avg_pool2d(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(case: Case) -> None:
    assert_twins(F.avg_pool2d, twin.avg_pool2d, case, order=1)


@fewer(times=3)
@given(cases.avg_pool2d(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.avg_pool2d, case)


@given(cases.avg_pool2d())
def test_the_result_lies_in_memory_as_the_input_does(case: Case) -> None:
    assert_layout_follows(F.avg_pool2d, case)


# Laws

poolings = accepted(
    F.avg_pool2d, cases.avg_pool2d().map(lambda case: case.without("divisor_override"))
)


@given(poolings)
def test_it_is_a_grouped_convolution_with_a_constant_kernel(case: Case) -> None:
    """Every channel is convolved by itself, with a kernel whose cells are all 1 / (kH·kW)."""
    case = case.replace(ceil_mode=False, count_include_pad=True)
    x, k_h, k_w = case.inputs["input"], *pair(case.options["kernel_size"])
    pad_h, pad_w = pair(case.options["padding"])
    assume(k_h <= x.shape[-2] + 2 * pad_h and k_w <= x.shape[-1] + 2 * pad_w)
    weight = torch.full((x.shape[-3], 1, k_h, k_w), 1 / (k_h * k_w), dtype=x.dtype)
    stride = case.options["stride"] if case.options["stride"] is not None else (k_h, k_w)
    y = F.conv2d(x, weight, None, stride, case.options["padding"], groups=x.shape[-3])
    assert_near(case.call(F.avg_pool2d), y)


@given(poolings)
def test_a_constant_image_stays_constant(case: Case) -> None:
    """The mean of equal numbers is that number, however the windows lie."""
    sevens = torch.full_like(case.inputs["input"], 7.0)
    case = case.replace(input=sevens, count_include_pad=False)
    assert (case.call(F.avg_pool2d) == 7).all()


@given(poolings)
def test_the_mean_lies_between_the_smallest_and_the_largest_cell(case: Case) -> None:
    """min x ≤ mean x ≤ max x, in every window."""
    case = case.replace(count_include_pad=False)
    window = case.without("count_include_pad")
    largest = window.call(F.max_pool2d)
    smallest = -window.replace(input=-case.inputs["input"]).call(F.max_pool2d)
    mean = case.call(F.avg_pool2d)
    assert ((smallest - 1e-12 <= mean) & (mean <= largest + 1e-12)).all()


@given(poolings, st.integers(-3, 3))
def test_it_is_linear(case: Case, a: int) -> None:
    """mean(a·x + x') = a·mean(x) + mean(x')."""
    x = case.inputs["input"]
    other = fill(tuple(x.shape), INTEGERS, seed=1)
    expected = a * case.call(F.avg_pool2d) + case.replace(input=other).call(F.avg_pool2d)
    assert_near(case.replace(input=a * x + other).call(F.avg_pool2d), expected)


@st.composite
def square_poolings(draw: st.DrawFn) -> Case:
    """Draw what the naive loops take: batches of images, and ints."""
    kernel = draw(st.integers(1, 3))
    shape = (draw(st.integers(0, 2)), 2, kernel + draw(st.integers(0, 2)), kernel + 1)
    options = {
        "kernel_size": kernel,
        "stride": draw(st.integers(1, 3)),
        "padding": draw(st.integers(0, kernel // 2)),
    }
    return Case({"input": fill(shape, INTEGERS, seed=draw(st.integers(0, 99)))}, options)


@given(square_poolings())
def test_nested_loops_compute_the_same(case: Case) -> None:
    assert_near(case.call(F.avg_pool2d), case.call(naive.avg_pool2d))

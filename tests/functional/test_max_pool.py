"""Max pooling: each window answers with its largest cell, and that cell alone gets the gradient."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
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
from minicnn.testing.profiles import fewer

max_pool2d: Any = F.max_pool2d  # a tensor, or two with return_indices


def row(*cells: float) -> Tensor:
    """Return an image of one row, (1, 1, W)."""
    return torch.tensor([[cells]])


def gradient(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """Return ∂(Σ output)/∂x: how many windows each cell has won."""
    x.requires_grad_()
    return torch.autograd.grad(max_pool2d(x, *args, **options).sum(), x)[0]


# What it is, by the simplest examples


def test_each_window_answers_with_its_largest_cell() -> None:
    x = torch.tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 9.0]]])
    assert max_pool2d(x, 2).tolist() == [[[5, 9]]]


def test_windows_lie_side_by_side_unless_the_stride_says_otherwise() -> None:
    x = row(1.0, 2.0, 3.0, 4.0, 5.0)
    assert max_pool2d(x, (1, 2)).tolist() == [[[2, 4]]]  # the 5 is left over
    assert max_pool2d(x, (1, 2), stride=1).tolist() == [[[2, 3, 4, 5]]]
    assert max_pool2d(x, (1, 2), stride=3).tolist() == [[[2, 5]]]


def test_ceil_mode_takes_a_last_window_that_hangs_over_the_end_if_it_starts_inside() -> None:
    x = row(1.0, 2.0, 3.0, 4.0, 5.0)
    assert max_pool2d(x, (1, 2), ceil_mode=True).tolist() == [[[2, 4, 5]]]
    assert max_pool2d(x, (1, 1), stride=(1, 3), ceil_mode=True).tolist() == [[[1, 4]]]


def test_dilation_sets_the_cells_of_a_window_apart() -> None:
    x = row(1.0, 9.0, 2.0, 3.0)
    assert max_pool2d(x, (1, 2), stride=1, dilation=(1, 2)).tolist() == [[[2, 9]]]


def test_padding_never_wins() -> None:
    x = row(-3.0, -1.0, -2.0)
    assert max_pool2d(x, 3, stride=1, padding=1).tolist() == [[[-1, -1, -1]]]


def test_indices_say_where_in_the_image_the_winner_is() -> None:
    x = torch.tensor([[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 9.0]]])
    values, indices = max_pool2d(x, 2, return_indices=True)
    assert values.tolist() == [[[5, 9]]]
    assert indices.tolist() == [[[1, 7]]]  # row · W + column
    assert indices.dtype == torch.int64


def test_integers_are_pooled_too() -> None:
    x = torch.tensor([[[1, -5, -7, -6]]], dtype=torch.int8)
    y = max_pool2d(x, (1, 2), padding=(0, 1))
    assert y.tolist() == [[[1, -5, -6]]]
    assert y.dtype == torch.int8


def test_the_result_shares_no_memory_with_the_input() -> None:
    x = row(1.0, 2.0, 3.0)
    assert max_pool2d(x, 1).data_ptr() != x.data_ptr()


# Who gets the gradient


def test_the_gradient_goes_to_the_winner_alone() -> None:
    assert gradient(row(1.0, 3.0, 2.0), (1, 3)).tolist() == [[[0, 1, 0]]]


def test_a_cell_that_wins_several_windows_gets_the_gradient_of_each() -> None:
    assert gradient(row(1.0, 3.0, 2.0), (1, 2), stride=1).tolist() == [[[0, 2, 0]]]


def test_of_equal_cells_the_first_in_reading_order_wins() -> None:
    x = torch.tensor([[[1.0, 7.0], [7.0, 7.0]]])
    assert gradient(x, 2).tolist() == [[[0, 1], [0, 0]]]
    assert gradient(torch.zeros(1, 2, 2), 2).tolist() == [[[1, 0], [0, 0]]]


def test_nan_beats_every_number_and_the_last_nan_every_other() -> None:
    values, indices = max_pool2d(row(nan, inf, nan, 9.0), (1, 4), return_indices=True)
    assert values.isnan().all()
    assert indices.tolist() == [[[2]]]
    assert gradient(row(nan, inf, nan, 9.0), (1, 4)).tolist() == [[[0, 0, 1, 0]]]


def test_a_window_of_minus_infinity_is_won_by_its_first_cell_in_the_image() -> None:
    x = row(-inf, -inf)
    _, indices = max_pool2d(x, (1, 2), stride=1, padding=(0, 1), return_indices=True)
    assert indices.tolist() == [[[0, 0, 1]]]
    assert gradient(x, (1, 2), stride=1, padding=(0, 1)).tolist() == [[[2, 1]]]


def test_a_window_without_a_cell_in_the_image_has_no_winner_and_no_gradient() -> None:
    """Its cells lie left and right of the image. (Torch corrupts memory here.)"""
    x = row(5.0)
    assert max_pool2d(x, (1, 2), padding=(0, 1), dilation=2).tolist() == [[[-inf]]]
    assert gradient(x, (1, 2), padding=(0, 1), dilation=2).tolist() == [[[0]]]


# Held against PyTorch


@given(
    kernel=st.integers(3, 5),
    counts=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from([(1, 0), (0, 1), (1, 1)]),
    seed=st.integers(0, 99),
)
def test_windows_side_by_side_that_begin_in_the_padding(
    kernel: int, counts: tuple[int, int], padding: tuple[int, int], seed: int
) -> None:
    """As many rows as the image has are in windows, but not the same ones."""
    x = fill((2, 3, kernel * counts[0], kernel * counts[1]), INTEGERS, seed)
    case = Case({"input": x}, {"kernel_size": kernel, "padding": padding})
    assert_twins(max_pool2d, twin.max_pool2d, case)


@given(cases.max_pool2d(EXACT))
def test_value_winner_gradient_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(max_pool2d, twin.max_pool2d, case)


@fewer(times=3)
@given(cases.max_pool2d(EXACT))
def test_third_derivatives_are_torchs_too(case: Case) -> None:
    """Routing and picking are each other's adjoints, and so it goes on for ever.

    Torch's second derivative of an empty batch cannot be differentiated.
    """
    assume(case.inputs["input"].numel())
    assert_twins(max_pool2d, twin.max_pool2d, case, order=3)


@given(cases.max_pool2d(SPECIAL))
def test_nan_and_infinity_win_and_lose_as_in_torch(case: Case) -> None:
    assert_twins(max_pool2d, twin.max_pool2d, case)


@given(cases.max_pool2d(ROUNDED))
def test_float32_and_bfloat16_are_pooled_without_rounding(case: Case) -> None:
    assert_twins(max_pool2d, twin.max_pool2d, case, order=1)


@fewer(times=3)
@given(cases.max_pool2d(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(max_pool2d, case)


@given(cases.max_pool2d())
def test_the_result_lies_in_memory_as_the_input_does(case: Case) -> None:
    assert_layout_follows(max_pool2d, case)


# Laws

MONOTONE = {
    "2x + 1": lambda x: 2 * x + 1,
    "x³": lambda x: x * x * x,
    "relu": F.relu,
    "clamp to [-1, 1]": lambda x: x.clamp(-1, 1),
}
poolings = accepted(max_pool2d, cases.max_pool2d().map(lambda case: case.without("return_indices")))


@pytest.mark.parametrize("f", MONOTONE.values(), ids=MONOTONE.keys())
@given(case=poolings)
def test_it_commutes_with_monotone_maps(f: Callable[[Tensor], Tensor], case: Case) -> None:
    """max f(x) = f(max x) for every f that never falls: so relu may come before or after."""
    x = case.inputs["input"]
    assert torch.equal(case.replace(input=f(x)).call(max_pool2d), f(case.call(max_pool2d)))


@given(poolings)
def test_the_indices_lead_to_the_values(case: Case) -> None:
    """x[indices] = max x."""
    values, indices = case.replace(return_indices=True).call(max_pool2d)
    cells = case.inputs["input"].flatten(-2).gather(-1, indices.flatten(-2))
    assert torch.equal(cells, values.flatten(-2))


@given(poolings)
def test_no_gradient_is_lost_or_made(case: Case) -> None:
    """Every window hands its gradient on to one cell: the sums over the images are equal."""
    x = case.inputs["input"].detach().requires_grad_()
    y = case.replace(input=x).call(max_pool2d)
    g = torch.arange(1.0, y.numel() + 1, dtype=y.dtype).view_as(y)
    handed_on = torch.autograd.grad(y, x, g)[0]
    assert_near(handed_on.sum((-1, -2)), g.sum((-1, -2)))


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
    assert torch.equal(case.call(max_pool2d), case.call(naive.max_pool2d))

"""Adaptive pooling: the number of windows is given, and their sizes follow from the image's."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import (
    EXACT,
    NORMAL,
    ROUNDED,
    SPECIAL,
    Case,
    assert_differentiable,
    assert_near,
    assert_twins,
    cases,
)
from minicnn.testing.profiles import fewer

adaptive_max_pool2d: Any = F.adaptive_max_pool2d  # a tensor, or two with return_indices


def row(*cells: float) -> Tensor:
    """Return an image of one row, (1, 1, W)."""
    return torch.tensor([[cells]])


# What it is, by the simplest examples


def test_windows_that_divide_the_image_evenly_lie_side_by_side() -> None:
    x = row(1.0, 3.0, 5.0, 7.0, 9.0, 11.0)
    assert F.adaptive_avg_pool2d(x, (1, 3)).tolist() == [[[2, 6, 10]]]
    assert adaptive_max_pool2d(x, (1, 3)).tolist() == [[[3, 7, 11]]]


def test_where_windows_do_not_divide_the_image_they_overlap() -> None:
    """Window o covers the cells from ⌊o·W/OW⌋ up to, and without, ⌈(o+1)·W/OW⌉."""
    x = row(1.0, 2.0, 4.0, 8.0, 16.0)  # 5 cells in 3 windows: 0 to 1, 1 to 3, 3 to 4
    assert adaptive_max_pool2d(x, (1, 3)).tolist() == [[[2, 8, 16]]]
    torch.testing.assert_close(F.adaptive_avg_pool2d(x, (1, 3)), row(1.5, 14 / 3, 12.0))


def test_with_one_window_it_is_global_pooling() -> None:
    x = torch.tensor([[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]])
    assert F.adaptive_avg_pool2d(x, 1).tolist() == [[[3]], [[1]]]
    assert adaptive_max_pool2d(x, 1).tolist() == [[[6]], [[4]]]


def test_more_windows_than_cells_repeat_the_cells() -> None:
    assert F.adaptive_avg_pool2d(row(1.0, 2.0), (1, 4)).tolist() == [[[1, 1, 2, 2]]]
    assert adaptive_max_pool2d(row(1.0, 2.0), (2, 2)).tolist() == [[[1, 2], [1, 2]]]


def test_none_leaves_a_size_as_it_is() -> None:
    x = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]])
    assert F.adaptive_avg_pool2d(x, (None, 1)).tolist() == [[[1.5], [4.5]]]
    assert adaptive_max_pool2d(x, (1, None)).tolist() == [[[3, 6]]]


def test_indices_say_where_in_the_image_the_winner_is() -> None:
    x = torch.tensor([[[1.0, 2.0], [9.0, 6.0]]])
    values, indices = adaptive_max_pool2d(x, 1, return_indices=True)
    assert (values.tolist(), indices.tolist()) == ([[[9]]], [[[2]]])


@pytest.mark.parametrize("name", ["adaptive_avg_pool2d", "adaptive_max_pool2d"])
def test_no_windows_at_all_have_an_empty_result_and_no_gradient(name: str) -> None:
    """Torch computes the same, but cannot differentiate it."""
    x = torch.ones(2, 1, 3, 3, requires_grad=True)
    y = getattr(F, name)(x, (0, 2))
    assert y.shape == getattr(twin, name)(x, (0, 2)).shape == (2, 1, 0, 2)
    assert not torch.autograd.grad(y.sum(), x)[0].any()


# Held against PyTorch


@given(cases.adaptive_avg_pool2d(EXACT))
def test_means_and_their_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.adaptive_avg_pool2d, twin.adaptive_avg_pool2d, case)


@given(cases.adaptive_max_pool2d(EXACT))
def test_winners_and_their_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.adaptive_max_pool2d, twin.adaptive_max_pool2d, case)


@given(cases.adaptive_avg_pool2d(SPECIAL | ROUNDED))
def test_means_of_nan_infinity_and_every_dtype_are_torchs(case: Case) -> None:
    assert_twins(F.adaptive_avg_pool2d, twin.adaptive_avg_pool2d, case, order=1)


@given(cases.adaptive_max_pool2d(SPECIAL | ROUNDED))
def test_winners_among_nan_infinity_and_every_dtype_are_torchs(case: Case) -> None:
    assert_twins(F.adaptive_max_pool2d, twin.adaptive_max_pool2d, case, order=1)


@fewer(times=3)
@given(cases.adaptive_avg_pool2d(NORMAL))
def test_derivatives_of_means_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.adaptive_avg_pool2d, case)


@fewer(times=3)
@given(cases.adaptive_max_pool2d(NORMAL))
def test_derivatives_of_winners_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.adaptive_max_pool2d, case)


@given(cases.adaptive_avg_pool2d(), st.booleans())
def test_a_contiguous_input_has_a_contiguous_result(case: Case, largest: bool) -> None:
    case = case.plain()
    y = case.call(adaptive_max_pool2d if largest else F.adaptive_avg_pool2d)
    assert y.is_contiguous()


# Laws


@given(cases.adaptive_avg_pool2d())
def test_as_many_windows_as_cells_change_nothing(case: Case) -> None:
    """Every window then is one cell."""
    x = case.inputs["input"]
    size = tuple(x.shape[-2:])
    assert torch.equal(F.adaptive_avg_pool2d(x, size), x)
    assert torch.equal(adaptive_max_pool2d(x, size), x)


@given(cases.adaptive_avg_pool2d())
def test_one_window_holds_the_whole_image(case: Case) -> None:
    """Global pooling: the mean, and the largest, of all cells."""
    x = case.inputs["input"]
    assert_near(F.adaptive_avg_pool2d(x, 1), x.mean((-2, -1), keepdim=True))
    assert torch.equal(adaptive_max_pool2d(x, 1), x.amax((-2, -1), keepdim=True))


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_where_windows_fit_evenly_it_is_ordinary_pooling(
    rows: int, cols: int, k_h: int, k_w: int
) -> None:
    """With H = OH·kH and W = OW·kW the windows are kH × kW, side by side."""
    x = torch.sin(torch.arange(2.0 * rows * k_h * cols * k_w)).view(2, rows * k_h, cols * k_w)
    assert_near(F.adaptive_avg_pool2d(x, (rows, cols)), F.avg_pool2d(x, (k_h, k_w)))
    largest: Any = F.max_pool2d(x, (k_h, k_w))
    assert torch.equal(adaptive_max_pool2d(x, (rows, cols)), largest)

"""Windows as columns: unfold lists them; fold, its adjoint, adds them back up."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import (
    EXACT,
    INTEGERS,
    NORMAL,
    ROUNDED,
    SPECIAL,
    Case,
    accepted,
    assert_differentiable,
    assert_near,
    assert_twins,
    cases,
    fill,
)
from minicnn.testing.cases.geometry import pair
from minicnn.testing.profiles import fewer

# What they are, by the simplest examples


def test_every_window_becomes_a_column_read_row_by_row() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    assert F.unfold(x, kernel_size=2).tolist() == [[1, 2], [2, 3], [4, 5], [5, 6]]


def test_the_columns_follow_the_windows_from_left_to_right_and_then_down() -> None:
    x = torch.arange(9.0).view(1, 3, 3)
    assert F.unfold(x, 2)[0].tolist() == [0, 1, 3, 4]  # the first cell of each window


def test_the_channels_of_a_window_stand_one_below_the_other() -> None:
    x = torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])
    assert F.unfold(x, (1, 2)).tolist() == [[1], [2], [3], [4]]


def test_stride_skips_windows_dilation_skips_cells_and_padding_adds_zeros() -> None:
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    assert F.unfold(x, (1, 2), stride=2).tolist() == [[1, 3], [2, 4]]
    assert F.unfold(x, (1, 2), dilation=(1, 3)).tolist() == [[1], [4]]
    assert F.unfold(x, (1, 2), padding=(0, 1)).tolist() == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 0]]


def test_fold_adds_what_windows_share() -> None:
    columns = torch.tensor([[1.0, 2.0], [10.0, 20.0]])
    assert F.fold(columns, (1, 3), (1, 2)).tolist() == [[[1, 12, 20]]]


def test_fold_drops_what_falls_on_the_padding_and_leaves_zero_what_no_window_holds() -> None:
    columns = torch.tensor([[1.0, 2.0], [10.0, 20.0]])
    assert F.fold(columns, (1, 2), (1, 2), padding=(0, 1), stride=2).tolist() == [[[10, 2]]]
    assert F.fold(columns, (1, 5), (1, 2), stride=2).tolist() == [[[1, 10, 2, 20, 0]]]


# Held against PyTorch


@given(cases.unfold(EXACT))
def test_unfold_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.unfold, twin.unfold, case)


@given(cases.fold(EXACT))
def test_fold_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.fold, twin.fold, case)


@given(cases.unfold(SPECIAL | ROUNDED))
def test_unfold_copies_nan_infinity_and_every_dtype_as_torch_does(case: Case) -> None:
    assert_twins(F.unfold, twin.unfold, case, order=1)


@given(cases.fold(SPECIAL | ROUNDED))
def test_fold_adds_nan_infinity_and_every_dtype_as_torch_does(case: Case) -> None:
    assert_twins(F.fold, twin.fold, case, order=1)


@fewer(times=3)
@given(cases.unfold(NORMAL))
def test_derivatives_of_unfold_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.unfold, case)


@fewer(times=3)
@given(cases.fold(NORMAL))
def test_derivatives_of_fold_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.fold, case)


# Laws

unfoldings = accepted(F.unfold, cases.unfold())


@given(unfoldings)
def test_fold_is_the_adjoint_of_unfold(case: Case) -> None:
    """⟨Ux, g⟩ = ⟨x, Uᵀg⟩ for all x and g: unfold is a matrix U, and fold its transpose."""
    x, columns = case.inputs["input"], case.call(F.unfold)
    g = fill(tuple(columns.shape), INTEGERS, seed=1)
    folded = case.replace(input=g, output_size=tuple(x.shape[-2:])).call(F.fold)
    assert_near((columns * g).sum(), (x * folded).sum())


@given(unfoldings)
def test_each_is_the_gradient_of_the_other(case: Case) -> None:
    """∂⟨Ux, g⟩/∂x = Uᵀg."""
    x = case.inputs["input"].detach().requires_grad_()
    columns = case.replace(input=x).call(F.unfold)
    g = fill(tuple(columns.shape), INTEGERS, seed=1)
    folded = case.replace(input=g, output_size=tuple(x.shape[-2:])).call(F.fold)
    assert_near(torch.autograd.grad(columns, x, g)[0], folded)


@given(unfoldings)
def test_folding_what_was_unfolded_multiplies_each_cell_by_the_windows_that_hold_it(
    case: Case,
) -> None:
    """UᵀU is a diagonal matrix: cell by cell, how many windows hold it."""
    x = case.inputs["input"]

    def there_and_back(x: Tensor) -> Tensor:
        columns = case.replace(input=x).call(F.unfold)
        return case.replace(input=columns, output_size=tuple(x.shape[-2:])).call(F.fold)

    assert_near(there_and_back(x), x * there_and_back(torch.ones_like(x)))


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_windows_side_by_side_are_put_back_together(h: int, w: int, k_h: int, k_w: int) -> None:
    """With the kernel's size as stride each cell is in one window: fold inverts unfold."""
    x = torch.arange(2.0 * h * k_h * w * k_w).view(1, 2, h * k_h, w * k_w)
    columns = F.unfold(x, (k_h, k_w), stride=(k_h, k_w))
    assert torch.equal(F.fold(columns, x.shape[2:], (k_h, k_w), stride=(k_h, k_w)), x)


@given(unfoldings)
def test_convolution_multiplies_the_columns_by_the_kernels(case: Case) -> None:
    """conv(x, w) = W · unfold(x), with a flattened kernel in every row of W."""
    x, columns = case.inputs["input"], case.call(F.unfold)
    options = dict(case.options)
    w = fill((3, x.shape[-3], *pair(options.pop("kernel_size"))), INTEGERS, seed=1)
    assert_near(F.conv2d(x, w, **options).flatten(-2), w.flatten(1) @ columns)

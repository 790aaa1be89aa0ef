"""Transposed convolution: every cell of the input stamps the kernel onto the output."""

import pytest
import torch
from hypothesis import assume, given
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
    assert_layout_follows,
    assert_near,
    assert_twins,
    cases,
    fill,
)
from minicnn.testing.cases.geometry import Pair, pair, reach
from minicnn.testing.profiles import fewer


def image(*rows: list[float]) -> Tensor:
    """Return an image of one channel, (1, H, W)."""
    return torch.tensor([rows])


def kernel(*rows: list[float]) -> Tensor:
    """Return a single kernel for one channel, (1, 1, kH, kW)."""
    return torch.tensor([[rows]])


# What it is, by the simplest examples


def test_a_cell_stamps_the_kernel_scaled_by_its_value() -> None:
    y = F.conv_transpose2d(image([10.0]), kernel([1.0, 2.0], [3.0, 4.0]))
    assert y.tolist() == [[[10, 20], [30, 40]]]


def test_stamps_that_overlap_are_added() -> None:
    y = F.conv_transpose2d(image([1.0, 10.0]), kernel([1.0, 2.0, 3.0]))
    assert y.tolist() == [[[1, 12, 23, 30]]]


def test_stride_sets_the_stamps_apart() -> None:
    x, w = image([1.0, 10.0]), kernel([1.0, 2.0, 3.0])
    assert F.conv_transpose2d(x, w, stride=2).tolist() == [[[1, 2, 13, 20, 30]]]
    assert F.conv_transpose2d(x, w, stride=4).tolist() == [[[1, 2, 3, 0, 10, 20, 30]]]
    assert F.conv_transpose2d(x, kernel([1.0]), stride=3).tolist() == [[[1, 0, 0, 10]]]


def test_a_kernel_of_ones_with_its_own_size_as_stride_enlarges_the_image() -> None:
    y = F.conv_transpose2d(image([1.0, 2.0]), torch.ones(1, 1, 2, 2), stride=2)
    assert y.tolist() == [[[1, 1, 2, 2], [1, 1, 2, 2]]]


def test_padding_cuts_the_border_off() -> None:
    x, w = image([1.0, 10.0]), kernel([1.0, 2.0, 3.0])
    assert F.conv_transpose2d(x, w, padding=(0, 1)).tolist() == [[[12, 23]]]


def test_output_padding_leaves_more_cells_at_the_end() -> None:
    x, w = image([1.0, 10.0]), kernel([1.0, 2.0])
    assert F.conv_transpose2d(x, w, stride=3, output_padding=(0, 2)).tolist() == [
        [[1, 2, 0, 10, 20, 0, 0]]
    ]
    # What padding would cut off shows again.
    y = F.conv_transpose2d(x, w, stride=3, padding=(0, 1), output_padding=(0, 1))
    assert y.tolist() == [[[2, 0, 10, 20]]]


def test_dilation_spreads_the_stamp() -> None:
    y = F.conv_transpose2d(image([1.0, 10.0]), kernel([1.0, 2.0]), dilation=3)
    assert y.tolist() == [[[1, 10, 0, 2, 20]]]


def test_the_weight_is_that_of_the_convolution_so_its_kernels_are_now_the_input_channels() -> None:
    x = torch.tensor([1.0, 10.0]).view(2, 1, 1)
    w = torch.arange(6.0).view(2, 3, 1, 1)
    y = F.conv_transpose2d(x, w, bias=torch.tensor([100.0, 200.0, 300.0]))
    assert y.flatten().tolist() == [130, 241, 352]


def test_groups_split_the_channels_into_runs_that_do_not_see_each_other() -> None:
    x, w = torch.tensor([1.0, 10.0]).view(2, 1, 1), torch.arange(1.0, 5.0).view(2, 2, 1, 1)
    assert F.conv_transpose2d(x, w, groups=2).tolist() == [[[1]], [[2]], [[30]], [[40]]]


# Held against PyTorch


@given(cases.conv_transpose2d(EXACT))
def test_value_gradients_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.conv_transpose2d, twin.conv_transpose2d, case)


@given(cases.conv_transpose2d(), st.data())
def test_each_gradient_is_the_same_if_no_other_is_asked_for(
    case: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(case.inputs)))
    assert_twins(F.conv_transpose2d, twin.conv_transpose2d, case.by(name))


@given(cases.conv_transpose2d(SPECIAL))
def test_nan_and_infinity_reach_what_they_reach_in_torch(case: Case) -> None:
    assert_twins(F.conv_transpose2d, twin.conv_transpose2d, case, order=1)


@given(cases.conv_transpose2d(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(case: Case) -> None:
    assert_twins(F.conv_transpose2d, twin.conv_transpose2d, case, order=1)


@fewer(times=3)
@given(cases.conv_transpose2d(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.conv_transpose2d, case)


@given(cases.conv_transpose2d())
def test_the_result_lies_in_memory_as_the_input_does(case: Case) -> None:
    assert_layout_follows(F.conv_transpose2d, case)


# Laws


def leftover(case: Case) -> Pair:
    """Return the rows and columns at the end that no window of a convolution reaches."""
    x, w = case.inputs["input"], case.inputs["weight"]
    ways = zip(
        x.shape[-2:],
        reach((w.shape[2], w.shape[3]), case.options["dilation"]),
        pair(case.options["padding"]),
        pair(case.options["stride"]),
        strict=True,
    )
    rows, cols = ((n + 2 * p - span) % s for n, span, p, s in ways)
    return rows, cols


# "same" pads unevenly, which a transposed convolution cannot undo.
padded_by_numbers = cases.conv2d().filter(lambda case: not isinstance(case.options["padding"], str))
convolutions = accepted(F.conv2d, padded_by_numbers.map(lambda case: case.without("bias")))


@given(convolutions)
def test_convolution_and_transposed_convolution_are_adjoint(case: Case) -> None:
    """⟨conv(x), g⟩ = ⟨x, convᵀ(g)⟩ for all x and g, as for a matrix: ⟨Mx, g⟩ = ⟨x, Mᵀg⟩."""
    x, y = case.inputs["input"], case.call(F.conv2d)
    g = fill(tuple(y.shape), INTEGERS, seed=1)
    back = case.replace(input=g, output_padding=leftover(case)).call(F.conv_transpose2d)
    assert back.shape == x.shape
    assert_near((y * g).sum(), (x * back).sum())


@given(convolutions)
def test_it_is_the_gradient_of_convolution_by_its_input(case: Case) -> None:
    """For y = conv(x), ∂⟨y, g⟩/∂x = convᵀ(g)."""
    x = case.inputs["input"].detach().requires_grad_()
    y = case.replace(input=x).call(F.conv2d)
    g = fill(tuple(y.shape), INTEGERS, seed=1)
    back = case.replace(input=g, output_padding=leftover(case)).call(F.conv_transpose2d)
    assert_near(torch.autograd.grad(y, x, g)[0], back)


@given(accepted(F.conv_transpose2d, cases.conv_transpose2d()))
def test_convolving_back_restores_the_size(case: Case) -> None:
    """A stride of s brings s sizes down to one; output_padding (< s) says which it was."""
    extra = pair(case.options["output_padding"])
    assume(all(e < s for e, s in zip(extra, pair(case.options["stride"]), strict=True)))
    geometry = case.without("bias").without("output_padding")
    y = case.call(F.conv_transpose2d)
    assert geometry.replace(input=y).call(F.conv2d).shape[-2:] == case.inputs["input"].shape[-2:]


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_size_is_that_of_stamps_set_apart_by_the_stride(stride: int) -> None:
    """OH = (H − 1)·s + d·(kH − 1) + 1, and likewise OW."""
    y = F.conv_transpose2d(torch.ones(1, 4, 5), torch.ones(1, 1, 3, 2), stride=stride, dilation=2)
    assert y.shape[1:] == (3 * stride + 5, 4 * stride + 3)

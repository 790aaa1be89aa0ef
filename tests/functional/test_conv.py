"""Convolution: slide a kernel over an image, and take a scalar product at every place."""

from collections.abc import Sequence
from itertools import product

import pytest
import torch
from hypothesis import given
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


def image(*rows: list[float]) -> Tensor:
    """Return an image of one channel, (1, H, W)."""
    return torch.tensor([rows])


def kernel(*rows: list[float]) -> Tensor:
    """Return a single kernel for one channel, (1, 1, kH, kW)."""
    return torch.tensor([[rows]])


# What convolution is, by the simplest examples


def test_a_kernel_of_one_cell_scales_the_image() -> None:
    x = image([1.0, 2.0], [3.0, 4.0])
    assert F.conv2d(x, kernel([10.0])).tolist() == [[[10, 20], [30, 40]]]


def test_at_every_place_the_cells_are_multiplied_by_the_kernels_and_summed() -> None:
    x = image([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0])
    y = F.conv2d(x, kernel([1.0, 10.0], [100.0, 1000.0]))
    assert y.tolist() == [[[5421, 6532], [8754, 9865]]]


def test_the_kernel_is_not_flipped() -> None:
    """What the field calls convolution is cross-correlation: a lone 1 shows the kernel flipped."""
    y = F.conv2d(image([0.0, 0.0, 1.0, 0.0, 0.0]), kernel([1.0, 2.0, 3.0]))
    assert y.tolist() == [[[3, 2, 1]]]


def test_the_right_kernel_finds_edges() -> None:
    y = F.conv2d(image([0.0, 0.0, 5.0, 5.0, 5.0, 1.0]), kernel([-1.0, 1.0]))
    assert y.tolist() == [[[0, 5, 0, 0, -4]]]


def test_stride_skips_places() -> None:
    x = image([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert F.conv2d(x, kernel([1.0, 1.0])).tolist() == [[[3, 5, 7, 9, 11]]]
    assert F.conv2d(x, kernel([1.0, 1.0]), stride=2).tolist() == [[[3, 7, 11]]]
    assert F.conv2d(x, kernel([1.0, 1.0]), stride=3).tolist() == [[[3, 9]]]  # the 6 is left over


def test_stride_counts_from_the_paddings_first_cell() -> None:
    x = image([1.0, 2.0, 3.0, 4.0])  # between one 0 on the left and one on the right
    y = F.conv2d(x, kernel([10.0]), stride=2, padding=(0, 1))
    assert y.tolist() == [[[0, 20, 40]]]
    y = F.conv2d(x, kernel([1.0, 10.0]), stride=2, padding=(0, 1), dilation=(1, 2))
    assert y.tolist() == [[[20, 42]]]


def test_padding_surrounds_the_image_with_zeros() -> None:
    x, w = image([1.0, 2.0]), kernel([1.0, 10.0])
    assert F.conv2d(x, w, padding=(0, 2)).tolist() == [[[0, 10, 21, 2, 0]]]
    assert F.conv2d(x, w, padding=(1, 0)).tolist() == [[[0], [21], [0]]]


def test_dilation_sets_the_kernels_cells_apart() -> None:
    x = image([1.0, 2.0, 3.0, 4.0, 5.0])
    assert F.conv2d(x, kernel([1.0, 10.0]), dilation=(1, 3)).tolist() == [[[41, 52]]]


def test_padding_same_keeps_the_size_and_puts_an_odd_cell_at_the_end() -> None:
    x, w = image([1.0, 2.0, 3.0]), kernel([1.0, 10.0])
    assert F.conv2d(x, w, padding="same").tolist() == [[[21, 32, 3]]]
    assert F.conv2d(x, w, padding="valid").tolist() == [[[21, 32]]]


def test_channels_are_summed_and_every_kernel_makes_one_channel() -> None:
    x = torch.tensor([[[1.0]], [[2.0]], [[3.0]]])  # 3 channels of one cell
    w = torch.tensor([[1.0, 10.0, 100.0], [1.0, 1.0, 1.0]]).view(2, 3, 1, 1)
    assert F.conv2d(x, w).flatten().tolist() == [321, 6]


def test_bias_is_added_everywhere_in_its_channel() -> None:
    y = F.conv2d(image([1.0, 2.0]), torch.ones(2, 1, 1, 1), bias=torch.tensor([10.0, 20.0]))
    assert y.tolist() == [[[11, 12]], [[21, 22]]]


def test_groups_split_the_channels_into_runs_that_do_not_see_each_other() -> None:
    x, w = torch.arange(1.0, 5).view(4, 1, 1), torch.tensor([1.0, 10, 1, 100]).view(2, 2, 1, 1)
    assert F.conv2d(x, w, groups=2).tolist() == [[[21]], [[403]]]


def test_an_empty_batch_has_an_empty_result() -> None:
    assert F.conv2d(torch.zeros(0, 3, 5, 5), torch.ones(7, 3, 3, 3)).shape == (0, 7, 3, 3)


def test_a_kernel_as_large_as_the_padded_image_fits_once_and_a_larger_one_is_refused() -> None:
    x = torch.ones(1, 3, 4)
    assert F.conv2d(x, torch.ones(1, 1, 5, 6), padding=1).tolist() == [[[12]]]
    with pytest.raises(ValueError, match="reaches over 6 cells, more than the padded input's 5"):
        F.conv2d(x, torch.ones(1, 1, 6, 6), padding=1)


# The same, for whatever hypothesis comes up with: compared with PyTorch


@given(cases.conv2d(EXACT))
def test_value_gradients_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.conv2d, twin.conv2d, case)


@given(cases.conv2d(), st.data())
def test_each_gradient_is_the_same_if_no_other_is_asked_for(
    case: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(case.inputs)))
    assert_twins(F.conv2d, twin.conv2d, case.by(name))


@given(cases.conv2d(SPECIAL))
def test_nan_and_infinity_reach_what_they_reach_in_torch(case: Case) -> None:
    assert_twins(F.conv2d, twin.conv2d, case, order=1)


@given(cases.conv2d(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(case: Case) -> None:
    assert_twins(F.conv2d, twin.conv2d, case, order=1)


@fewer(times=3)
@given(cases.conv2d(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.conv2d, case)


@given(cases.conv2d())
def test_the_result_lies_in_memory_as_the_input_does(case: Case) -> None:
    assert_layout_follows(F.conv2d, case)


@given(accepted(F.conv2d, cases.conv2d()))
def test_the_gradient_of_a_contiguous_image_is_contiguous_however_that_of_the_result_lies(
    case: Case,
) -> None:
    x = case.inputs["input"].contiguous().requires_grad_()
    y = case.replace(input=x).call(F.conv2d)
    reversed_dims = tuple(reversed(range(y.ndim)))
    g = torch.ones_like(y.permute(reversed_dims).contiguous()).permute(reversed_dims)
    assert torch.autograd.grad(y, x, g)[0].is_contiguous()


# Laws

convolutions = accepted(F.conv2d, cases.conv2d().map(lambda case: case.without("bias")))
unpadded = accepted(F.conv2d, cases.conv2d().map(lambda case: case.replace(padding=0)))


@given(convolutions, st.integers(-3, 3))
def test_convolution_is_linear_in_the_image(case: Case, a: int) -> None:
    """conv(a·x + x', w) = a·conv(x, w) + conv(x', w)."""
    x = case.inputs["input"]
    other = fill(tuple(x.shape), INTEGERS, seed=1)
    expected = a * case.call(F.conv2d) + case.replace(input=other).call(F.conv2d)
    assert_near(case.replace(input=a * x + other).call(F.conv2d), expected)


@given(convolutions, st.integers(-3, 3))
def test_convolution_is_linear_in_the_kernels(case: Case, a: int) -> None:
    """conv(x, a·w + w') = a·conv(x, w) + conv(x, w')."""
    w = case.inputs["weight"]
    other = fill(tuple(w.shape), INTEGERS, seed=1)
    expected = a * case.call(F.conv2d) + case.replace(weight=other).call(F.conv2d)
    assert_near(case.replace(weight=a * w + other).call(F.conv2d), expected)


@given(unpadded, st.data())
def test_convolution_is_equivariant_to_translation(case: Case, data: st.DataObject) -> None:
    """Without its first a·s rows and b·s columns, the image's result lacks a rows and b columns."""
    y, (s_h, s_w) = case.call(F.conv2d), pair(case.options["stride"])
    a, b = (data.draw(st.integers(0, size - 1)) for size in y.shape[-2:])
    moved = case.inputs["input"][..., a * s_h :, b * s_w :]
    assert_near(case.replace(input=moved).call(F.conv2d), y[..., a:, b:])


@given(cases.conv2d())
def test_convolution_with_kernels_of_one_cell_is_linear_over_channels(case: Case) -> None:
    """conv(x, w)[…, h, w] = W x[…, h, w], with the same matrix W at every place."""
    x = case.inputs["input"]
    weight = fill((4, x.shape[-3]), INTEGERS, seed=1)
    expected = F.linear(x.movedim(-3, -1), weight).movedim(-1, -3)
    assert_near(F.conv2d(x, weight[:, :, None, None]), expected)


@given(unpadded)
def test_convolution_is_multiplication_by_a_sparse_matrix(case: Case) -> None:
    """conv(x, w) = M x, where every row of M holds a kernel's numbers, shifted on, among zeros."""
    case = case.without("bias")
    x, y = case.inputs["input"], case.call(F.conv2d)
    matrix = convolution_matrix(case, x.shape[-3:], y.shape[-3:])
    assert_near(y.reshape(-1, matrix.shape[0]), x.reshape(-1, matrix.shape[1]) @ matrix.mT)


def convolution_matrix(case: Case, image: Sequence[int], out: Sequence[int]) -> Tensor:
    """Return M (O·OH·OW, C·H·W): what every cell of the output takes of every cell of the image."""
    (s_h, s_w), (d_h, d_w) = pair(case.options["stride"]), pair(case.options["dilation"])
    weight, kernels_of_a_group = case.inputs["weight"], out[0] // case.options["groups"]
    matrix = torch.zeros(*out, *image, dtype=weight.dtype)
    for o, c, i, j in product(*map(range, weight.shape)):
        channel = o // kernels_of_a_group * weight.shape[1] + c
        for oh, ow in product(*map(range, out[1:])):
            matrix[o, oh, ow, channel, oh * s_h + i * d_h, ow * s_w + j * d_w] = weight[o, c, i, j]
    return matrix.flatten(3).flatten(0, 2)


# The naive forms, which nobody can misread, agree


@st.composite
def small_convolutions(draw: st.DrawFn) -> Case:
    """Draw what seven nested loops get done in time; ints only."""
    groups = draw(st.integers(1, 2))
    k, d, p = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(0, 1))
    height, width = (d * (k - 1) + 1 + draw(st.integers(0, 2)) for _ in "HW")
    weight = fill((2, 2 // groups, k, k), INTEGERS, seed=draw(st.integers(0, 99)))
    x = fill((draw(st.integers(0, 2)), 2, height, width), INTEGERS, seed=draw(st.integers(0, 99)))
    options = {"stride": draw(st.integers(1, 2)), "padding": p, "dilation": d, "groups": groups}
    return Case({"input": x, "weight": weight, "bias": weight[:, 0, 0, 0].clone()}, options)


@given(small_convolutions())
def test_seven_nested_loops_compute_the_same(case: Case) -> None:
    assert torch.equal(case.call(F.conv2d), case.call(naive.conv2d))


@given(small_convolutions())
def test_unfold_matmul_fold_compute_the_same_and_its_derivatives(case: Case) -> None:
    inputs = {"input": case.inputs["input"], "weight": fill((3, 2, 2, 1), INTEGERS, seed=0)}

    def classic(input: Tensor, weight: Tensor) -> Tensor:
        return naive.ClassicConv2d.apply(input, weight)

    assert_twins(classic, F.conv2d, Case(inputs, {}))

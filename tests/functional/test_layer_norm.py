"""Layer and group normalisation: each example by its own mean and variance."""

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
    accepted,
    assert_differentiable,
    assert_near,
    assert_twins,
    cases,
    fill,
)
from minicnn.testing.profiles import fewer
from minicnn.testing.tensors import Numbers

POSITIVE = Numbers(torch.float64, "positive")
ROWS = torch.tensor([[1.0, 3.0, 5.0, 7.0], [10.0, 10.0, 20.0, 20.0]])


def with_weight(options: dict[str, Any], size: Any) -> dict[str, Any]:
    """Give torch a weight of ones where it gets a bias alone: its second derivatives fail then."""
    bias = options.get("bias")
    if bias is None:
        return options
    return {"weight": torch.ones(size, dtype=bias.dtype), **options}


def torch_layer_norm(input: Tensor, normalized_shape: tuple[int, ...], **options: Any) -> Tensor:
    options = with_weight(options, normalized_shape)
    return twin.layer_norm(input, normalized_shape, **options)


def torch_group_norm(input: Tensor, num_groups: int, **options: Any) -> Tensor:
    options = with_weight(options, input.shape[1])
    return twin.group_norm(input, num_groups, **options)


# What they are, by the simplest examples


def test_layer_norm_gives_each_row_mean_0_and_variance_1() -> None:
    y = F.layer_norm(ROWS, (4,), eps=0)
    assert (y[0] * 5**0.5).tolist() == pytest.approx([-3, -1, 1, 3])
    assert y[1].tolist() == [-1, -1, 1, 1]


def test_normalized_shape_says_over_how_many_of_the_last_dimensions() -> None:
    x = ROWS.view(2, 2, 2)
    assert F.layer_norm(x, (2,), eps=0)[0].tolist() == [[-1, 1], [-1, 1]]
    assert torch.equal(F.layer_norm(x, (2, 2)).flatten(1), F.layer_norm(ROWS, (4,)))


def test_group_norm_gives_each_group_of_channels_mean_0_and_variance_1() -> None:
    assert F.group_norm(ROWS[:1], 2, eps=0).tolist() == [[-1, 1, -1, 1]]
    assert torch.equal(F.group_norm(ROWS, 1), F.layer_norm(ROWS, (4,)))


def test_a_group_is_a_run_of_channels_with_all_their_places() -> None:
    x = torch.tensor([[[1.0, 1.0], [3.0, 3.0], [10.0, 30.0]]])  # three channels of two places
    assert F.group_norm(x, 3, eps=1e-30)[0].tolist() == [[0, 0], [0, 0], [-1, 1]]
    y = F.group_norm(x.repeat(1, 2, 1), 2, eps=1e-30)
    assert torch.equal(y[:, :3], y[:, 3:])


def test_weight_and_bias_are_of_each_place_in_layer_norm_and_of_each_channel_in_group_norm() -> (
    None
):
    x = torch.tensor([[[-1.0, 1.0], [-1.0, 1.0]]])
    w, b = torch.tensor([1.0, 10.0]), torch.tensor([0.5, 0.0])
    assert F.layer_norm(x, (2,), w, b, eps=0).tolist() == [[[-0.5, 10], [-0.5, 10]]]
    assert F.group_norm(x, 2, w, b, eps=0).tolist() == [[[-0.5, 1.5], [-10, 10]]]


def test_eps_is_added_to_the_variance_under_the_root() -> None:
    """±1 / √(1 + 3)."""
    x = torch.tensor([[1.0, 3.0]])
    assert F.layer_norm(x, (2,), eps=3.0).tolist() == [[-0.5, 0.5]]
    assert F.group_norm(x, 1, eps=3.0).tolist() == [[-0.5, 0.5]]


# Held against PyTorch


@given(cases.layer_norm(EXACT))
def test_layer_norm_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.layer_norm, torch_layer_norm, case)


@given(cases.group_norm(EXACT))
def test_group_norm_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.group_norm, torch_group_norm, case)


@given(cases.layer_norm(SPECIAL), cases.group_norm(SPECIAL))
def test_nan_and_infinity_reach_what_they_reach_in_torch(layer: Case, group: Case) -> None:
    assert_twins(F.layer_norm, torch_layer_norm, layer, order=1)
    assert_twins(F.group_norm, torch_group_norm, group, order=1)


@given(cases.layer_norm(ROUNDED), cases.group_norm(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(
    layer: Case, group: Case
) -> None:
    """With an eps of 1, since dividing by a small σ enlarges every rounding error."""
    assert_twins(F.layer_norm, torch_layer_norm, layer.replace(eps=1.0), order=1)
    assert_twins(F.group_norm, torch_group_norm, group.replace(eps=1.0), order=1)


@fewer(times=3)
@given(cases.layer_norm(NORMAL), cases.group_norm(NORMAL))
def test_derivatives_are_limits_of_differences(layer: Case, group: Case) -> None:
    assert_differentiable(F.layer_norm, layer.replace(eps=0.1))
    assert_differentiable(F.group_norm, group.replace(eps=0.1))


# Laws


@given(accepted(F.layer_norm, cases.layer_norm()), st.floats(0.1, 10), st.floats(-10, 10))
def test_the_unit_and_the_zero_point_of_an_example_do_not_matter(
    case: Case, a: float, b: float
) -> None:
    """layer_norm(a·x + b) = layer_norm(x) for a > 0, if eps is scaled like the variance."""
    x, eps = case.inputs["input"], case.options["eps"]
    moved = case.replace(input=a * x + b, eps=a * a * eps)
    assert_near(moved.call(F.layer_norm), case.call(F.layer_norm))


@given(st.integers(1, 3), st.integers(1, 2), st.integers(2, 3), st.integers(0, 99))
def test_examples_do_not_see_each_other(groups: int, width: int, batch: int, seed: int) -> None:
    x = fill((batch, groups * width, 3), POSITIVE, seed)
    alone = torch.cat([F.group_norm(example, groups) for example in x.split(1)])
    assert_near(F.group_norm(x, groups), alone)


@given(st.integers(0, 99))
def test_the_gradient_is_orthogonal_to_what_normalising_takes_away(seed: int) -> None:
    """Σ ∂x = 0 and Σ ∂x·x̂ = 0, since neither a shift nor a scaling of x changes the result."""
    x = fill((3, 6), POSITIVE, seed).requires_grad_()
    y = F.layer_norm(x, (6,), eps=1e-30)
    (g,) = torch.autograd.grad(y, x, fill((3, 6), POSITIVE, seed + 1))
    zero = torch.zeros(3, dtype=g.dtype)
    assert_near(g.sum(1), zero)
    assert_near((g * y.detach()).sum(1), zero)

"""The linear layer: every output is a weighted sum of all inputs."""

import torch
from hypothesis import given
from hypothesis import strategies as st
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
from minicnn.testing.profiles import fewer

# What it is, by the simplest examples


def test_every_row_of_the_weight_makes_one_output() -> None:
    weight = torch.tensor([[1.0, 10.0, 100.0], [1.0, 1.0, 1.0]])
    assert F.linear(torch.tensor([1.0, 2.0, 3.0]), weight).tolist() == [321, 6]


def test_bias_is_added_to_every_row() -> None:
    x, weight = torch.tensor([[1.0], [2.0]]), torch.tensor([[10.0]])
    assert F.linear(x, weight, torch.tensor([0.5])).tolist() == [[10.5], [20.5]]


def test_leading_dimensions_stay() -> None:
    assert F.linear(torch.ones(2, 3, 0, 5), torch.ones(7, 5)).shape == (2, 3, 0, 7)


def test_a_weight_of_one_dimension_makes_one_output_without_its_dimension() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert F.linear(x, torch.tensor([1.0, 10.0])).tolist() == [21, 43]


def test_without_features_the_bias_is_left() -> None:
    """An empty sum is 0."""
    y = F.linear(torch.ones(2, 0), torch.ones(3, 0), torch.tensor([1.0, 2.0, 3.0]))
    assert y.tolist() == [[1, 2, 3], [1, 2, 3]]


def test_gradients_by_hand() -> None:
    """For y = x Wᵀ + b and a gradient g: ∂x = g W, ∂W = gᵀ x, ∂b = Σ g."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    weight = torch.tensor([[10.0, 20.0]], requires_grad=True)
    bias = torch.tensor([0.5], requires_grad=True)
    g = torch.tensor([[1.0], [100.0]])
    gradients = torch.autograd.grad(F.linear(x, weight, bias), (x, weight, bias), g)
    assert gradients[0].tolist() == [[10, 20], [1000, 2000]]
    assert gradients[1].tolist() == [[301, 402]]
    assert gradients[2].tolist() == [101]


# Held against PyTorch


@given(cases.linear(EXACT))
def test_value_gradients_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.linear, twin.linear, case)


@given(cases.linear(), st.data())
def test_each_gradient_is_the_same_if_no_other_is_asked_for(
    case: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(case.inputs)))
    assert_twins(F.linear, twin.linear, case.by(name))


@given(cases.linear(SPECIAL))
def test_nan_and_infinity_reach_what_they_reach_in_torch(case: Case) -> None:
    assert_twins(F.linear, twin.linear, case, order=1)


@given(cases.linear(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(case: Case) -> None:
    assert_twins(F.linear, twin.linear, case, order=1)


@fewer(times=3)
@given(cases.linear(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.linear, case)


# Laws

without_bias = accepted(F.linear, cases.linear().map(lambda case: case.without("bias")))


@given(without_bias, st.integers(-3, 3))
def test_it_is_linear(case: Case, a: int) -> None:
    """W(a·x + x') = a·Wx + Wx', which is what its name says."""
    x = case.inputs["input"]
    other = fill(tuple(x.shape), INTEGERS, seed=1)
    expected = a * case.call(F.linear) + case.replace(input=other).call(F.linear)
    assert_near(case.replace(input=a * x + other).call(F.linear), expected)


@given(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_two_in_a_row_are_one(n: int, inputs: int, hidden: int, outputs: int) -> None:
    """B(Ax) = (BA)x: without an activation in between, depth gains nothing."""
    x = fill((n, inputs), INTEGERS, seed=0)
    a, b = fill((hidden, inputs), INTEGERS, seed=1), fill((outputs, hidden), INTEGERS, seed=2)
    assert torch.equal(F.linear(F.linear(x, a), b), F.linear(x, b @ a))

"""Smooth activations: sigmoid, tanh, silu and gelu; and leaky_relu."""

from collections.abc import Callable
from math import erf, exp, inf, nan, pi, tanh

import pytest
import torch
from hypothesis import given
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

# What they are, by the simplest examples


def test_leaky_relu_multiplies_negative_numbers_by_its_slope() -> None:
    assert F.leaky_relu(torch.tensor([-2.0, 0.0, 3.0]), 0.25).tolist() == [-0.5, 0, 3]


def test_the_gradient_of_leaky_relu_is_1_or_the_slope_which_counts_at_zero() -> None:
    x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    (g,) = torch.autograd.grad(F.leaky_relu(x, 0.5), x, torch.tensor([10.0, 20.0, 30.0]))
    assert g.tolist() == [5, 10, 30]


def test_sigmoid_is_the_probability_whose_odds_are_the_exponential() -> None:
    """σ(log 3) = ¾: three to one."""
    y = F.sigmoid(torch.tensor([0.0, 3.0, 1 / 3]).log())
    assert y.tolist() == pytest.approx([0, 3 / 4, 1 / 4])


def test_tanh_is_the_quotient_of_its_exponentials() -> None:
    y = F.tanh(torch.tensor([-2.0, 0.5]).double())
    assert y.tolist() == pytest.approx([tanh(-2), tanh(0.5)], rel=1e-15)


def test_silu_is_x_times_its_sigmoid() -> None:
    assert F.silu(torch.tensor([1.0, -2.0])).tolist() == pytest.approx(
        [1 / (1 + exp(-1)), -2 / (1 + exp(2))]
    )


def test_gelu_is_x_times_the_normal_distribution_function() -> None:
    y = F.gelu(torch.tensor([1.0, -2.0]))
    expected = [x * (1 + erf(x / 2**0.5)) / 2 for x in (1, -2)]
    assert y.tolist() == pytest.approx(expected)


def test_the_tanh_form_of_gelu_is_close_to_it_and_not_it() -> None:
    x = torch.linspace(-6, 6, 1201).double()
    gap = (F.gelu(x, approximate="tanh") - F.gelu(x)).abs().max().item()
    assert 1e-4 < gap < 5e-4
    (y,) = F.gelu(torch.tensor([2.0]).double(), approximate="tanh").tolist()
    assert y == pytest.approx(1 + tanh((2 / pi) ** 0.5 * (2 + 0.044715 * 8)))


@pytest.mark.parametrize("f", [F.sigmoid, F.tanh])
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_integers_become_floating_point(f: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    x = torch.tensor([0, 1])
    assert torch.equal(f(x.to(dtype)), f(x.float()))


@pytest.mark.parametrize("size", [1e3, 1e30, inf])
def test_huge_numbers_do_not_overflow(size: float) -> None:
    x = torch.tensor([-size, size])
    assert F.sigmoid(x).tolist() == [0, 1]
    assert F.tanh(x).tolist() == [-1, 1]
    assert F.silu(x)[1].item() == F.gelu(x)[1].item() == x[1].item()


@pytest.mark.parametrize("size", [1e-3, 1e-10, 1e-30])
def test_tanh_of_a_small_number_keeps_its_digits(size: float) -> None:
    y = F.tanh(torch.tensor([size, -size], dtype=torch.float64))
    assert y.tolist() == pytest.approx([tanh(size), -tanh(size)], rel=1e-15, abs=0)


@pytest.mark.parametrize("name", ["leaky_relu", "sigmoid", "tanh", "silu", "gelu"])
def test_they_let_nan_through(name: str) -> None:
    assert getattr(F, name)(torch.tensor([nan])).isnan().all()


# Held against PyTorch


@given(cases.leaky_relu(EXACT | SPECIAL | ROUNDED))
def test_leaky_relu_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.leaky_relu, twin.leaky_relu, case)


@given(cases.sigmoid(EXACT | SPECIAL | ROUNDED))
def test_sigmoid_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.sigmoid, twin.sigmoid, case)


@given(cases.tanh(EXACT | SPECIAL | ROUNDED))
def test_tanh_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.tanh, twin.tanh, case)


@given(cases.silu(EXACT | ROUNDED))
def test_silu_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.silu, twin.silu, case)


@given(cases.gelu(EXACT | ROUNDED))
def test_gelu_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.gelu, twin.gelu, case)


@given(cases.silu(SPECIAL))
def test_silu_of_nan_and_infinity_is_torchs(case: Case) -> None:
    assert_twins(F.silu, twin.silu, case, order=1)


@given(cases.gelu(SPECIAL))
def test_gelu_of_nan_and_infinity_is_torchs(case: Case) -> None:
    assert_twins(F.gelu, twin.gelu, case, order=1)


@pytest.mark.parametrize("name", ["leaky_relu", "sigmoid", "tanh", "silu", "gelu"])
@fewer(times=3)
@given(case=cases.gelu(NORMAL))
def test_derivatives_are_limits_of_differences(name: str, case: Case) -> None:
    case = case if name == "gelu" else case.without("approximate")
    assert_differentiable(getattr(F, name), case)


# Laws


@given(cases.relu())
def test_sigmoid_and_tanh_are_one_curve_of_two_sizes(case: Case) -> None:
    """tanh(x) = 2 σ(2x) − 1, and σ(−x) = 1 − σ(x)."""
    x = case.inputs["input"]
    assert_near(F.tanh(x), 2 * F.sigmoid(2 * x) - 1)
    assert_near(F.sigmoid(-x), 1 - F.sigmoid(x))


@given(cases.relu())
def test_tanh_is_odd_to_the_last_bit(case: Case) -> None:
    x = case.inputs["input"]
    assert torch.equal(F.tanh(-x), -F.tanh(x))


@given(cases.gelu())
def test_silu_and_gelu_differ_from_their_mirror_image_by_x(case: Case) -> None:
    """f(x) − f(−x) = x."""
    x = case.inputs["input"]
    assert_near(F.silu(x) - F.silu(-x), x)
    mirrored = case.replace(input=-x)
    assert_near(case.call(F.gelu) - mirrored.call(F.gelu), x)


@given(cases.relu())
def test_a_leaky_relu_of_slope_0_is_relu_and_of_slope_1_nothing(case: Case) -> None:
    x = case.inputs["input"]
    assert torch.equal(F.leaky_relu(x, 0), F.relu(x))
    assert torch.equal(F.leaky_relu(x, 1), x)

"""Activations: relu between the layers, softmax at the end."""

from math import inf, log, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
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
)
from minicnn.testing.profiles import fewer

# What they are, by the simplest examples


def test_relu_replaces_negative_numbers_by_zero() -> None:
    assert F.relu(torch.tensor([-2.0, 0.0, 3.0])).tolist() == [0, 0, 3]


def test_the_gradient_passes_relu_where_the_input_is_positive_and_stops_at_zero() -> None:
    x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    (g,) = torch.autograd.grad(F.relu(x), x, torch.tensor([10.0, 20.0, 30.0]))
    assert g.tolist() == [0, 0, 30]


def test_relu_lets_nan_through_so_that_no_error_goes_unseen() -> None:
    assert F.relu(torch.tensor([nan])).isnan().all()


def test_relu_of_integers() -> None:
    assert F.relu(torch.tensor([-2, 3])).tolist() == [0, 3]


def test_softmax_turns_scores_into_probabilities_in_proportion_to_their_exponentials() -> None:
    scores = torch.tensor([log(1.0), log(2.0), log(5.0)])
    assert F.softmax(scores, dim=0).tolist() == pytest.approx([1 / 8, 2 / 8, 5 / 8])


def test_log_softmax_is_its_logarithm() -> None:
    scores = torch.tensor([log(1.0), log(3.0)])
    assert F.log_softmax(scores, dim=0).tolist() == pytest.approx([log(1 / 4), log(3 / 4)])


def test_dim_says_which_scores_compete() -> None:
    x = torch.zeros(2, 4)
    assert F.softmax(x, dim=0).unique().tolist() == [1 / 2]
    assert F.softmax(x, dim=1).unique().tolist() == [1 / 4]


def test_dtype_converts_the_scores_first() -> None:
    scores = torch.tensor([1, 1])
    y = F.softmax(scores, dim=0, dtype=torch.float64)
    assert (y.tolist(), y.dtype) == ([0.5, 0.5], torch.float64)


@pytest.mark.parametrize("size", [1e3, 1e30, 3e38])
def test_huge_scores_do_not_overflow(size: float) -> None:
    """exp(1000) is ∞ and exp(−1000) is 0, yet softmax and its logarithm are right."""
    scores = torch.tensor([size, size, -size])
    assert F.softmax(scores, dim=0).tolist() == [0.5, 0.5, 0]
    y = F.log_softmax(scores, dim=0)
    assert y[:2].tolist() == pytest.approx([-log(2)] * 2)
    torch.testing.assert_close(y[2], -scores[0] - scores[0] - log(2))


def test_a_score_of_minus_infinity_has_no_chance() -> None:
    scores = torch.tensor([0.0, -inf])
    assert F.softmax(scores, dim=0).tolist() == [1, 0]
    assert F.log_softmax(scores, dim=0).tolist() == [0, -inf]


# Held against PyTorch


@given(cases.relu(EXACT | SPECIAL | ROUNDED))
def test_relu_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.relu, twin.relu, case)


@given(cases.relu(EXACT | SPECIAL), st.sampled_from([inf, -inf, nan]), st.booleans())
def test_a_gradient_that_is_not_finite_stops_where_relus_does(
    case: Case, value: float, everywhere: bool
) -> None:
    x = case.inputs["input"].detach().requires_grad_()
    g = torch.full_like(x, value)
    if not everywhere:
        g = torch.where(torch.arange(x.numel()).view_as(x) % 2 == 0, g, 1)
    for ours, theirs in ((F.relu, twin.relu), (F.leaky_relu, twin.leaky_relu)):
        actual, expected = (torch.autograd.grad(f(x), x, g)[0] for f in (ours, theirs))
        assert_near(actual, expected, "derivative")


@given(cases.softmax(EXACT))
def test_softmax_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.softmax, twin.softmax, case)


@given(cases.log_softmax(EXACT))
def test_log_softmax_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.log_softmax, twin.log_softmax, case)


@given(cases.softmax(SPECIAL | ROUNDED))
def test_softmax_of_nan_infinity_and_every_dtype_is_torchs(case: Case) -> None:
    assert_twins(F.softmax, twin.softmax, case, order=1)


@given(cases.log_softmax(SPECIAL | ROUNDED))
def test_log_softmax_of_nan_infinity_and_every_dtype_is_torchs(case: Case) -> None:
    assert_twins(F.log_softmax, twin.log_softmax, case, order=1)


@fewer(times=3)
@given(cases.relu(NORMAL))
def test_derivatives_of_relu_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.relu, case)


@fewer(times=3)
@given(cases.softmax(NORMAL))
def test_derivatives_of_softmax_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.softmax, case)


@fewer(times=3)
@given(cases.log_softmax(NORMAL))
def test_derivatives_of_log_softmax_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(F.log_softmax, case)


# Laws

scores = accepted(F.softmax, cases.softmax())


@given(scores)
def test_probabilities_are_not_negative_and_sum_to_one(case: Case) -> None:
    """y ≥ 0 and Σ y = 1, along the dimension chosen."""
    y = case.call(F.softmax)
    assert (y >= 0).all()
    total = y.sum(case.options["dim"])
    assert_near(total, torch.ones_like(total) if y.numel() else total)


@given(scores, st.floats(-1e3, 1e3))
def test_adding_a_constant_to_all_scores_changes_nothing(case: Case, constant: float) -> None:
    """softmax(x + c) = softmax(x): only differences of scores matter."""
    moved = case.replace(input=case.inputs["input"] + constant)
    assert_near(moved.call(F.softmax), case.call(F.softmax))
    assert_near(moved.call(F.log_softmax), case.call(F.log_softmax))


@given(scores)
def test_log_softmax_is_the_logarithm_of_softmax(case: Case) -> None:
    """log_softmax(x) = log softmax(x), where the latter does not underflow."""
    assert_near(case.call(F.log_softmax), case.call(F.softmax).log())


@given(scores)
def test_the_gradient_of_softmax_sums_to_zero(case: Case) -> None:
    """What one probability gains, the others lose: Σ_i ∂⟨y, g⟩/∂x_i = 0."""
    x = case.inputs["input"].detach().requires_grad_()
    y = case.replace(input=x).call(F.softmax)
    (g,) = torch.autograd.grad(y, x, torch.arange(float(y.numel()), dtype=y.dtype).view_as(y))
    total = g.sum(case.options["dim"])
    assert_near(total, torch.zeros_like(total))


@given(cases.relu())
def test_relu_twice_is_relu(case: Case) -> None:
    """relu(relu(x)) = relu(x)."""
    once = case.call(F.relu)
    assert torch.equal(F.relu(once), once)


@given(cases.relu())
def test_a_number_is_the_difference_of_two_relus(case: Case) -> None:
    """x = relu(x) − relu(−x)."""
    x = case.inputs["input"]
    assert torch.equal(F.relu(x) - F.relu(-x), x)

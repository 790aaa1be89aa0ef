"""Losses: how surprised a classifier is by the right answers."""

from math import inf, log

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
    assert_near,
    assert_twins,
    cases,
    fill,
)
from minicnn.testing.profiles import fewer


def label(*labels: int) -> Tensor:
    """Return labels, (N,)."""
    return torch.tensor(labels)


# What they are, by the simplest examples


def test_nll_loss_picks_the_log_probability_of_the_label_and_turns_its_sign() -> None:
    log_probabilities = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    assert F.nll_loss(log_probabilities, label(1, 0), reduction="none").tolist() == [2, 3]


def test_cross_entropy_does_so_after_log_softmax() -> None:
    logits = torch.tensor([[log(1.0), log(4.0)]])  # probabilities 1/5 and 4/5
    assert F.cross_entropy(logits, label(1)).item() == pytest.approx(-log(4 / 5))


def test_who_has_no_idea_loses_log_c_and_who_is_sure_and_right_nothing() -> None:
    assert F.cross_entropy(torch.zeros(1, 10), label(3)).item() == pytest.approx(log(10))
    assert F.cross_entropy(torch.tensor([[100.0, 0.0]]), label(0)).item() == 0
    assert F.cross_entropy(torch.tensor([[100.0, 0.0]]), label(1)).item() == 100


def test_the_reductions() -> None:
    x, t = torch.tensor([[-1.0, -2.0], [-4.0, -8.0]]), label(0, 1)
    assert F.nll_loss(x, t, reduction="none").tolist() == [1, 8]
    assert F.nll_loss(x, t, reduction="sum").item() == 9
    assert F.nll_loss(x, t, reduction="mean").item() == 4.5
    assert F.nll_loss(x, t).item() == 4.5


def test_class_weights_make_a_weighted_mean() -> None:
    x, t, weight = torch.tensor([[-1.0, -2.0], [-4.0, -8.0]]), label(0, 1), torch.tensor([3.0, 1.0])
    assert F.nll_loss(x, t, weight, reduction="none").tolist() == [3, 8]
    assert F.nll_loss(x, t, weight).item() == (3 * 1 + 1 * 8) / (3 + 1)


def test_ignored_labels_count_neither_above_nor_below_the_fraction_bar() -> None:
    x, t = torch.tensor([[-1.0, -2.0], [-4.0, -8.0], [-inf, -inf]]), label(0, 1, -100)
    assert F.nll_loss(x, t).item() == 4.5
    assert F.nll_loss(x, t, reduction="none").tolist() == [1, 8, 0]
    assert F.nll_loss(x[:2], t[:2], ignore_index=1).item() == 1


def test_ignored_labels_have_no_weight_either() -> None:
    x, t = torch.tensor([[-1.0, -2.0], [-4.0, -8.0], [-16.0, -32.0]]), label(0, 1, -100)
    weight = torch.tensor([3.0, 1.0])
    assert F.nll_loss(x, t, weight, reduction="none").tolist() == [3, 8, 0]
    assert F.nll_loss(x, t, weight).item() == (3 * 1 + 1 * 8) / (3 + 1)


def test_a_mean_of_nothing_is_not_a_number() -> None:
    assert F.nll_loss(torch.zeros(0, 3), label().long()).isnan()
    assert F.nll_loss(torch.zeros(1, 3), label(-100)).isnan()
    assert F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, 3)).isnan()


def test_labels_may_be_bytes() -> None:
    x = torch.tensor([[-1.0, -2.0]])
    assert F.nll_loss(x, label(1).to(torch.uint8)).item() == 2


def test_no_byte_is_taken_for_the_ignore_index() -> None:
    """−100 is 156 modulo 256, but it is not the label 156."""
    x = torch.zeros(1, 200)
    x[0, 156] = -5
    assert F.nll_loss(x, label(156).to(torch.uint8)).item() == 5


def test_a_target_of_probabilities_weighs_the_classes() -> None:
    logits = torch.tensor([[log(1.0), log(4.0)]])
    loss = F.cross_entropy(logits, torch.tensor([[0.25, 0.75]]))
    assert loss.item() == pytest.approx(-0.25 * log(1 / 5) - 0.75 * log(4 / 5))


@pytest.mark.parametrize("no_label", [-1, -100])
def test_a_negative_ignore_index_says_nothing_of_probabilities_and_is_accepted(
    no_label: int,
) -> None:
    logits, target = torch.tensor([[log(1.0), log(4.0)]]), torch.tensor([[0.25, 0.75]])
    loss = F.cross_entropy(logits, target, ignore_index=no_label)
    assert loss.item() == F.cross_entropy(logits, target).item()


def test_label_smoothing_takes_epsilon_from_the_label_and_spreads_it_over_all_classes() -> None:
    logits, target = torch.tensor([[1.0, 2.0, 5.0]]), label(1)
    smoothed = torch.tensor([[0.1, 0.8, 0.1]])
    loss = F.cross_entropy(logits, target, label_smoothing=0.3)
    assert loss.item() == pytest.approx(F.cross_entropy(logits, smoothed).item())


def test_more_dimensions_hold_more_examples() -> None:
    logits = fill((2, 3, 4, 5), INTEGERS, seed=0)
    target = torch.arange(40).view(2, 4, 5) % 3
    loss = F.cross_entropy(logits, target, reduction="none")
    assert loss.shape == (2, 4, 5)
    assert_near(loss[1, 2, 3], F.cross_entropy(logits[1, :, 2, 3], target[1, 2, 3]))


def test_the_gradient_is_what_was_predicted_minus_what_was_right() -> None:
    """∂ℓ/∂x = softmax(x) − one-hot(t), over N for the mean."""
    x = torch.tensor([[log(1.0), log(4.0)], [0.0, 0.0]], requires_grad=True)
    (g,) = torch.autograd.grad(F.cross_entropy(x, label(0, 1)), x)
    assert g.flatten().tolist() == pytest.approx([(0.2 - 1) / 2, 0.8 / 2, 0.5 / 2, (0.5 - 1) / 2])


@pytest.mark.parametrize("size", [1e3, 1e30])
def test_huge_logits_have_a_finite_loss_and_gradient(size: float) -> None:
    x = torch.tensor([[size, -size]], requires_grad=True)
    loss = F.cross_entropy(x, label(1))
    assert loss.item() == pytest.approx(2 * size)
    assert torch.autograd.grad(loss, x)[0].tolist() == [[1, -1]]


# Held against PyTorch


@given(cases.nll_loss(EXACT))
def test_nll_loss_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.nll_loss, twin.nll_loss, case)


@given(cases.cross_entropy(EXACT))
def test_cross_entropy_and_its_derivatives_are_torchs(case: Case) -> None:
    assert_twins(F.cross_entropy, twin.cross_entropy, case)


@given(cases.nll_loss(SPECIAL | ROUNDED))
def test_nll_loss_of_nan_infinity_and_every_dtype_is_torchs(case: Case) -> None:
    assert_twins(F.nll_loss, twin.nll_loss, case, order=1)


@given(cases.cross_entropy(SPECIAL | ROUNDED))
def test_cross_entropy_of_nan_infinity_and_every_dtype_is_torchs(case: Case) -> None:
    assert_twins(F.cross_entropy, twin.cross_entropy, case, order=1)


@fewer(times=3)
@given(accepted(F.cross_entropy, cases.cross_entropy(NORMAL)))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assume(not case.call(F.cross_entropy).isnan().any())  # a mean of nothing
    assert_differentiable(F.cross_entropy, case)


# Laws

classifications = accepted(F.cross_entropy, cases.cross_entropy())


@given(classifications, st.floats(-100, 100))
def test_adding_a_constant_to_an_examples_logits_changes_nothing(case: Case, c: float) -> None:
    """ℓ(x + c, t) = ℓ(x, t): only differences of logits matter."""
    moved = case.replace(input=case.inputs["input"] + c)
    assert_near(moved.call(F.cross_entropy), case.call(F.cross_entropy))


@given(classifications)
def test_the_gradient_sums_to_zero_over_the_classes(case: Case) -> None:
    """Σ_c ∂ℓ/∂x_c = 0: what the right class gains, the others lose."""
    x = case.inputs["input"].detach().requires_grad_()
    loss = case.replace(input=x, reduction="sum").call(F.cross_entropy)
    (g,) = torch.autograd.grad(loss, x)
    total = g.sum(1 if x.ndim > 1 else 0)
    assert_near(total, torch.zeros_like(total))


@given(accepted(F.cross_entropy, cases.nll_loss()))
def test_labels_are_probabilities_of_one(case: Case) -> None:
    """ℓ(x, t) = ℓ(x, one-hot(t)), with every label that is not ignored."""
    x = case.inputs["input"]
    dim = 1 if x.ndim > 1 else 0
    target = case.options["target"].clamp(0, x.shape[dim] - 1)
    case = case.replace(target=target, ignore_index=-100, reduction="none")
    one_hot = torch.zeros_like(x).scatter(dim, target.unsqueeze(dim), 1.0)
    assert_near(case.replace(target=one_hot).call(F.cross_entropy), case.call(F.cross_entropy))


@given(accepted(F.cross_entropy, cases.nll_loss()))
def test_cross_entropy_is_nll_loss_of_log_softmax(case: Case) -> None:
    """ℓ(x, t) = nll(log_softmax(x), t)."""
    x = case.inputs["input"]
    log_probabilities = F.log_softmax(x, 1 if x.ndim > 1 else 0)
    nll = case.replace(input=log_probabilities).call(F.nll_loss)
    assert_near(case.call(F.cross_entropy), nll)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_no_guess_beats_the_true_probabilities(n: int, classes: int, seed: int) -> None:
    """Gibbs: ℓ(x, q) ≥ ℓ(log q, q), the entropy of q, for every x."""
    x, y = fill((n, classes), INTEGERS, seed), fill((n, classes), INTEGERS, seed + 1)
    q = F.softmax(y, dim=1)
    assert F.cross_entropy(x, q) >= F.cross_entropy(q.log(), q) - 1e-12


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_loops_compute_the_same(n: int, classes: int, seed: int) -> None:
    x, target = fill((n, classes), INTEGERS, seed), torch.arange(n) % classes
    assert_near(F.cross_entropy(x, target), naive.cross_entropy(x, target))

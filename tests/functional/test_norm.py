"""Batch normalisation: every channel gets mean 0 and variance 1, then a scale and a shift."""

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
    fill,
)
from minicnn.testing.profiles import fewer
from minicnn.testing.tensors import Numbers

batch_norm: Any = F.batch_norm  # whether it returns statistics depends on whether it was given any
POSITIVE = Numbers(torch.float64, "positive")


def column(*values: float) -> Tensor:
    """Return a batch of one channel, (N, 1)."""
    return torch.tensor(values)[:, None]


def torch_batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Call torch's function, which writes the new statistics over the old, on copies of them.

    Its second derivatives fail with a bias alone, so it is given a weight of ones then.
    """
    if running_mean is not None and running_var is not None:
        running_mean, running_var = running_mean.clone(), running_var.clone()
    if options.get("bias") is not None:
        options.setdefault("weight", torch.ones_like(options["bias"]))
    return twin.batch_norm(input, running_mean, running_var, **options), running_mean, running_var


def standardise(x: Tensor) -> Tensor:
    """Normalise by the batch's own statistics, with an eps that is lost in rounding."""
    return batch_norm(x, None, None, training=True, eps=1e-30)[0]


# What it is, by the simplest examples


def test_in_training_a_channel_gets_mean_0_and_variance_1() -> None:
    y = standardise(column(1.0, 3.0, 5.0, 7.0)).flatten() * 5**0.5
    assert y.tolist() == pytest.approx([-3, -1, 1, 3])


def test_mean_and_variance_are_taken_over_the_batch_and_all_places_of_a_channel() -> None:
    x = torch.tensor([[[[1.0, 2.0]], [[7.0, 7.0]]], [[[3.0, 4.0]], [[7.0, 7.0]]]])  # (2, 2, 1, 2)
    y, mean, var = batch_norm(x, torch.zeros(2), torch.zeros(2), training=True, momentum=1.0)
    assert mean.tolist() == [2.5, 7]
    assert var.tolist() == pytest.approx([5 / 3, 0])
    assert not y[:, 1].any()


def test_weight_scales_and_bias_shifts_each_channel() -> None:
    x, ones = torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), torch.ones(2)
    weight, bias = torch.tensor([3.0, 10.0]), torch.tensor([0.5, 0.0])
    y, _, _ = batch_norm(x, 0 * ones, ones, weight, bias, eps=0)
    assert y.tolist() == [[-2.5, -10], [3.5, 10]]


def test_eps_is_added_to_the_variance_under_the_root() -> None:
    y, _, _ = batch_norm(column(6.0), torch.zeros(1), torch.tensor([7.0]), eps=2.0)
    assert y.item() == pytest.approx(2)  # 6 / √(7 + 2)
    y, _, _ = batch_norm(column(1.0, 3.0), None, None, training=True, eps=3.0)
    assert y.flatten().tolist() == pytest.approx([-0.5, 0.5])  # ±1 / √(1 + 3)


def test_outside_training_the_running_statistics_are_used_and_stay_as_they_are() -> None:
    mean, var = torch.tensor([1.0]), torch.tensor([4.0])
    y, new_mean, new_var = batch_norm(column(5.0, 1.0), mean, var, eps=0)
    assert y.flatten().tolist() == [2, 0]
    assert (new_mean.tolist(), new_var.tolist()) == ([1], [4])


def test_running_statistics_move_towards_the_batchs_by_momentum() -> None:
    x = column(1.0, 3.0)  # mean 2, variance 1 with n = 2 in the divisor, 2 with n − 1
    mean, var = torch.tensor([10.0]), torch.tensor([100.0])
    _, new_mean, new_var = batch_norm(x, mean, var, training=True, momentum=0.25)
    assert new_mean.item() == 0.75 * 10 + 0.25 * 2
    assert new_var.item() == 0.75 * 100 + 0.25 * 2


def test_the_batch_is_normalised_with_the_biased_variance() -> None:
    assert standardise(column(1.0, 3.0)).flatten().tolist() == [-1, 1]


def test_the_old_statistics_are_not_written_to_and_the_new_ones_carry_no_gradient() -> None:
    mean, var = torch.zeros(1), torch.ones(1)
    x = column(1.0, 3.0).requires_grad_()
    y, new_mean, new_var = batch_norm(x, mean, var, training=True)
    assert (mean.item(), var.item()) == (0, 1)
    assert y.requires_grad
    assert not new_mean.requires_grad
    assert not new_var.requires_grad


def test_without_running_statistics_none_are_returned() -> None:
    _, mean, var = batch_norm(column(1.0, 3.0), None, None, training=True)
    assert mean is None
    assert var is None


# Held against PyTorch


@given(cases.batch_norm(EXACT))
def test_value_statistics_gradients_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(batch_norm, torch_batch_norm, case)


@given(cases.batch_norm(), st.data())
def test_each_gradient_is_the_same_if_no_other_is_asked_for(
    case: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(case.inputs)))
    assert_twins(batch_norm, torch_batch_norm, case.by(name), order=1)


@given(cases.batch_norm(SPECIAL))
def test_nan_and_infinity_reach_what_they_reach_in_torch(case: Case) -> None:
    assert_twins(batch_norm, torch_batch_norm, case, order=1)


@given(cases.batch_norm(ROUNDED))
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(case: Case) -> None:
    """With an eps of 1, since dividing by a small σ enlarges every rounding error."""
    assert_twins(batch_norm, torch_batch_norm, case.replace(eps=1.0), order=1)


@fewer(times=3)
@given(cases.batch_norm(NORMAL))
def test_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(batch_norm, case.replace(eps=0.1))


# Laws

shapes = st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(1, 3))
seeds = st.integers(0, 99)


@given(shapes, seeds)
def test_the_result_has_mean_0_and_variance_1(shape: tuple[int, ...], seed: int) -> None:
    """mean(x̂) = 0 and mean(x̂²) = 1, channel by channel."""
    y = standardise(fill(shape, POSITIVE, seed))
    assert_near(y.mean((0, 2)), torch.zeros(shape[1], dtype=y.dtype))
    assert_near((y * y).mean((0, 2)), torch.ones(shape[1], dtype=y.dtype))


@given(shapes, seeds, st.floats(0.1, 10), st.floats(-10, 10))
def test_the_unit_and_the_zero_point_of_the_input_do_not_matter(
    shape: tuple[int, ...], seed: int, a: float, b: float
) -> None:
    """batch_norm(a·x + b) = batch_norm(x) for a > 0: so a bias before it has no effect."""
    x = fill(shape, POSITIVE, seed)
    assert_near(standardise(a * x + b), standardise(x))


@given(shapes, seeds)
def test_the_gradient_is_orthogonal_to_what_normalising_takes_away(
    shape: tuple[int, ...], seed: int
) -> None:
    """Σ ∂x = 0 and Σ ∂x·x̂ = 0, since neither a shift nor a scaling of x changes the result."""
    x = fill(shape, POSITIVE, seed).requires_grad_()
    y = standardise(x)
    (g,) = torch.autograd.grad(y, x, fill(shape, POSITIVE, seed + 1))
    scale = 1 + 1 / x.detach().std((0, 2)).min()  # a small σ enlarges g, and its rounding errors
    zero = torch.zeros(shape[1], dtype=g.dtype)
    assert_near(g.sum((0, 2)) / scale, zero)
    assert_near((g * y.detach()).sum((0, 2)) / scale, zero)


@given(shapes, seeds)
def test_outside_training_images_do_not_see_each_other(shape: tuple[int, ...], seed: int) -> None:
    """Each image's result is the same whichever others are in the batch."""
    x = fill(shape, POSITIVE, seed)
    mean, var = fill(shape[1:2], POSITIVE, 1), fill(shape[1:2], POSITIVE, 2)
    together = batch_norm(x, mean, var)[0]
    assert_near(torch.cat([batch_norm(image[None], mean, var)[0] for image in x]), together)

"""What each part of an optimizer does, on numbers that are easy to check by hand."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim


def steps(opt: optim.Transform, *gradients: float, weight: float = 0.0) -> list[float]:
    """Return the updates of one weight, which itself does not move, for these gradients."""
    params = torch.tensor([weight], dtype=torch.float64)
    state, updates = opt.init(params), []
    for g in gradients:
        update, state = opt.update(torch.full_like(params, g), state, params)
        updates.append(update.item())
    return updates


# SGD


def test_sgd_goes_against_the_gradient_and_maximize_along_it() -> None:
    assert steps(optim.sgd(0.5), 4) == [-2]
    assert steps(optim.sgd(0.5, maximize=True), 4) == [2]


def test_momentum_adds_the_new_gradient_undiminished() -> None:
    """b = 1, ½·1 + 1, ½·1½ + 1, …"""
    assert steps(optim.sgd(1.0, momentum=0.5), 1, 1, 1) == [-1, -1.5, -1.75]


def test_dampening_spares_the_first_gradient() -> None:
    """b = 1, ½·1 + ¾·1."""
    assert steps(optim.sgd(1.0, momentum=0.5, dampening=0.25), 1, 1) == [-1, -1.25]


def test_nesterov_looks_ahead_along_the_new_buffer() -> None:
    """b = 1 and 1½; g + ½·b = 1½ and 1¾."""
    assert steps(optim.sgd(1.0, momentum=0.5, nesterov=True), 1, 1) == [-1.5, -1.75]


@pytest.mark.parametrize(("maximize", "update"), [(False, -1 - 2), (True, 1 - 2)])
def test_the_penalty_shrinks_weights_whether_the_loss_is_minimised_or_maximised(
    maximize: bool, update: float
) -> None:
    opt = optim.sgd(1.0, weight_decay=0.5, maximize=maximize)
    assert steps(opt, 1, weight=4) == [update]


@pytest.mark.parametrize(
    ("opt", "updates"),
    [
        (optim.sgd(1.0, weight_decay=0.5), [-2, 4]),
        (optim.adamw(1.0, weight_decay=0.5), [-2, 4]),
        (optim.adam(1.0, (0, 0), eps=0, weight_decay=0.5), [-1, 1]),  # only the signs remain
    ],
)
def test_every_weight_decays_by_itself(opt: optim.Transform, updates: list[float]) -> None:
    params, no_gradient = (torch.tensor([4.0]), torch.tensor([-8.0])), (torch.zeros(1),) * 2
    result, _ = opt.update(no_gradient, opt.init(params), params)
    assert [update.item() for update in result] == updates


# Adam

sizes = st.floats(1e-3, 1e3)
betas = st.tuples(st.floats(0, 0.999), st.floats(0, 0.999))


@given(sizes, betas)
def test_the_first_step_of_adam_is_the_learning_rate_for_its_moments_are_freed_of_bias(
    g: float, betas: tuple[float, float]
) -> None:
    """m̂ = g and √v̂ = |g| for all betas."""
    opt = optim.adam(0.1, betas, eps=0)
    assert steps(opt, g) == pytest.approx([-0.1])
    assert steps(opt, -g) == pytest.approx([0.1])


@given(sizes, betas)
def test_the_bias_is_corrected_by_the_number_of_steps_made(
    g: float, betas: tuple[float, float]
) -> None:
    """With a constant gradient g, m̂ = g and √v̂ = |g| at every step."""
    assert steps(optim.adam(0.1, betas, eps=0), g, g, g, g) == pytest.approx([-0.1] * 4)


@pytest.mark.parametrize("make", [optim.adam, optim.adamw])
def test_the_learning_rate_of_adam_is_a_thousandth_unless_given(
    make: Callable[[], optim.Transform],
) -> None:
    assert steps(make(), 5) == pytest.approx([-1e-3])


def test_adams_eps_is_added_to_the_root_and_not_under_it() -> None:
    """γ·m̂ / (√v̂ + ε) = 8·3 / (3 + 1) at every step, because √v̂ is always 3."""
    assert steps(optim.adam(8.0, eps=1), 3, 3, 3) == pytest.approx([-6, -6, -6])


def test_amsgrad_divides_by_the_largest_second_moment_so_far() -> None:
    """With betas of 0 the moments are g and g², of the last gradient alone."""
    gradients = 4, 1, 8, 2
    assert steps(optim.adam(1.0, (0, 0), eps=0), *gradients) == [-1, -1, -1, -1]
    opt = optim.adam(1.0, (0, 0), eps=0, amsgrad=True)
    assert steps(opt, *gradients) == [-4 / 4, -1 / 4, -8 / 8, -2 / 8]


def test_adams_penalty_passes_through_the_moments() -> None:
    """A weight of 4 with λ = ½ turns the gradient −1 into +1, whose sign remains."""
    assert steps(optim.adam(0.1, eps=0, weight_decay=0.5), -1, weight=4) == pytest.approx([-0.1])


@given(sizes)
def test_adamw_shrinks_weights_by_rate_times_decay_whatever_the_gradient(g: float) -> None:
    """−γ − γ·λ·θ = −0.1 − 0.1·0.5·4."""
    opt = optim.adamw(0.1, eps=0, weight_decay=0.5)
    assert steps(opt, g, weight=4) == pytest.approx([-0.1 - 0.2])

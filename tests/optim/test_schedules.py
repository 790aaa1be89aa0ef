"""Learning-rate schedules: torch's schedulers, in closed form."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler as twins

from minicnn.optim import schedules

STEPS = 25


def learning_rates(lr: float, twin: Callable[..., Any], steps: int = STEPS) -> Iterator[float]:
    """Yield the learning rates that a scheduler of torch gives to each step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = twin(optimizer)
    for step in range(steps):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        if step + 1 < steps:
            scheduler.step()


def assert_same(schedule: schedules.Schedule, expected: Iterator[float]) -> None:
    # torch multiplies the last value by a factor at each step and accumulates rounding errors
    for step, lr in enumerate(expected):
        assert math.isclose(schedule(step), lr, rel_tol=1e-11), step


rates = st.floats(1e-4, 10)
factors = st.floats(0.1, 1.1)
counts = st.integers(1, 30)


@given(st.floats(0, 10), st.integers(0, 10**9))
def test_constant(value: float, step: int) -> None:
    assert schedules.constant(value)(step) == value


@given(rates, counts, factors)
def test_step_decay_is_torchs_step_lr(lr: float, step_size: int, gamma: float) -> None:
    expected = learning_rates(lr, lambda opt: twins.StepLR(opt, step_size, gamma))
    assert_same(schedules.step_decay(lr, step_size, gamma), expected)


@given(rates, factors)
def test_exponential_is_torchs_exponential_lr(lr: float, gamma: float) -> None:
    expected = learning_rates(lr, lambda opt: twins.ExponentialLR(opt, gamma))
    assert_same(schedules.exponential(lr, gamma), expected)


@given(rates, counts, st.floats(0, 1e-4))
def test_cosine_is_torchs_cosine_annealing_lr_even_past_its_end(
    lr: float, T_max: int, eta_min: float
) -> None:
    expected = learning_rates(lr, lambda opt: twins.CosineAnnealingLR(opt, T_max, eta_min))
    schedule = schedules.cosine(lr, T_max, eta_min)
    # torch's recursion divides by 1 + cos, which is near zero at the bottom of the wave
    for step, value in enumerate(expected):
        assert math.isclose(schedule(step), value, rel_tol=1e-9, abs_tol=1e-9 * lr), step


@given(rates, counts, st.floats(0.01, 1))
def test_linear_warmup_to_a_number_is_torchs_linear_lr(
    lr: float, total_iters: int, start_factor: float
) -> None:
    expected = learning_rates(
        lr, lambda opt: twins.LinearLR(opt, start_factor, total_iters=total_iters)
    )
    assert_same(schedules.linear_warmup(lr, total_iters, start_factor), expected)


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")
@given(rates, st.integers(1, 12), st.floats(0.01, 1), st.integers(1, 5), factors)
def test_linear_warmup_to_a_schedule_is_torchs_sequential_lr(
    lr: float, total_iters: int, start_factor: float, step_size: int, gamma: float
) -> None:
    def twin(opt: torch.optim.Optimizer) -> Any:
        rise = twins.LinearLR(opt, start_factor, total_iters=total_iters)
        after = twins.StepLR(opt, step_size, gamma)
        return twins.SequentialLR(opt, [rise, after], milestones=[total_iters])

    after = schedules.step_decay(lr, step_size, gamma)
    assert_same(schedules.linear_warmup(after, total_iters, start_factor), learning_rates(lr, twin))


def test_linear_warmup_of_zero_steps_is_the_schedule_itself() -> None:
    after = schedules.cosine(1.0, 10)
    assert [schedules.linear_warmup(after, 0)(t) for t in range(10)] == [
        after(t) for t in range(10)
    ]


@given(
    rates,
    st.integers(1, 60),
    st.floats(0, 1),
    st.sampled_from(["cos", "linear"]),
    st.floats(1, 100),
    st.floats(1, 1e5),
    st.booleans(),
)
def test_one_cycle_is_torchs_one_cycle_lr_bit_for_bit(
    max_lr: float, total_steps: int, pct: float, anneal: Any, div: float, final: float, three: bool
) -> None:
    options = (pct, anneal, div, final, three)
    schedule = schedules.one_cycle(max_lr, total_steps, *options)
    expected = learning_rates(
        max_lr,
        lambda opt: twins.OneCycleLR(
            opt,
            max_lr,
            total_steps,
            pct_start=pct,
            anneal_strategy=anneal,
            cycle_momentum=False,
            div_factor=div,
            final_div_factor=final,
            three_phase=three,
        ),
        steps=total_steps,
    )
    try:
        assert [schedule(step) for step in range(total_steps)] == list(expected)
    except ZeroDivisionError:  # torch's, if the rise has zero steps: pct_start · total_steps = 1
        assert pct * total_steps == 1
        assert schedule(0) == max_lr


def test_one_cycle_with_its_defaults_is_torchs() -> None:
    expected = learning_rates(
        0.01, lambda opt: twins.OneCycleLR(opt, 0.01, 100, cycle_momentum=False), steps=100
    )
    assert [schedules.one_cycle(1e-2, 100)(step) for step in range(100)] == list(expected)


def test_a_rise_of_zero_steps_starts_at_the_peak() -> None:
    assert schedules.one_cycle(0.5, 10, pct_start=0.1)(0) == 0.5
    assert schedules.one_cycle(0.5, 1, pct_start=1.0)(0) == 0.5


@pytest.mark.parametrize("step", [-1, 10, 11])
def test_one_cycle_ends_with_its_last_step(step: int) -> None:
    schedule = schedules.one_cycle(1.0, 10)
    assert schedule(9) < schedule(0)
    with pytest.raises(ValueError, match=rf"step must be in \[0, total_steps=10\), got {step}"):
        schedule(step)


def test_as_schedule_checks_each_value() -> None:
    lr = schedules.as_schedule(lambda step: 1.0 - step)
    assert [lr(0), lr(1)] == [1.0, 0.0]
    with pytest.raises(ValueError, match=r"lr\(step=2\) must be .*at least 0, got -1.0"):
        lr(2)
    wrong: Any = lambda step: torch.tensor(0.1)  # noqa: E731
    with pytest.raises(TypeError, match=r"lr\(step=0\) must be a number"):
        schedules.as_schedule(wrong)(0)


NOT_NEGATIVE = "must be a finite number of at least 0, got"


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (schedules.constant, (-1.0,), f"value {NOT_NEGATIVE}"),
        (schedules.step_decay, (-1.0, 5), f"lr {NOT_NEGATIVE}"),
        (schedules.step_decay, (1.0, 0), "step_size must be at least 1"),
        (schedules.step_decay, (1.0, 5, math.inf), f"gamma {NOT_NEGATIVE}"),
        (schedules.exponential, (math.nan, 0.9), f"lr {NOT_NEGATIVE}"),
        (schedules.exponential, (1.0, -0.9), f"gamma {NOT_NEGATIVE}"),
        (schedules.cosine, (-1.0, 5), f"lr {NOT_NEGATIVE}"),
        (schedules.cosine, (1.0, 0), "T_max must be at least 1"),
        (schedules.cosine, (1.0, 5, -0.1), f"eta_min {NOT_NEGATIVE}"),
        (schedules.linear_warmup, (-1.0, 5), f"lr {NOT_NEGATIVE}"),
        (schedules.linear_warmup, (1.0, -1), "total_iters must be at least 0"),
        (schedules.linear_warmup, (1.0, 5, 0.0), r"start_factor must be in \(0, 1\]"),
        (schedules.one_cycle, (-1.0, 5), f"max_lr {NOT_NEGATIVE}"),
        (schedules.one_cycle, (1.0, 0), "total_steps must be at least 1"),
        (schedules.one_cycle, (1.0, 5, 1.5), r"pct_start must be in \[0, 1\]"),
        (schedules.one_cycle, (1.0, 5, 0.3, "sine"), "anneal_strategy must be 'cos' or 'linear'"),
        (
            schedules.one_cycle,
            (1.0, 5, 0.3, "cos", 0.0),
            "div_factor must be a finite number above",
        ),
        (schedules.one_cycle, (1.0, 5, 0.3, "cos", 9.0, -1), "final_div_factor must be a finite"),
    ],
)
def test_arguments_outside_their_range_are_refused(
    make: Callable[..., schedules.Schedule], arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(*arguments)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.cosine(0.3, 37, 0.01),
        schedules.one_cycle(0.3, 100),
        schedules.linear_warmup(schedules.exponential(0.3, 0.99), 10),
    ],
)
def test_a_schedule_depends_on_the_step_alone(schedule: schedules.Schedule) -> None:
    forward = [schedule(step) for step in range(100)]
    backward = [schedule(step) for step in reversed(range(100))]
    assert forward == backward[::-1]
    assert all(a != b for a, b in itertools.pairwise(forward))

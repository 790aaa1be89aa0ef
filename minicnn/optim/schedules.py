"""Learning-rate schedules: functions from the step, an int from 0, to the learning rate.

Each is torch's scheduler in closed form: the value depends on the step alone, so training can
resume at any step and there is no scheduler state to save.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from minicnn import checks

Schedule: TypeAlias = Callable[[int], float]


def as_schedule(lr: float | Schedule) -> Schedule:
    """Return ``lr`` as a schedule with checked values; a number becomes a constant schedule.

    Raises:
        TypeError: ``lr`` is neither a number nor a schedule, or the schedule returns no number.
        ValueError: The learning rate is negative or not finite; a schedule raises when called.

    Example:
        >>> as_schedule(0.1)(5)
        0.1
    """
    if not callable(lr):
        return constant(checks.non_negative("lr", lr))
    return lambda step: checks.non_negative(f"lr(step={step})", lr(step))


def constant(value: float) -> Schedule:
    """Return the constant schedule ``lr(t) = value``.

    Example:
        >>> constant(0.1)(1000)
        0.1
    """
    checks.non_negative("value", value)
    return lambda step: value


def step_decay(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """Return a staircase schedule: ``lr(t) = lr · gamma^⌊t / step_size⌋``.

    Args:
        lr: The initial learning rate.
        step_size: The number of steps between two drops, at least 1.
        gamma: The factor of each drop.

    Returns:
        A schedule equal to ``torch.optim.lr_scheduler.StepLR``.

    Raises:
        ValueError: ``lr`` or ``gamma`` is negative, or ``step_size`` is below 1.

    Example:
        >>> [step_decay(8.0, 2, gamma=0.5)(t) for t in range(5)]
        [8.0, 8.0, 4.0, 4.0, 2.0]
    """
    checks.non_negative("lr", lr)
    checks.integer("step_size", step_size, 1)
    checks.non_negative("gamma", gamma)
    return lambda step: lr * gamma ** (step // step_size)


def exponential(lr: float, gamma: float) -> Schedule:
    """Return the exponential schedule ``lr(t) = lr · gamma^t``.

    Args:
        lr: The initial learning rate.
        gamma: The factor of each step.

    Returns:
        A schedule equal to ``torch.optim.lr_scheduler.ExponentialLR``.

    Raises:
        ValueError: ``lr`` or ``gamma`` is negative.

    Example:
        >>> [exponential(8.0, 0.5)(t) for t in range(4)]
        [8.0, 4.0, 2.0, 1.0]
    """
    checks.non_negative("gamma", gamma)
    return step_decay(lr, 1, gamma)


def cosine(lr: float, T_max: int, eta_min: float = 0.0) -> Schedule:
    """Return half a cosine wave: ``lr(t) = eta_min + (lr − eta_min) · (1 + cos(π·t/T_max)) / 2``.

    Args:
        lr: The initial learning rate, the maximum.
        T_max: The step at which ``eta_min`` is reached; after it the learning rate rises again.
        eta_min: The minimum learning rate.

    Returns:
        A schedule equal to ``torch.optim.lr_scheduler.CosineAnnealingLR``.

    Raises:
        ValueError: ``lr`` or ``eta_min`` is negative, or ``T_max`` is below 1.

    Example:
        >>> [round(cosine(8.0, 4)(t), 3) for t in range(5)]
        [8.0, 6.828, 4.0, 1.172, 0.0]

    Reference: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts"
    (2017), equation 5, without restarts.
    """
    checks.non_negative("lr", lr)
    checks.integer("T_max", T_max, 1)
    checks.non_negative("eta_min", eta_min)
    return lambda step: eta_min + (lr - eta_min) * (1 + math.cos(math.pi * step / T_max)) / 2


def linear_warmup(lr: float | Schedule, total_iters: int, start_factor: float = 1 / 3) -> Schedule:
    """Return a linear warm-up to ``lr`` over ``total_iters`` steps, followed by ``lr`` itself.

        lr(t) = (s + (1 − s)·t/total_iters) · lr₀    for t < total_iters,  s = start_factor
        lr(t) = lr(t − total_iters)                  afterwards

    Args:
        lr: The learning rate after the warm-up: a number, or a schedule that starts there.
        total_iters: The number of steps of the warm-up.
        start_factor: The first learning rate as a fraction of the last, in (0, 1].

    Returns:
        A schedule equal to ``torch.optim.lr_scheduler.LinearLR``; with a schedule for ``lr``, to
        ``SequentialLR`` over a LinearLR and the schedule's twin.

    Raises:
        ValueError: ``lr`` or ``total_iters`` is negative, or ``start_factor`` is outside (0, 1].

    Example:
        >>> warm = linear_warmup(step_decay(8.0, 1, gamma=0.5), 4, start_factor=0.5)
        >>> [warm(t) for t in range(7)]
        [4.0, 5.0, 6.0, 7.0, 8.0, 4.0, 2.0]

    Reference: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017),
    section 2.2.
    """
    after = as_schedule(lr)
    checks.integer("total_iters", total_iters, 0)
    checks.number("start_factor", start_factor, lambda s: 0 < s <= 1, "in (0, 1]")

    def schedule(step: int) -> float:
        if step >= total_iters:
            return after(step - total_iters)
        return (start_factor + (1 - start_factor) * step / total_iters) * after(0)

    return schedule


def one_cycle(
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """Return the one-cycle policy: up from a small learning rate to ``max_lr``, then far down.

        initial = max_lr / div_factor,  final = initial / final_div_factor
        lr: initial ↗ max_lr ↘ final,  or with three_phase  initial ↗ max_lr ↘ initial ↘ final

    Args:
        max_lr: The peak.
        total_steps: The length of the cycle, at least 1; steps must be below it.
        pct_start: The fraction of the cycle spent rising, in [0, 1].
        anneal_strategy: "cos" for half cosine waves, "linear" for straight lines.
        div_factor: The ratio of the peak to the initial learning rate.
        final_div_factor: The ratio of the initial to the final learning rate.
        three_phase: Whether to fall as steeply as it rose first, and only then to the end.

    Returns:
        A schedule equal to ``torch.optim.lr_scheduler.OneCycleLR`` with ``cycle_momentum=False``.

    Raises:
        ValueError: An argument is outside its range; from the schedule: the step is.

    Example:
        >>> [round(one_cycle(1.0, 9, pct_start=5 / 9)(t), 2) for t in range(9)]
        [0.04, 0.18, 0.52, 0.86, 1.0, 0.85, 0.5, 0.15, 0.0]

    Reference: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
    Large Learning Rates" (2018), section 3.
    """
    checks.non_negative("max_lr", max_lr)
    checks.integer("total_steps", total_steps, 1)
    checks.probability("pct_start", pct_start)
    if anneal_strategy not in ("cos", "linear"):
        raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
    initial = max_lr / checks.positive("div_factor", div_factor)
    final = initial / checks.positive("final_div_factor", final_div_factor)
    peak_step, last_step = pct_start * total_steps - 1, total_steps - 1
    knots = [(0.0, initial), (peak_step, max_lr), (last_step, final)]
    if three_phase:
        knots.insert(2, (2 * peak_step, initial))

    def schedule(step: int) -> float:
        if not 0 <= step < total_steps:
            raise ValueError(f"step must be in [0, total_steps={total_steps}), got {step}")
        pieces = pairwise(knots)
        (t0, lr0), (t1, lr1) = next(piece for piece in pieces if step <= piece[1][0])
        done = (step - t0) / (t1 - t0) if t1 != t0 else 1.0
        if anneal_strategy == "cos":
            return lr1 + (lr0 - lr1) / 2 * (math.cos(math.pi * done) + 1)
        return (lr1 - lr0) * done + lr0

    return schedule

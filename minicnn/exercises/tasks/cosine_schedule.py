"""Exercise: the cosine learning rate schedule."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.optim import schedules
from minicnn.testing.case import Case


@Stub
def cosine_schedule(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Compute the learning rate at a step of a cosine schedule.

    At step 0 it is max_lr, at step T it is min_lr; halfway it is their mean and decreases fastest.
    It follows the cosine from 0 to π, scaled and shifted so that 1 and −1 become max_lr and min_lr.

    Args:
        step: from 0 to T.
        total_steps: T, at least 1.
        max_lr: the learning rate at step 0.
        min_lr: the learning rate at step T.

    Returns:
        The learning rate.

    Example:
        >>> [round(cosine_schedule(step, 4, 8.0, 0.0), 3) for step in range(5)]
        [8.0, 6.828, 4.0, 1.172, 0.0]
    """
    raise NotImplementedError


def solution(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Scale the cosine to the range, around its middle."""
    middle, swing = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
    return middle + swing * math.cos(step / total_steps * math.pi)


def twin(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Compute it with minicnn.optim.schedules, which is tested against torch."""
    return schedules.cosine(max_lr, total_steps, min_lr)(step)


@st.composite
def cases(draw: DrawFn, at: str = "anywhere", lowest: int = 0) -> Case:
    """Draw a schedule and a step of it, at the ends or anywhere."""
    total = draw(st.integers(1, 8))
    step = draw(st.sampled_from((0, total)) if at == "the ends" else st.integers(0, total))
    low = draw(st.integers(lowest, max(3 * lowest, 0)))
    high = low + draw(st.integers(1, 4))
    lrs = {"max_lr": float(high), "min_lr": float(low)}
    return Case({}, {"step": step, "total_steps": total, **lrs})


def wave(case: Case, angle: float = math.pi, low: float | None = None) -> float:
    """Run the cosine to another angle, or down to another value."""
    o = case.options
    low = o["min_lr"] if low is None else low
    return low + (o["max_lr"] - low) * (1 + math.cos(angle * o["step"] / o["total_steps"])) / 2


def done(case: Case) -> float:
    """Return the fraction of the steps that is done."""
    return case.options["step"] / case.options["total_steps"]


def gap(case: Case) -> float:
    """Return the total decrease of the learning rate."""
    return case.options["max_lr"] - case.options["min_lr"]


EXERCISE = Exercise(
    stub=cosine_schedule,
    task="the cosine learning rate schedule",
    chapter="from-gradient-descent-to-adam",
    solution=solution,
    twin=twin,
    returns=("the learning rate",),
    probes=(
        Probe(
            "the first and the last step, down to 0",
            cases("the ends"),
            "The cosine is 1 at step 0 and −1 at step T: how do you map these to max_lr and 0?",
        ),
        Probe(
            "all steps, down to 0",
            cases(),
            "Right at both ends. Halfway, the rate is half of max_lr: which angle is that?",
        ),
        Probe(
            "down to more than 0",
            cases(lowest=1),
            "Right if it decreases to 0: now it should end at min_lr.",
        ),
    ),
    suspects=(
        Suspect(
            "a straight line",
            lambda case: case.options["max_lr"] - gap(case) * done(case),
            "It decreases linearly.",
        ),
        Suspect(
            "upwards",
            lambda case: wave(
                case.replace(step=case.options["total_steps"] - case.options["step"])
            ),
            "It increases from min_lr to max_lr.",
        ),
        Suspect(
            "a full wave",
            lambda case: wave(case, 2 * math.pi),
            "It increases again in the second half: use half a wave.",
        ),
        Suspect(
            "degrees instead of radians",
            lambda case: wave(case, 180),
            "math.cos takes the angle in radians.",
        ),
        Suspect(
            "quarter of a wave",
            lambda case: case.options["min_lr"] + gap(case) * math.cos(math.pi / 2 * done(case)),
            "It is steepest at the end: that is a quarter of a wave; use half a wave.",
        ),
        Suspect(
            "not halved",
            lambda case: case.options["min_lr"] + gap(case) * (1 + math.cos(math.pi * done(case))),
            "It starts twice as high: 1 + cos goes from 2 to 0.",
        ),
        Suspect(
            "negative half",
            lambda case: case.options["min_lr"] + gap(case) * math.cos(math.pi * done(case)),
            "It decreases below min_lr: the cosine ends at −1.",
        ),
        Suspect(
            "min_lr forgotten",
            lambda case: wave(case, low=0.0),
            "It decreases to 0; min_lr has no effect.",
        ),
        Suspect(
            "min_lr only added",
            lambda case: wave(case, low=0.0) + case.options["min_lr"],
            "It starts above max_lr: if you add min_lr, the range must be max_lr − min_lr.",
        ),
    ),
    hints=(
        "What is the cosine at 0, π/2 and π? Which learning rates belong to these?",
        "The angle grows in proportion to the step, from 0 to π. The cosine then falls from 1 "
        "to −1, around 0.",
        "The learning rate goes up and down around the mean of the largest and the smallest "
        "one, by at most half of their difference. Multiply that half by the cosine.",
    ),
    why=(
        "The cosine is flat at both ends: training stays at the high rate for a while, and "
        "approaches the low one gently. In between it falls fastest."
    ),
    fast=Fast(
        "minicnn.optim.schedules.cosine",
        "is the same formula as a function from the step to the rate",
    ),
)

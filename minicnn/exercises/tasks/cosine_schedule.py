"""Exercise: a learning rate that falls along a cosine."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.optim import schedules
from minicnn.testing.case import Case


@Stub
def cosine_schedule(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Compute the learning rate of a step: half a cosine wave, down from one value to another.

    At step 0 it is max_lr, at step T min_lr; halfway it is the mean of both, and falls fastest.
    In between, it is that cosine whose argument runs from 0 to π, moved and stretched so that its
    values 1 and −1 become max_lr and min_lr.

    Args:
        step: from 0 to T.
        total_steps: T, at least 1.
        max_lr: where it starts.
        min_lr: where it ends.

    Returns:
        The learning rate.

    Example:
        >>> [round(cosine_schedule(step, 4, 8.0, 0.0), 3) for step in range(5)]
        [8.0, 6.828, 4.0, 1.172, 0.0]
    """
    raise NotImplementedError


def solution(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Swing around the middle."""
    middle, swing = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
    return middle + swing * math.cos(step / total_steps * math.pi)


def twin(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    """Ask minicnn.optim.schedules, which the tests hold against torch's."""
    return schedules.cosine(max_lr, total_steps, min_lr)(step)


@st.composite
def cases(draw: DrawFn, at: str = "anywhere", lowest: int = 0) -> Case:
    """Draw a schedule, and a step of it: at the ends, or anywhere."""
    total = draw(st.integers(1, 8))
    step = draw(st.sampled_from((0, total)) if at == "the ends" else st.integers(0, total))
    low = draw(st.integers(lowest, max(3 * lowest, 0)))
    high = low + draw(st.integers(1, 4))
    lrs = {"max_lr": float(high), "min_lr": float(low)}
    return Case({}, {"step": step, "total_steps": total, **lrs})


def wave(case: Case, angle: float = math.pi, low: float | None = None) -> float:
    """Let the cosine run to another angle, or to another lowest value."""
    o = case.options
    low = o["min_lr"] if low is None else low
    return low + (o["max_lr"] - low) * (1 + math.cos(angle * o["step"] / o["total_steps"])) / 2


def done(case: Case) -> float:
    """Return which part of the steps is over."""
    return case.options["step"] / case.options["total_steps"]


def gap(case: Case) -> float:
    """Return how far the rate falls in all."""
    return case.options["max_lr"] - case.options["min_lr"]


EXERCISE = Exercise(
    stub=cosine_schedule,
    task="a learning rate that falls along a cosine",
    chapter=9,
    solution=solution,
    twin=twin,
    returns=("the learning rate",),
    probes=(
        Probe(
            "the first and the last step, down to 0",
            cases("the ends"),
            "At step 0 the cosine is 1, at step T it is −1: what turns these into max_lr and 0?",
        ),
        Probe(
            "all steps, down to 0",
            cases(),
            "Right at both ends. Halfway the rate is half of max_lr: which angle is that?",
        ),
        Probe(
            "down to more than 0",
            cases(lowest=1),
            "Right if it falls to 0: now it should end at min_lr.",
        ),
    ),
    suspects=(
        Suspect(
            "a straight line",
            lambda case: case.options["max_lr"] - gap(case) * done(case),
            "It falls along a straight line.",
        ),
        Suspect(
            "upwards",
            lambda case: wave(
                case.replace(step=case.options["total_steps"] - case.options["step"])
            ),
            "It climbs from min_lr to max_lr.",
        ),
        Suspect(
            "a whole wave",
            lambda case: wave(case, 2 * math.pi),
            "It is up again at the end: half a wave is asked for.",
        ),
        Suspect(
            "degrees for radians",
            lambda case: wave(case, 180),
            "math.cos takes the angle in radians.",
        ),
        Suspect(
            "quarter of a wave",
            lambda case: case.options["min_lr"] + gap(case) * math.cos(math.pi / 2 * done(case)),
            "It is steepest at the end: that is a quarter of a wave, and half of one is asked for.",
        ),
        Suspect(
            "not halved",
            lambda case: case.options["min_lr"] + gap(case) * (1 + math.cos(math.pi * done(case))),
            "It starts twice as high: 1 + cos runs from 2 to 0.",
        ),
        Suspect(
            "negative half",
            lambda case: case.options["min_lr"] + gap(case) * math.cos(math.pi * done(case)),
            "It falls to below min_lr: the cosine ends at −1.",
        ),
        Suspect(
            "lowest rate forgotten",
            lambda case: wave(case, low=0.0),
            "It falls to 0; min_lr has no effect.",
        ),
        Suspect(
            "lowest rate only added",
            lambda case: wave(case, low=0.0) + case.options["min_lr"],
            "It starts above max_lr: where the lowest rate is added, the fall has to be smaller.",
        ),
    ),
)

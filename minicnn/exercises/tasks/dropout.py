"""Exercise: dropout with given random numbers."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def dropout(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Set each number to zero with probability p, and scale the others.

    A random number u from [0, 1) is below p with probability p: these numbers are dropped. What is
    kept is scaled so that the expected value of the result is the input. In evaluation the input is
    returned unchanged.

    Args:
        input: any shape.
        uniform: random numbers from [0, 1), with the shape of ``input``.
        p: the probability of dropping a number, 0 ≤ p < 1.
        training: whether to drop anything.

    Returns:
        A tensor with the shape and the dtype of ``input``.

    Example:
        >>> dropout(torch.tensor([3.0, 5.0]), torch.tensor([0.9, 0.1]), 0.5, True)
        tensor([6., 0.])
    """
    raise NotImplementedError


def solution(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Compare each random number with p."""
    if not training:
        return input.clone()
    kept = input / (1 - p)
    return torch.where(uniform < p, torch.zeros_like(kept), kept)


def twin(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Compute the equation with torch, whose dropout does not accept random numbers."""
    return torch.where(uniform >= p, input / (1 - p), 0.0) if training else input


@st.composite
def cases(
    draw: DrawFn, ps: tuple[float, ...] = (0.5,), training: bool = True, ties: bool = False,
    sides: int = 1,
) -> Case:  # fmt: skip
    """Draw an input and random numbers; with ``ties`` some of them equal p."""
    shape = draw(st.lists(st.integers(1, 4), min_size=sides, max_size=sides))
    lots = draw(whole(*shape, low=0, high=7, step=1 / 8))
    p = draw(st.sampled_from(ps))
    if not ties:
        lots = torch.where(lots == p, lots + 1 / 16, lots)
    return Case({"input": draw(whole(*shape))}, {"uniform": lots, "p": p, "training": training})


def by(case: Case, factor: float = 1.0, keep: str = "ge") -> Tensor:
    """Use another comparison, and another factor for the kept numbers."""
    a = case.arguments
    if not a["training"]:
        return case.call(twin)
    kept = getattr(a["uniform"], keep)(a["p"])
    return a["input"] * kept / (1 - a["p"]) * factor


def q(case: Case) -> float:
    """Return 1 − p."""
    return 1 - case.options["p"]


EXERCISE = Exercise(
    stub=dropout,
    task="dropout with given random numbers",
    chapter="training-as-functions",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "p = ½",
            cases(),
            "For the input 1, 1 and the random numbers 0.9, 0.1, one is dropped, one doubled.",
        ),
        Probe(
            "other probabilities",
            cases(ps=(0.25, 0.75)),
            "Right for p = ½, where p and 1 − p are equal.",
        ),
        Probe(
            "random numbers equal to p",
            cases(ps=(0.25, 0.5, 0.75), ties=True),
            "Right if no random number equals p: does the docstring say < or ≤?",
        ),
        Probe(
            "p = 0",
            cases(ps=(0.0,), ties=True),
            "No number from [0, 1) is below 0: nothing is dropped.",
        ),
        Probe(
            "not training",
            cases(ps=(0.5, 0.25), training=False),
            "Right in training: what is the output in evaluation?",
        ),
        Probe(
            "several dimensions",
            cases(sides=3),
            "Each number has its own random number, for any shape.",
        ),
        Probe("float32", in_float32(cases()), "The result has the dtype of the input."),
    ),
    suspects=(
        Suspect(
            "not scaled",
            lambda case: by(case, q(case)),
            "The kept numbers are not scaled. By how much does the sum decrease on average?",
        ),
        Suspect(
            "divided by p",
            lambda case: by(case, q(case) / case.options["p"]),
            "The kept numbers are divided by the probability of dropping, not of keeping.",
        ),
        Suspect(
            "multiplied, not divided",
            lambda case: by(case, q(case) ** 2),
            "The kept numbers become smaller; they should become larger.",
        ),
        Suspect(
            "the others dropped",
            lambda case: by(case, keep="lt"),
            "The wrong numbers are dropped: drop those whose random number is below p.",
        ),
        Suspect(
            "random numbers equal to p",
            lambda case: by(case, keep="gt"),
            "Right except where a random number equals p: does the docstring say < or ≤?",
        ),
        Suspect(
            "training ignored",
            lambda case: case.replace(training=True).call(twin),
            "The argument `training` has no effect.",
        ),
        Suspect(
            "scaled when not training",
            lambda case: case.call(twin) * (1 if case.options["training"] else q(case)),
            "In evaluation the input is returned unchanged: the scaling is done in training.",
        ),
    ),
    hints=(
        "For p = ½ and the inputs 1 and 1: one is dropped and one kept. What must the kept "
        "one be so that the expected sum is 2?",
        "A number is kept with probability 1 − p. Its expected value is the input if what is "
        "kept is divided by that.",
        "Outside of training return the input. In training compare each random number with p, "
        "and choose between 0 and the scaled input.",
    ),
    why=(
        "E[out] = (1 − p) · input/(1 − p) + p · 0 = input. So the next layer sees the same "
        "mean in training and in evaluation, where nothing is dropped."
    ),
    fast=Fast("minicnn.functional.dropout", "draws the mask itself and scales it once"),
)

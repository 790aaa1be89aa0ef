"""Exercise: dropout, with the random numbers given."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def dropout(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Drop each number with probability p, and enlarge the others to make up for it.

        out = 0 where uniform < p,    out = input / (1 − p) elsewhere

    A random number u from [0, 1) is below p with probability p, so that the expectation of out is
    the input. When not training, nothing is dropped and nothing enlarged.

    Args:
        input: any shape.
        uniform: numbers from [0, 1), one for each of the input; no other randomness is needed.
        p: the probability, at least 0 and below 1.
        training: whether to drop at all.

    Returns:
        A tensor in the shape of ``input``.

    Example:
        >>> dropout(torch.tensor([3.0, 5.0]), torch.tensor([0.9, 0.1]), 0.5, True)
        tensor([6., 0.])
    """
    raise NotImplementedError


def solution(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Look at each number's lot."""
    if not training:
        return input.clone()
    kept = input / (1 - p)
    return torch.where(uniform < p, torch.zeros_like(kept), kept)


def twin(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Write the docstring down: torch cannot be given the random numbers."""
    return torch.where(uniform >= p, input / (1 - p), 0.0) if training else input


@st.composite
def cases(
    draw: DrawFn, ps: tuple[float, ...] = (0.5,), training: bool = True, ties: bool = False,
    sides: int = 1,
) -> Case:  # fmt: skip
    """Draw numbers and lots; with ``ties`` some of the lots equal p."""
    shape = draw(st.lists(st.integers(1, 4), min_size=sides, max_size=sides))
    lots = draw(whole(*shape, low=0, high=7, step=1 / 8))
    p = draw(st.sampled_from(ps))
    if not ties:
        lots = torch.where(lots == p, lots + 1 / 16, lots)
    return Case({"input": draw(whole(*shape))}, {"uniform": lots, "p": p, "training": training})


def by(case: Case, factor: float = 1.0, keep: str = "ge") -> Tensor:
    """Compare in another way, and multiply what stays."""
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
    task="dropout, with the random numbers given",
    chapter=10,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "p = ½",
            cases(),
            "Take the input 1, 1 with the lots 0.9 and 0.1: one of them goes, the other grows.",
        ),
        Probe(
            "other probabilities",
            cases(ps=(0.25, 0.75)),
            "Right for p = ½, where p and 1 − p are the same.",
        ),
        Probe(
            "lots equal to p",
            cases(ps=(0.25, 0.5, 0.75), ties=True),
            "Right where no lot equals p: does the docstring say < or ≤?",
        ),
        Probe(
            "p = 0",
            cases(ps=(0.0,), ties=True),
            "No number from [0, 1) is below 0: nothing is dropped.",
        ),
        Probe(
            "not training",
            cases(ps=(0.5, 0.25), training=False),
            "Right while training: what comes out when not?",
        ),
        Probe(
            "several dimensions",
            cases(sides=3),
            "Each number has a lot of its own, whatever the shape.",
        ),
        Probe("float32", in_float32(cases()), "The result has the dtype of the input."),
    ),
    suspects=(
        Suspect(
            "not enlarged",
            lambda case: by(case, q(case)),
            "What stays, stays as it was. By how much is the sum smaller then, on average?",
        ),
        Suspect(
            "divided by p",
            lambda case: by(case, q(case) / case.options["p"]),
            "What stays is divided by the probability to go, not by that to stay.",
        ),
        Suspect(
            "multiplied, not divided",
            lambda case: by(case, q(case) ** 2),
            "What stays becomes smaller; it has to make up for what has gone.",
        ),
        Suspect(
            "the others dropped",
            lambda case: by(case, keep="lt"),
            "The other ones should go: those whose lot is below p.",
        ),
        Suspect(
            "lots equal to p",
            lambda case: by(case, keep="gt"),
            "Right but for lots that equal p: does the docstring say < or ≤?",
        ),
        Suspect(
            "training ignored",
            lambda case: case.replace(training=True).call(twin),
            "The argument `training` has no effect.",
        ),
        Suspect(
            "scaled when not training",
            lambda case: case.call(twin) * (1 if case.options["training"] else q(case)),
            "When not training the input comes back as it was: it was made up for while training.",
        ),
    ),
)

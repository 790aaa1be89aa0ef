"""Exercise: log-probabilities."""

import math

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def log_softmax(logits: Tensor) -> Tensor:
    """Compute the log-probabilities of each row of logits: the logarithms of its softmax.

    It must not overflow for logits of 1000, nor underflow for −1000 in the same row. Which number
    can be added to all logits of a row without changing the result? (Chapter 8, “From scores to
    probabilities”.)

    Args:
        logits: x, (N, C).

    Returns:
        (N, C), natural logarithms, with the dtype of ``logits``.

    Example:
        >>> log_softmax(torch.tensor([[0.0, 0.0]]))
        tensor([[-0.6931, -0.6931]])
        >>> log_softmax(torch.tensor([[1000.0, 0.0]]))
        tensor([[    0., -1000.]])
    """
    raise NotImplementedError


def solution(logits: Tensor) -> Tensor:
    """Subtract the maximum of each row, so that no exponential is above 1."""
    rows = []
    for row in logits:
        below = row - row.max()
        rows.append(below - below.exp().sum().log())
    return torch.stack(rows)


def twin(logits: Tensor) -> Tensor:
    """Compute the result with torch."""
    return torch.log_softmax(logits, 1)


def naive(case: Case) -> Tensor:
    """Compute the equation literally."""
    x = case.inputs["logits"]
    return x - x.exp().sum(1, keepdim=True).log()


def over_the_batch(case: Case) -> Tensor:
    """Subtract the maximum of all rows."""
    x = case.inputs["logits"] - case.inputs["logits"].max()
    return x - x.exp().sum(1, keepdim=True).log()


EXERCISE = Exercise(
    stub=log_softmax,
    task="numerically stable log-probabilities",
    chapter="softmax-and-cross-entropy",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one row",
            scores(rows=1),
            "Compute it by hand for the logits 0 and 0: both probabilities are ½.",
        ),
        Probe(
            "several rows",
            scores(),
            "Every row is normalised separately: over which dimension do you sum?",
        ),
        Probe(
            "large logits",
            scores(low=990, high=1010),
            "Right for small logits. What is exp(1000) in floating point?",
        ),
        Probe(
            "logits of −1000",
            scores(low=-1010, high=-990),
            "Right for large logits. What is exp(−1000) in floating point, and its logarithm?",
        ),
        Probe(
            "rows of different sizes",
            scores(low=-2, high=2).map(
                lambda case: case.replace(
                    logits=case.inputs["logits"]
                    + 1000 * torch.arange(len(case.inputs["logits"]))[:, None]
                )
            ),
            "Right for rows of similar size: subtract a constant that suits each row.",
        ),
        Probe(
            "one logit far below",
            scores(low=-1, high=0).map(
                lambda case: case.replace(logits=1000 * case.inputs["logits"])
            ),
            "A probability of exp(−1000) is 0 in floating point, but its logarithm is −1000.",
        ),
        Probe("float32", in_float32(scores()), "The result has the dtype of the logits."),
    ),
    suspects=(
        Suspect(
            "overflow",
            naive,
            "Right on paper, but exp(1000) overflows. Which constant could you subtract from a row "
            "first, so that no exponential is large?",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: case.inputs["logits"].log_softmax(0),
            "You normalise the columns; the logits of an example are a row.",
        ),
        Suspect(
            "over everything",
            lambda case: (
                case.inputs["logits"].flatten().log_softmax(0).view_as(*case.inputs.values())
            ),
            "You normalise all rows together; each row is a separate example.",
        ),
        Suspect(
            "maximum of all rows",
            over_the_batch,
            "The constant that you subtract suits only the row with the largest logit.",
        ),
        Suspect(
            "logarithm forgotten",
            lambda case: case.inputs["logits"].softmax(1),
            "Those are the probabilities; the result should be their logarithms.",
        ),
        Suspect(
            "logarithm of base 2",
            lambda case: case.call(twin) / math.log(2),
            "Use the natural logarithm, not base 2.",
        ),
        Suspect(
            "logarithm of base 10",
            lambda case: case.call(twin) / math.log(10),
            "Use the natural logarithm, not base 10.",
        ),
        Suspect(
            "maximum not subtracted everywhere",
            lambda case: case.call(twin) + case.inputs["logits"].amax(1, keepdim=True),
            "What you subtract inside the exponentials must be accounted for outside of them.",
        ),
        Suspect(
            "maximum not subtracted everywhere",
            lambda case: case.call(twin) - case.inputs["logits"].amax(1, keepdim=True),
            "What you subtract inside the exponentials must be accounted for outside of them.",
        ),
        Suspect(
            "logarithm of a rounded probability",
            lambda case: case.inputs["logits"].softmax(1).log(),
            "The logarithm of a probability that was rounded to 0 is −∞. Can you avoid computing "
            "the probability?",
        ),
    ),
    hints=(
        "Compute it by hand for the logits 0 and 0, then for 1000 and 1000. Which "
        "intermediate number is too large?",
        "Subtract the same constant from all logits of a row: the result stays the same. "
        "Which constant makes the largest exponential equal to 1?",
        "For each row: subtract the largest logit, take the exponentials, their sum, and its "
        "logarithm. Subtract this from the shifted logits; the probabilities themselves are "
        "never needed.",
    ),
    why=(
        "With the maximum subtracted, every exponential is at most 1 and one of them is 1: "
        "the sum can neither overflow nor be 0, so its logarithm is finite."
    ),
    fast=Fast(
        "minicnn.functional.log_softmax",
        "does the same for all rows at once, and its backward needs only the result",
    ),
)

"""Exercise: logarithms of probabilities."""

import math

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def log_softmax(logits: Tensor) -> Tensor:
    """Turn each row of scores into the logarithms of probabilities.

        out[n, c] = x[n, c] − log Σ_k exp(x[n, k])

    Scores of 1000 are no trouble, nor is one of −1000 beside them: a constant that is subtracted
    from all scores of a row changes nothing of the result, and some constants are better than
    others.

    Args:
        logits: x, (N, C), C scores in each row.

    Returns:
        (N, C), natural logarithms.

    Example:
        >>> log_softmax(torch.tensor([[0.0, 0.0]]))
        tensor([[-0.6931, -0.6931]])
        >>> log_softmax(torch.tensor([[1000.0, 0.0]]))
        tensor([[    0., -1000.]])
    """
    raise NotImplementedError


def solution(logits: Tensor) -> Tensor:
    """Measure the scores from the row's largest, so that no exponential is above 1."""
    rows = []
    for row in logits:
        below = row - row.max()
        rows.append(below - below.exp().sum().log())
    return torch.stack(rows)


def twin(logits: Tensor) -> Tensor:
    """Ask torch."""
    return torch.log_softmax(logits, 1)


def naive(case: Case) -> Tensor:
    """Compute the equation to the letter."""
    x = case.inputs["logits"]
    return x - x.exp().sum(1, keepdim=True).log()


def over_the_batch(case: Case) -> Tensor:
    """Subtract the largest score of all rows."""
    x = case.inputs["logits"] - case.inputs["logits"].max()
    return x - x.exp().sum(1, keepdim=True).log()


EXERCISE = Exercise(
    stub=log_softmax,
    task="log-probabilities of scores, safe for large ones",
    chapter=7,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one row",
            scores(rows=1),
            "Compute it by hand for the scores 0 and 0: both have probability ½.",
        ),
        Probe(
            "several rows",
            scores(),
            "Every row is normalised on its own: over which dimension do you sum?",
        ),
        Probe(
            "huge scores",
            scores(low=990, high=1010),
            "Right for small scores. What is exp(1000) on a computer?",
        ),
        Probe(
            "scores of −1000",
            scores(low=-1010, high=-990),
            "Right for large scores. What is exp(−1000) on a computer, and the logarithm of that?",
        ),
        Probe(
            "rows far apart",
            scores(low=-2, high=2).map(
                lambda case: case.replace(
                    logits=case.inputs["logits"]
                    + 1000 * torch.arange(len(case.inputs["logits"]))[:, None]
                )
            ),
            "Right where the rows are of one size: what is subtracted has to suit each row.",
        ),
        Probe(
            "one score far below",
            scores(low=-1, high=0).map(
                lambda case: case.replace(logits=1000 * case.inputs["logits"])
            ),
            "A probability of exp(−1000) is 0 in floating point, but its logarithm is −1000.",
        ),
        Probe("float32", in_float32(scores()), "The result has the dtype of the scores."),
    ),
    suspects=(
        Suspect(
            "overflow",
            naive,
            "Right on paper, but exp(1000) is infinite here. Which constant could you subtract "
            "from a row first, so that no exponential is large?",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: case.inputs["logits"].log_softmax(0),
            "You normalise the columns; the scores of an example stand in a row.",
        ),
        Suspect(
            "over everything",
            lambda case: (
                case.inputs["logits"].flatten().log_softmax(0).view_as(*case.inputs.values())
            ),
            "You normalise all rows together; each is an example of its own.",
        ),
        Suspect(
            "largest of all rows",
            over_the_batch,
            "The constant that you subtract suits the row with the largest score only.",
        ),
        Suspect(
            "logarithm forgotten",
            lambda case: case.inputs["logits"].softmax(1),
            "Those are the probabilities; their logarithms are asked for.",
        ),
        Suspect(
            "logarithm of base 2",
            lambda case: case.call(twin) / math.log(2),
            "The natural logarithm is asked for, not that of base 2.",
        ),
        Suspect(
            "logarithm of base 10",
            lambda case: case.call(twin) / math.log(10),
            "The natural logarithm is asked for, not that of base 10.",
        ),
        Suspect(
            "largest not subtracted everywhere",
            lambda case: case.call(twin) + case.inputs["logits"].amax(1, keepdim=True),
            "What you subtract inside the exponentials has to be accounted for outside of them.",
        ),
        Suspect(
            "largest not subtracted everywhere",
            lambda case: case.call(twin) - case.inputs["logits"].amax(1, keepdim=True),
            "What you subtract inside the exponentials has to be accounted for outside of them.",
        ),
        Suspect(
            "logarithm of a rounded probability",
            lambda case: case.inputs["logits"].softmax(1).log(),
            "The logarithm of a probability that was rounded to 0 is −∞. Can you do without the "
            "probability?",
        ),
    ),
)

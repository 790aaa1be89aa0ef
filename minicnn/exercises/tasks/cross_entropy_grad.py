"""Exercise: the gradient of a classifier's loss by its scores."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def cross_entropy_grad(logits: Tensor, target: Tensor) -> Tensor:
    """Differentiate the loss of a classifier by its scores.

        out[n, c] = ∂L/∂x[n, c],    L = 1/N · Σ_n (log Σ_k exp(x[n, k]) − x[n, t_n])

    Differentiate L yourself: the result is simpler than L. Scores of 1000 are no trouble.

    Args:
        logits: scores x, (N, C).
        target: the true classes t, (N,), whole numbers from 0 to C − 1.

    Returns:
        ∂L/∂x, (N, C).

    Example:
        >>> cross_entropy_grad(torch.zeros(1, 4), torch.tensor([1]))
        tensor([[ 0.2500, -0.7500,  0.2500,  0.2500]])
    """
    raise NotImplementedError


def solution(logits: Tensor, target: Tensor) -> Tensor:
    """Compare what the network believes with what is the case."""
    rows = []
    for scores_of_one, label in zip(logits, target.tolist(), strict=True):
        e = (scores_of_one - scores_of_one.max()).exp()
        belief = e / e.sum()
        belief[label] -= 1
        rows.append(belief / len(logits))
    return torch.stack(rows)


def twin(logits: Tensor, target: Tensor) -> Tensor:
    """Ask torch's autograd."""
    x = logits.detach().requires_grad_()
    loss = -torch.log_softmax(x, 1).gather(1, target[:, None]).mean()
    return torch.autograd.grad(loss, x)[0]


def labels(case: Case) -> Tensor:
    """Return 1 at each row's label, 0 elsewhere."""
    x = case.inputs["logits"]
    return torch.zeros_like(x).scatter(1, case.options["target"][:, None], 1.0)


def naive(case: Case) -> Tensor:
    """Exponentiate the scores as they are."""
    e = case.inputs["logits"].exp()
    return (e / e.sum(1, keepdim=True) - labels(case)) / len(e)


EXERCISE = Exercise(
    stub=cross_entropy_grad,
    task="the gradient of that loss by the scores",
    chapter=7,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one example",
            scores(rows=1, labels=True),
            "Differentiate the two terms of L one by one. Each row of the result adds up to 0: "
            "does yours?",
        ),
        Probe(
            "several examples",
            scores(labels=True),
            "A row of the result depends on that row of the scores only, but for one factor.",
        ),
        Probe(
            "huge scores",
            scores(low=990, high=1010, labels=True),
            "Right for small scores. What is exp(1000) on a computer?",
        ),
        Probe(
            "float32",
            in_float32(scores(labels=True)),
            "The result has the dtype of the scores.",
        ),
    ),
    suspects=(
        Suspect(
            "overflow",
            naive,
            "Right on paper, but exp(1000) is infinite here. Which constant could you subtract "
            "from a row first?",
        ),
        Suspect(
            "sign",
            lambda case: -case.call(twin),
            "The sign: where the answer is right, more of the score means less loss.",
        ),
        Suspect(
            "mean forgotten",
            lambda case: case.call(twin) * len(case.inputs["logits"]),
            "The factor 1/N of the mean is missing.",
        ),
        Suspect(
            "mean over everything",
            lambda case: case.call(twin) / case.inputs["logits"].shape[1],
            "You divide by the number of classes, too. How many examples are there?",
        ),
        Suspect(
            "label forgotten",
            lambda case: case.inputs["logits"].softmax(1) / len(case.inputs["logits"]),
            "The second term of L is missing: nothing depends on `target`.",
        ),
        Suspect(
            "only the label",
            lambda case: case.call(twin) * labels(case),
            "Only the scores of the labels get a gradient; but all scores stand in the first term.",
        ),
        Suspect(
            "not normalised",
            lambda case: (case.inputs["logits"] - labels(case)) / len(case.inputs["logits"]),
            "The derivative of log Σ exp is not the score itself.",
        ),
        Suspect(
            "logarithm too much",
            lambda case: (case.inputs["logits"].log_softmax(1) - labels(case)) / len(labels(case)),
            "The derivative of log Σ exp is a probability, not the logarithm of one.",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: (case.inputs["logits"].softmax(0) - labels(case)) / len(labels(case)),
            "You normalise the columns; the scores of an example stand in a row.",
        ),
    ),
)

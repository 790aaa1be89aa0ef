"""Exercise: the gradient of the cross-entropy loss."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def cross_entropy_grad(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the gradient of the cross-entropy loss with respect to the logits.

        out[n, c] = ∂L/∂x[n, c],    L = 1/N · Σ_n (log Σ_k exp(x[n, k]) − x[n, t_n])

    Differentiate L by hand: the result is simpler than L. It must not overflow for logits of 1000.

    Args:
        logits: x, (N, C).
        target: the true classes t, (N,), integers from 0 to C − 1.

    Returns:
        ∂L/∂x, (N, C), with the dtype of ``logits``.

    Example:
        >>> cross_entropy_grad(torch.zeros(1, 4), torch.tensor([1]))
        tensor([[ 0.2500, -0.7500,  0.2500,  0.2500]])
    """
    raise NotImplementedError


def solution(logits: Tensor, target: Tensor) -> Tensor:
    """Subtract 1 from the predicted probability of the true class."""
    rows = []
    for scores_of_one, label in zip(logits, target.tolist(), strict=True):
        e = (scores_of_one - scores_of_one.max()).exp()
        belief = e / e.sum()
        belief[label] -= 1
        rows.append(belief / len(logits))
    return torch.stack(rows)


def twin(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the gradient with torch's autograd."""
    x = logits.detach().requires_grad_()
    loss = -torch.log_softmax(x, 1).gather(1, target[:, None]).mean()
    return torch.autograd.grad(loss, x)[0]


def labels(case: Case) -> Tensor:
    """Return 1 at the label of each row, 0 elsewhere."""
    x = case.inputs["logits"]
    return torch.zeros_like(x).scatter(1, case.options["target"][:, None], 1.0)


def naive(case: Case) -> Tensor:
    """Exponentiate the logits without subtracting the maximum."""
    e = case.inputs["logits"].exp()
    return (e / e.sum(1, keepdim=True) - labels(case)) / len(e)


EXERCISE = Exercise(
    stub=cross_entropy_grad,
    task="the gradient of the cross-entropy loss",
    chapter="softmax-and-cross-entropy",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one example",
            scores(rows=1, labels=True),
            "Differentiate the two terms of L separately. Each row of the result sums to 0: does "
            "yours?",
        ),
        Probe(
            "several examples",
            scores(labels=True),
            "A row of the result depends only on the same row of the logits, and on N.",
        ),
        Probe(
            "large logits",
            scores(low=990, high=1010, labels=True),
            "Right for small logits. What is exp(1000) in floating point?",
        ),
        Probe(
            "float32",
            in_float32(scores(labels=True)),
            "The result has the dtype of the logits.",
        ),
    ),
    suspects=(
        Suspect(
            "overflow",
            naive,
            "Right on paper, but exp(1000) overflows. Which constant could you subtract from a row "
            "first?",
        ),
        Suspect(
            "sign",
            lambda case: -case.call(twin),
            "The sign is wrong: a larger logit of the true class means a smaller loss.",
        ),
        Suspect(
            "mean forgotten",
            lambda case: case.call(twin) * len(case.inputs["logits"]),
            "The factor 1/N of the mean is missing.",
        ),
        Suspect(
            "mean over everything",
            lambda case: case.call(twin) / case.inputs["logits"].shape[1],
            "You also divide by the number of classes. How many examples are there?",
        ),
        Suspect(
            "label forgotten",
            lambda case: case.inputs["logits"].softmax(1) / len(case.inputs["logits"]),
            "The second term of L is missing: nothing depends on `target`.",
        ),
        Suspect(
            "only the label",
            lambda case: case.call(twin) * labels(case),
            "Only the logits of the labels have a gradient; the first term depends on all logits.",
        ),
        Suspect(
            "not normalised",
            lambda case: (case.inputs["logits"] - labels(case)) / len(case.inputs["logits"]),
            "The derivative of log Σ exp is not the logit itself.",
        ),
        Suspect(
            "one logarithm too many",
            lambda case: (case.inputs["logits"].log_softmax(1) - labels(case)) / len(labels(case)),
            "The derivative of log Σ exp is a probability, not the logarithm of one.",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: (case.inputs["logits"].softmax(0) - labels(case)) / len(labels(case)),
            "You normalise the columns; the logits of an example are a row.",
        ),
    ),
    hints=(
        "The loss of a row is log Σ exp(x) − x_t. Differentiate the two terms separately, "
        "with respect to x_t and with respect to another logit.",
        "The derivative of the first term is a probability. The second term contributes only "
        "at the true class.",
        "Compute the probabilities of each row, with the maximum subtracted before the "
        "exponentials. Change the number at the true class, then divide by the number of "
        "rows.",
    ),
    why=(
        "The derivative of log Σ exp(x) is the probability p, and that of x_t is 1 at the "
        "true class: p − y. It vanishes when the prediction is right, and never exceeds 1 per "
        "row."
    ),
    fast=Fast(
        "minicnn.functional.cross_entropy",
        "computes it in `backward`, from the probabilities that the loss has left",
    ),
)

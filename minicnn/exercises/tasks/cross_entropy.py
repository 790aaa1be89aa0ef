"""Exercise: the cross-entropy loss."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the mean negative log-likelihood of the true classes.

    The probabilities of an example are the softmax of its logits, and the mean is over the
    examples. It must not overflow for logits of 1000. (Chapter 8, “Negative log-likelihood”.)

    Args:
        logits: x, (N, C).
        target: the true classes t, (N,), integers from 0 to C − 1.

    Returns:
        L, a scalar tensor with the dtype of ``logits``.

    Example:
        >>> cross_entropy(torch.zeros(2, 4), torch.tensor([3, 0]))  # log 4: a uniform guess
        tensor(1.3863)
    """
    raise NotImplementedError


def solution(logits: Tensor, target: Tensor) -> Tensor:
    """Sum over the examples, with the maximum of each row subtracted."""
    total = logits.new_zeros(())
    for scores_of_one, label in zip(logits, target.tolist(), strict=True):
        below = scores_of_one - scores_of_one.max()
        log_sum = below.exp().sum().log()
        total = total + log_sum - below[label]
    return total / len(logits)


def log_p(case: Case) -> Tensor:
    """Return the log-probabilities, computed with torch."""
    return torch.log_softmax(case.inputs["logits"], 1)


def of_labels(case: Case, x: Tensor) -> Tensor:
    """Pick the number at the label of each row."""
    return x.gather(1, case.options["target"][:, None])[:, 0]


def twin(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the loss with torch."""
    return -torch.log_softmax(logits, 1).gather(1, target[:, None]).mean()


def naive(case: Case) -> Tensor:
    """Compute the equation literally."""
    e = case.inputs["logits"].exp()
    return -of_labels(case, e / e.sum(1, keepdim=True)).log().mean()


def in_two_terms(case: Case) -> Tensor:
    """Split the logarithm of the quotient, without subtracting the maximum."""
    x = case.inputs["logits"]
    return (x.exp().sum(1).log() - of_labels(case, x)).mean()


OVERFLOW = (
    "Right on paper, but exp(1000) overflows. Which constant could you subtract from a row first?"
)
EXERCISE = Exercise(
    stub=cross_entropy,
    task="the cross-entropy loss",
    chapter="softmax-and-cross-entropy",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one example",
            scores(rows=1, labels=True),
            "Compute it by hand for two logits of 0: the true class has probability ½.",
        ),
        Probe(
            "several examples",
            scores(labels=True),
            "Each row has its own normalisation and its own label; the mean is taken last.",
        ),
        Probe(
            "large logits",
            scores(low=990, high=1010, labels=True),
            "Right for small logits. What is exp(1000) in floating point?",
        ),
        Probe(
            "logits far apart",
            scores(low=-1, high=0, labels=True).map(
                lambda case: case.replace(logits=1000 * case.inputs["logits"])
            ),
            "A probability of exp(−1000) is 0 in floating point, but the loss is 1000.",
        ),
        Probe("float32", in_float32(scores(labels=True)), "The loss has the dtype of the logits."),
    ),
    suspects=(
        Suspect("overflow", in_two_terms, OVERFLOW),
        Suspect("overflow", naive, OVERFLOW),
        Suspect(
            "sign",
            lambda case: -case.call(twin),
            "The sign is wrong: log-probabilities are negative, the loss is positive.",
        ),
        Suspect(
            "sum, not mean",
            lambda case: case.call(twin) * len(case.inputs["logits"]),
            "You return the sum of the losses; it should be their mean.",
        ),
        Suspect(
            "mean over everything",
            lambda case: case.call(twin) / case.inputs["logits"].shape[1],
            "You also divide by the number of classes. How many examples are there?",
        ),
        Suspect(
            "no mean at all",
            lambda case: -of_labels(case, log_p(case)),
            "You return a loss for each example; it should be their mean.",
        ),
        Suspect(
            "logarithm forgotten",
            lambda case: -of_labels(case, log_p(case).exp()).mean(),
            "That is the probability, not its logarithm.",
        ),
        Suspect(
            "not normalised",
            lambda case: -of_labels(case, case.inputs["logits"]).mean(),
            "Logits are not probabilities yet: what is the normalisation?",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: -of_labels(case, case.inputs["logits"].log_softmax(0)).mean(),
            "You normalise the columns; the logits of an example are a row.",
        ),
        Suspect(
            "logarithm of a mean",
            lambda case: -of_labels(case, log_p(case).exp()).mean().log(),
            "Take the logarithms first, then the mean: the order matters.",
        ),
        Suspect(
            "every label for every row",
            lambda case: -log_p(case)[:, case.options["target"]].mean(),
            "Indexing with [:, target] takes all labels from every row; each row has one.",
        ),
    ),
    hints=(
        "Compute it by hand for one example with two logits of 0. The probability of either "
        "class is ½.",
        "Write the logarithm of the quotient as a difference: the logarithm of a sum, minus "
        "one logit. Then subtract the maximum, as in log_softmax.",
        "For each row: shift the logits by their maximum; take the logarithm of the sum of "
        "their exponentials, minus the shifted logit of the true class. The loss is the mean "
        "over the rows.",
    ),
    why=(
        "−log p of the true class is log Σ exp(x) − x_t. It is 0 if the network is certain "
        "and right, log C for a uniform guess, and without limit if it is certain and wrong."
    ),
    fast=Fast(
        "minicnn.functional.cross_entropy",
        "computes the loss and keeps what the gradient needs, in one pass",
    ),
)

"""Exercise: the loss of a classifier."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, scores
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Average over the examples how surprising the right answers were.

        L = −1/N · Σ_n log p[n, t_n],    p[n, c] = exp(x[n, c]) / Σ_k exp(x[n, k])

    Scores of 1000 are no trouble.

    Args:
        logits: scores x, (N, C).
        target: the true classes t, (N,), whole numbers from 0 to C − 1.

    Returns:
        L, a tensor without dimensions.

    Example:
        >>> cross_entropy(torch.zeros(2, 4), torch.tensor([3, 0]))  # log 4: no idea
        tensor(1.3863)
    """
    raise NotImplementedError


def solution(logits: Tensor, target: Tensor) -> Tensor:
    """Go through the examples, each measured from its largest score."""
    total = logits.new_zeros(())
    for scores_of_one, label in zip(logits, target.tolist(), strict=True):
        below = scores_of_one - scores_of_one.max()
        log_sum = below.exp().sum().log()
        total = total + log_sum - below[label]
    return total / len(logits)


def log_p(case: Case) -> Tensor:
    """Return log-probabilities, by torch."""
    return torch.log_softmax(case.inputs["logits"], 1)


def of_labels(case: Case, x: Tensor) -> Tensor:
    """Pick the number of each row that belongs to its label."""
    return x.gather(1, case.options["target"][:, None])[:, 0]


def twin(logits: Tensor, target: Tensor) -> Tensor:
    """Ask torch."""
    return -torch.log_softmax(logits, 1).gather(1, target[:, None]).mean()


def naive(case: Case) -> Tensor:
    """Compute the equation to the letter."""
    e = case.inputs["logits"].exp()
    return -of_labels(case, e / e.sum(1, keepdim=True)).log().mean()


def in_two_terms(case: Case) -> Tensor:
    """Take the quotient's logarithm apart, with the scores as they are."""
    x = case.inputs["logits"]
    return (x.exp().sum(1).log() - of_labels(case, x)).mean()


OVERFLOW = (
    "Right on paper, but exp(1000) is infinite here. Which constant could you subtract from a row "
    "first?"
)
EXERCISE = Exercise(
    stub=cross_entropy,
    task="the loss of a classifier",
    chapter=7,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one example",
            scores(rows=1, labels=True),
            "Compute it by hand for two scores of 0: the answer has probability ½, whatever it is.",
        ),
        Probe(
            "several examples",
            scores(labels=True),
            "Each row has its own normalisation and its own label; then comes the mean.",
        ),
        Probe(
            "huge scores",
            scores(low=990, high=1010, labels=True),
            "Right for small scores. What is exp(1000) on a computer?",
        ),
        Probe(
            "scores far apart",
            scores(low=-1, high=0, labels=True).map(
                lambda case: case.replace(logits=1000 * case.inputs["logits"])
            ),
            "A probability of exp(−1000) is 0 in floating point; but the surprise is 1000.",
        ),
        Probe("float32", in_float32(scores(labels=True)), "The loss has the dtype of the scores."),
    ),
    suspects=(
        Suspect("overflow", in_two_terms, OVERFLOW),
        Suspect("overflow", naive, OVERFLOW),
        Suspect(
            "sign",
            lambda case: -case.call(twin),
            "The sign: logarithms of probabilities are negative, and a loss is not.",
        ),
        Suspect(
            "sum, not mean",
            lambda case: case.call(twin) * len(case.inputs["logits"]),
            "The losses of the examples are added up; their mean is asked for.",
        ),
        Suspect(
            "mean over everything",
            lambda case: case.call(twin) / case.inputs["logits"].shape[1],
            "You divide by the number of classes, too. How many examples are there?",
        ),
        Suspect(
            "no mean at all",
            lambda case: -of_labels(case, log_p(case)),
            "There is a loss for each example; their mean is asked for.",
        ),
        Suspect(
            "logarithm forgotten",
            lambda case: -of_labels(case, log_p(case).exp()).mean(),
            "That is the probability itself, not its logarithm.",
        ),
        Suspect(
            "not normalised",
            lambda case: -of_labels(case, case.inputs["logits"]).mean(),
            "Scores are no probabilities yet: what divides them?",
        ),
        Suspect(
            "over the wrong dimension",
            lambda case: -of_labels(case, case.inputs["logits"].log_softmax(0)).mean(),
            "You normalise the columns; the scores of an example stand in a row.",
        ),
        Suspect(
            "logarithm of a mean",
            lambda case: -of_labels(case, log_p(case).exp()).mean().log(),
            "First the logarithms, then the mean: the two cannot be exchanged.",
        ),
        Suspect(
            "every label for every row",
            lambda case: -log_p(case)[:, case.options["target"]].mean(),
            "Indexing by [:, target] takes all labels from every row; each row has one.",
        ),
    ),
)

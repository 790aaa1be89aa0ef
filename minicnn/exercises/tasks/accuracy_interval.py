"""Exercise: how far an accuracy can be trusted."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """Compute an accuracy with two standard errors on either side.

    The test images are a sample of all images. Each is classified correctly or not, so the number
    of correct ones is binomial; the standard error is the standard deviation of the accuracy over
    other samples of the same size, with the accuracy found in place of the unknown one.

    Args:
        correct: the number of images that are classified correctly.
        total: the number of images n, at least 1.

    Returns:
        The accuracy minus and plus two standard errors, as fractions of 1.

    Example:
        >>> low, high = accuracy_interval(90, 100)
        >>> round(low, 4), round(high, 4)
        (0.84, 0.96)
    """
    raise NotImplementedError


def solution(correct: int, total: int) -> tuple[float, float]:
    """Count a correct image as 1 and a wrong one as 0, and take the deviation of the mean."""
    mean = correct / total
    squares = correct * (1 - mean) ** 2 + (total - correct) * mean**2
    error = math.sqrt(squares / total) / math.sqrt(total)
    return mean - 2 * error, mean + 2 * error


def twin(correct: int, total: int) -> tuple[float, float]:
    """Compute it by the formula of the binomial distribution."""
    return around(Case({}, {"correct": correct, "total": total}))


def around(case: Case, errors: float = 2.0, n: float | None = None) -> tuple[float, float]:
    """Return the accuracy with some number of standard errors for n images on either side."""
    total = case.options["total"]
    p = case.options["correct"] / total
    error = math.sqrt(p * (1 - p) / (n or total))
    return p - errors * error, p + errors * error


@st.composite
def cases(draw: DrawFn, totals: tuple[int, ...], least: float = 0.0) -> Case:
    """Draw a number of images, and how many of them are right."""
    total = draw(st.sampled_from(totals))
    correct = draw(st.integers(math.ceil(least * total), total))
    return Case({}, {"correct": correct, "total": total})


def of_variance(case: Case) -> tuple[float, float]:
    """Forget the root."""
    p = case.options["correct"] / case.options["total"]
    variance = p * (1 - p) / case.options["total"]
    return p - 2 * variance, p + 2 * variance


EXERCISE = Exercise(
    stub=accuracy_interval,
    task="an accuracy with two standard errors",
    chapter="training-on-mnist",
    solution=solution,
    twin=twin,
    returns=("the lower end", "the upper end"),
    probes=(
        Probe(
            "four images",
            cases((4,)),
            "For 2 of 4 the accuracy is ½, and so is the deviation of a single image. What is that "
            "of a mean of four?",
        ),
        Probe(
            "other numbers of images",
            cases((1, 9, 16, 100)),
            "Right for four images: four times as many halve the error.",
        ),
        Probe(
            "nearly all of ten thousand",
            cases((10_000,), least=0.99),
            "Right for few images: the formula is the same.",
        ),
    ),
    hints=(
        "Count a correct image as 1 and a wrong one as 0. What are the mean and the variance of "
        "these numbers, if a fraction p is 1?",
        "The accuracy is the mean of n such numbers. The variance of a mean of n independent "
        "numbers is that of one, divided by n.",
        "Compute p; the variance of one image; divide it by n; take the square root. Then go twice "
        "that far to either side.",
    ),
    why=(
        "One image is 1 with probability p, with the variance p(1 − p); the mean of n has the "
        "variance p(1 − p)/n. In about 95 of 100 such samples the true accuracy is within two "
        "standard errors."
    ),
    fast=Fast("minicnn.metrics.accuracy", "computes the accuracy itself, from scores and labels"),
    suspects=(
        Suspect(
            "one standard error",
            lambda case: around(case, errors=1.0),
            "Half as wide as it should be: two standard errors on either side.",
        ),
        Suspect(
            "deviation of one image",
            lambda case: around(case, n=1.0),
            "That is the deviation of a single image. The accuracy is a mean of n of them.",
        ),
        Suspect("root forgotten", of_variance, "That is the variance of the accuracy."),
        Suspect(
            "ends exchanged",
            lambda case: case.call(twin)[::-1],
            "The two ends are exchanged: the lower one comes first.",
        ),
        Suspect(
            "in per cent",
            lambda case: tuple(100 * end for end in case.call(twin)),
            "The result is in per cent; it should be a fraction of 1.",
        ),
    ),
)

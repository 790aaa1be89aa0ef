"""Exercise: initial weights that keep the size of what passes through them."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn import init
from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def kaiming_uniform(uniform: Tensor) -> Tensor:
    """Turn random numbers from [0, 1) into initial weights from [−b, b) by Kaiming's rule.

    The weights are to have mean 0 and

        variance = 2 / fan_in

    where fan_in counts the numbers that are added up to one result of the layer. A uniform
    distribution on [−b, b) has the variance b²/3. The numbers are moved and stretched by the same
    amount everywhere: 0 becomes −b, and ½ becomes 0.

    Args:
        uniform: random numbers in the shape of a weight: (O, C, kH, kW) for a convolution,
            (O, I) for a linear layer.

    Returns:
        The weights, in the same shape.

    Example:
        >>> kaiming_uniform(torch.tensor([[0.0, 0.5, 0.75, 0.5, 0.5, 0.5]]))
        tensor([[-1.0000,  0.0000,  0.5000,  0.0000,  0.0000,  0.0000]])
    """
    raise NotImplementedError


def solution(uniform: Tensor) -> Tensor:
    """Count what one output adds up; the rest follows from the two variances."""
    fan_in = uniform[0].numel()
    bound = math.sqrt(3 * 2 / fan_in)
    return uniform * (2 * bound) - bound


def twin(uniform: Tensor) -> Tensor:
    """Ask minicnn.init, which the tests hold against torch."""
    return scaled(uniform, math.sqrt(3) * init.kaiming_std(tuple(uniform.shape)))


def scaled(uniform: Tensor, bound: float) -> Tensor:
    """Stretch [0, 1) to [−bound, bound)."""
    return (uniform - 0.5) * 2 * bound


def by(case: Case, fan: float, variance: float = 2.0) -> Tensor:
    """Stretch to another variance, or by another fan."""
    return scaled(case.inputs["uniform"], math.sqrt(3 * variance / fan))


def fans(case: Case) -> tuple[int, int]:
    """Return (fan_in, fan_out)."""
    return init.fans(tuple(case.inputs["uniform"].shape))


def std_for_bound(case: Case) -> Tensor:
    """Take the standard deviation for the bound."""
    return scaled(case.inputs["uniform"], math.sqrt(2 / fans(case)[0]))


@st.composite
def cases(draw: DrawFn, convolution: bool, outputs: int = 3) -> Case:
    """Draw random numbers in the shape of a weight."""
    shape = [draw(st.integers(1, outputs)), draw(st.integers(1, 4))]
    if convolution:
        shape += [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    return Case({"uniform": draw(whole(*shape, low=0, high=7, step=1 / 8))}, {})


EXERCISE = Exercise(
    stub=kaiming_uniform,
    task="initial weights by Kaiming's rule",
    chapter=8,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "a linear layer with one output",
            cases(convolution=False, outputs=1),
            "Take six inputs: the variance should be 2/6. Which b has that, if it is b²/3?",
        ),
        Probe(
            "a linear layer",
            cases(convolution=False),
            "Right for one output: how many outputs there are does not matter.",
        ),
        Probe(
            "a convolution",
            cases(convolution=True),
            "Right for linear layers: how many numbers does a kernel add up at one place?",
        ),
        Probe(
            "float32",
            in_float32(cases(convolution=True)),
            "The result has the dtype of the random numbers.",
        ),
    ),
    suspects=(
        Suspect(
            "fan_out for fan_in",
            lambda case: by(case, fans(case)[1]),
            "You count the results that a number takes part in; count what one result adds up.",
        ),
        Suspect(
            "window not counted",
            lambda case: by(case, case.inputs["uniform"].shape[1]),
            "You count the channels; a kernel adds up several numbers of each.",
        ),
        Suspect(
            "everything counted",
            lambda case: by(case, case.inputs["uniform"].numel()),
            "You count all weights; but each output has some of them for its own.",
        ),
        Suspect(
            "variance 1 / fan_in",
            lambda case: by(case, fans(case)[0], 1.0),
            "The variance is half of what it should be: relu drops half of the signal, and the 2 "
            "makes up for it.",
        ),
        Suspect(
            "standard deviation for the bound",
            std_for_bound,
            "The standard deviation of a uniform distribution is less than its bound b.",
        ),
        Suspect(
            "root forgotten",
            lambda case: scaled(case.inputs["uniform"], 6 / fans(case)[0]),
            "The variance goes with b², so there is a square root on the way to b.",
        ),
        Suspect(
            "only positive weights",
            lambda case: case.inputs["uniform"] * math.sqrt(6 / fans(case)[0]),
            "Your weights lie between 0 and b: their mean is not 0.",
        ),
        Suspect(
            "Xavier's rule",
            lambda case: by(case, sum(fans(case))),
            "Two fans are added up, as in Xavier's rule. Kaiming's has fan_in alone.",
        ),
    ),
)

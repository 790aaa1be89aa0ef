"""Exercise: Kaiming initialisation."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn import init
from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def kaiming_uniform(uniform: Tensor) -> Tensor:
    """Map random numbers from [0, 1) to initial weights in [−b, b) by Kaiming's rule.

    The weights have mean 0 and the variance that keeps the size of a signal through a layer with
    relu, by the fan-in: the number of inputs that contribute to one output. Find b from the
    variance of a uniform distribution. (Chapter 9, “One sum of products” and “What minicnn and
    torch draw”.) The map is linear: 0 becomes −b, and ½ becomes 0.

    Args:
        uniform: random numbers with the shape of a weight: (O, C, kH, kW) for a convolution,
            (O, I) for a linear layer.

    Returns:
        The weights, with the shape and the dtype of ``uniform``.

    Example:
        >>> kaiming_uniform(torch.tensor([[0.0, 0.5, 0.75, 0.5, 0.5, 0.5]]))
        tensor([[-1.0000,  0.0000,  0.5000,  0.0000,  0.0000,  0.0000]])
    """
    raise NotImplementedError


def solution(uniform: Tensor) -> Tensor:
    """Compute the fan-in; the bound follows from the two variances."""
    fan_in = uniform[0].numel()
    bound = math.sqrt(3 * 2 / fan_in)
    return uniform * (2 * bound) - bound


def twin(uniform: Tensor) -> Tensor:
    """Compute the result with minicnn.init, which is tested against torch."""
    return scaled(uniform, math.sqrt(3) * init.kaiming_std(tuple(uniform.shape)))


def scaled(uniform: Tensor, bound: float) -> Tensor:
    """Map [0, 1) linearly to [−bound, bound)."""
    return (uniform - 0.5) * 2 * bound


def by(case: Case, fan: float, variance: float = 2.0) -> Tensor:
    """Use another variance or another fan."""
    return scaled(case.inputs["uniform"], math.sqrt(3 * variance / fan))


def fans(case: Case) -> tuple[int, int]:
    """Return (fan_in, fan_out)."""
    return init.fans(tuple(case.inputs["uniform"].shape))


def std_for_bound(case: Case) -> Tensor:
    """Use the standard deviation as the bound."""
    return scaled(case.inputs["uniform"], math.sqrt(2 / fans(case)[0]))


@st.composite
def cases(draw: DrawFn, convolution: bool, outputs: int = 3) -> Case:
    """Draw random numbers with the shape of a weight."""
    shape = [draw(st.integers(1, outputs)), draw(st.integers(1, 4))]
    if convolution:
        shape += [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    return Case({"uniform": draw(whole(*shape, low=0, high=7, step=1 / 8))}, {})


EXERCISE = Exercise(
    stub=kaiming_uniform,
    task="Kaiming initialisation",
    chapter="initialisation-and-batch-norm",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "a linear layer with one output",
            cases(convolution=False, outputs=1),
            "For six inputs the variance should be 2/6, and it is b²/3. What is b?",
        ),
        Probe(
            "a linear layer",
            cases(convolution=False),
            "Right for one output: the number of outputs does not matter.",
        ),
        Probe(
            "a convolution",
            cases(convolution=True),
            "Right for linear layers: how many numbers does a kernel sum at one position?",
        ),
        Probe(
            "float32",
            in_float32(cases(convolution=True)),
            "The result has the dtype of the random numbers.",
        ),
    ),
    suspects=(
        Suspect(
            "fan_out instead of fan_in",
            lambda case: by(case, fans(case)[1]),
            "You count the outputs per input; count the inputs per output.",
        ),
        Suspect(
            "window not counted",
            lambda case: by(case, case.inputs["uniform"].shape[1]),
            "You count the channels; a kernel sums several numbers of each channel.",
        ),
        Suspect(
            "everything counted",
            lambda case: by(case, case.inputs["uniform"].numel()),
            "You count all weights; each output uses only some of them.",
        ),
        Suspect(
            "variance 1 / fan_in",
            lambda case: by(case, fans(case)[0], 1.0),
            "The variance is half of what it should be: the factor 2 compensates for relu, which "
            "drops half of the signal.",
        ),
        Suspect(
            "standard deviation as the bound",
            std_for_bound,
            "The standard deviation of a uniform distribution is less than its bound b.",
        ),
        Suspect(
            "root forgotten",
            lambda case: scaled(case.inputs["uniform"], 6 / fans(case)[0]),
            "The variance is proportional to b², so b is a square root.",
        ),
        Suspect(
            "only positive weights",
            lambda case: case.inputs["uniform"] * math.sqrt(6 / fans(case)[0]),
            "Your weights are between 0 and b: their mean is not 0.",
        ),
        Suspect(
            "Xavier's rule",
            lambda case: by(case, sum(fans(case))),
            "You add two fans, as in Xavier's rule. Kaiming's rule uses only fan_in.",
        ),
    ),
    hints=(
        "A sum of n independent terms has n times the variance of one. What must the variance "
        "of a weight be so that the sum keeps the size of its inputs, half of which relu has "
        "set to 0?",
        "Set the two expressions for the variance equal: b²/3 and 2/fan_in. Solve for b.",
        "The fan-in is the number of weights that one output uses: all dimensions but the "
        "first. Then map the interval: what must be multiplied and what subtracted so that 0 "
        "becomes −b and ½ becomes 0?",
    ),
    why=(
        "With variance 2/fan_in the sum of fan_in products has the mean square of its inputs, "
        "because relu keeps half of it and the 2 restores it. So signals neither vanish nor "
        "explode from layer to layer."
    ),
    fast=Fast("minicnn.init.kaiming_uniform", "draws the numbers in the interval directly"),
)

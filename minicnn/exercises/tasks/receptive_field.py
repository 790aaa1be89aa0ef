"""Exercise: the receptive field of a unit."""

import math

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def receptive_field(kernel_sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Count the pixels in a row that one unit of the last layer depends on.

    The layers are convolutions or poolings, the first one on the image. A unit sees as many units
    of the layer below as its kernel has cells, and each of these sees several of the layer below
    that.

    Args:
        kernel_sizes: k of each layer, the first layer first.
        strides: s of each layer.

    Returns:
        The number of pixels, from the first to the last one that it sees.

    Example:
        >>> receptive_field((3, 3), (1, 1))  # three windows of three, one pixel apart
        5
    """
    raise NotImplementedError


def solution(kernel_sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Go down from a single unit: how many units of the layer below does the row need?"""
    units = 1
    for k, s in zip(reversed(kernel_sizes), reversed(strides), strict=True):
        units = (units - 1) * s + k
    return units


def twin(kernel_sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Go up from the pixels, by the recursion of the chapter."""
    size, jump = 1, 1
    for k, s in zip(kernel_sizes, strides, strict=True):
        size, jump = size + (k - 1) * jump, jump * s
    return size


@st.composite
def cases(draw: DrawFn, layers: int = 1, strides: int = 1, first: bool = False) -> Case:
    """Draw at most so many layers; with ``first`` only the first one has a stride."""
    depth = draw(st.integers(min(2, layers), layers))
    kernels = draw(st.lists(st.integers(1, 5), min_size=depth, max_size=depth))
    steps = draw(st.lists(st.integers(1, strides), min_size=depth, max_size=depth))
    if first:
        steps = [steps[0], *[1] * (depth - 1)]
    return Case({}, {"kernel_sizes": tuple(kernels), "strides": tuple(steps)})


def sizes(case: Case) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the kernel sizes and the strides."""
    return case.options["kernel_sizes"], case.options["strides"]


def stride_too_early(case: Case) -> int:
    """Count the stride of a layer for its own kernel already."""
    size, jump = 1, 1
    for k, s in zip(*sizes(case), strict=True):
        jump *= s
        size += (k - 1) * jump
    return size


def last_stride_only(case: Case) -> int:
    """Multiply by the stride of the layer below, and not by those below that."""
    kernels, strides = sizes(case)
    return 1 + sum((k - 1) * s for k, s in zip(kernels, (1, *strides), strict=False))


EXERCISE = Exercise(
    stub=receptive_field,
    task="how many pixels a unit depends on",
    chapter="what-did-it-learn",
    solution=solution,
    twin=twin,
    probes=(
        Probe("one layer", cases(strides=3), "A unit of the first layer sees its kernel."),
        Probe(
            "several layers of stride 1",
            cases(layers=3),
            "Draw two layers with kernels of three. The windows of neighbours overlap.",
        ),
        Probe(
            "a stride in the first layer",
            cases(layers=3, strides=3, first=True),
            "Right for stride 1: neighbours in the first layer now begin s pixels apart.",
        ),
        Probe(
            "strides in all layers",
            cases(layers=4, strides=3),
            "Right if one layer has a stride: how far apart in the image are neighbours after two?",
        ),
    ),
    hints=(
        "Draw a row of pixels, a layer with kernel 3 and stride 2 above it, and another one above "
        "that. Colour what one unit at the top depends on.",
        "Either go up and keep two numbers, the pixels that a unit sees and the distance in pixels "
        "between neighbours. Or go down and count the units of each layer that are needed.",
        "Going up: a kernel of k adds k − 1 steps to what one unit sees, each as long as the "
        "distance between neighbours of the layer below. Only then does this layer's stride "
        "lengthen the distance.",
    ),
    why=(
        "The first and the last unit under a kernel are k − 1 steps apart, and a step in that "
        "layer is the product of all strides below it. So kernels add up, and strides multiply "
        "what every later kernel adds."
    ),
    fast=None,
    suspects=(
        Suspect(
            "strides ignored",
            lambda case: 1 + sum(k - 1 for k in case.options["kernel_sizes"]),
            "The strides have no effect.",
        ),
        Suspect(
            "stride too early",
            stride_too_early,
            "A stride spreads the units of its own layer: it matters for the kernels above it.",
        ),
        Suspect(
            "only the stride below",
            last_stride_only,
            "You count the stride of the layer below only; those below that matter as well.",
        ),
        Suspect(
            "product of the kernels",
            lambda case: math.prod(case.options["kernel_sizes"]),
            "You multiply the kernel sizes, as if windows of neighbours never overlapped.",
        ),
        Suspect(
            "sum of the kernels",
            lambda case: sum(case.options["kernel_sizes"]),
            "You add the kernel sizes; a kernel of one cell should add nothing.",
        ),
    ),
)

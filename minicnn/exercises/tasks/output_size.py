"""Exercise: the number of positions of a window."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def output_size(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Count the positions that a window has along one side of an image.

    The image is a row of n cells, padded with p cells on each side. The window covers k cells at a
    distance of d. It starts at the first padded cell and moves by s, as long as its last cell lies
    in the padded image.

    Args:
        size: n.
        kernel_size: k.
        stride: s.
        padding: p.
        dilation: d.

    Returns:
        The number of positions, at least 1: the window always fits.

    Example:
        >>> output_size(28, 5, 1, 0, 1)  # the window starts at 0, 1, …, 23
        24
    """
    raise NotImplementedError


def solution(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Move the window until it no longer fits."""
    last_cell = size + 2 * padding - 1
    reach = dilation * (kernel_size - 1)
    count, start = 0, 0
    while start + reach <= last_cell:
        count += 1
        start += stride
    return count


def twin(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Read the size off the output of torch's convolution."""
    image, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    return torch.conv1d(image, kernel, None, stride, padding, dilation).shape[-1]


@st.composite
def cases(draw: DrawFn, kernels: int = 5, stride: int = 1, padding: int = 0, d: int = 1) -> Case:
    """Draw a window that fits, with stride, padding and dilation up to these numbers."""
    k, s = draw(st.integers(1, kernels)), draw(st.integers(1, stride))
    p, dilation = draw(st.integers(0, padding)), draw(st.integers(1, d))
    least = max(1, dilation * (k - 1) + 1 - 2 * p)
    size = draw(st.integers(least, least + 8))
    names = ("size", "kernel_size", "stride", "padding", "dilation")
    return Case({}, dict(zip(names, (size, k, s, p, dilation), strict=True)))


def other(case: Case, **arguments: int) -> int:
    """Count the positions with some arguments changed."""
    return case.replace(**arguments).call(solution)


def room(case: Case) -> int:
    """Return the number of cells by which the window can move."""
    o = case.options
    return o["size"] + 2 * o["padding"] - o["dilation"] * (o["kernel_size"] - 1) - 1


EXERCISE = Exercise(
    stub=output_size,
    task="the number of positions of a window along one side",
    chapter="windows-without-copying",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "a window of one cell",
            cases(kernels=1),
            "A window of one cell can be at every cell.",
        ),
        Probe(
            "a longer window",
            cases(),
            "Draw five cells and a window of two. What are its first and its last position?",
        ),
        Probe(
            "stride up to 3",
            cases(stride=3),
            "Right for stride 1. Draw five cells and a window of two that moves by two: how many "
            "moves can it make, and at how many positions has it been?",
        ),
        Probe(
            "padding up to 2",
            cases(padding=2),
            "Right without padding: there are additional cells before and after the image.",
        ),
        Probe(
            "dilation up to 3",
            cases(d=3),
            "Right for dilation 1: how far apart are the first and the last cell of the window?",
        ),
        Probe(
            "all together",
            cases(stride=3, padding=2, d=3),
            "Each is right on its own. First compute how far the window can move, then the moves.",
        ),
    ),
    suspects=(
        Suspect(
            "off by one",
            lambda case: other(case) - 1,
            "One too few: that is the number of moves. The start is a position as well.",
        ),
        Suspect(
            "off by one",
            lambda case: other(case) + 1,
            "One too many: is the last cell of the window still in the padded image?",
        ),
        Suspect(
            "last position",
            lambda case: -(-room(case) // case.options["stride"]) + 1,
            "Rounding up adds a position at which the window extends past the end.",
        ),
        Suspect(
            "last position",
            lambda case: (room(case) + 1) // case.options["stride"],
            "One position is missing when cells are left over: round down first, then add 1.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: other(case, stride=1),
            "The argument `stride` has no effect.",
        ),
        Suspect(
            "padding forgotten",
            lambda case: other(case, padding=0),
            "The argument `padding` has no effect.",
        ),
        Suspect(
            "padding once",
            lambda case: other(
                case, size=case.options["size"] + case.options["padding"], padding=0
            ),
            "The padding is counted once, but it is added at both ends.",
        ),
        Suspect(
            "dilation forgotten",
            lambda case: other(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
        Suspect(
            "reach of the window",
            lambda case: other(
                case, kernel_size=case.options["kernel_size"] * case.options["dilation"], dilation=1
            ),
            "Three cells have two gaps between them: the window is shorter than you assume.",
        ),
        Suspect(
            "kernel forgotten",
            lambda case: other(case, kernel_size=1),
            "The argument `kernel_size` has no effect.",
        ),
    ),
    hints=(
        "Draw five cells and a window of two. List the starts of all its positions, for "
        "stride 1 and for stride 2.",
        "Find how many cells the window covers from its first to its last, gaps included. How "
        "far can it move in the padded row?",
        "The number of moves is that room divided by the stride, rounded down. The start is a "
        "position too.",
    ),
    why=(
        "The window covers d(k − 1) + 1 cells, so there is room for n + 2p − d(k − 1) − 1 "
        "moves of one cell. Only every s-th of them is made, hence the rounding down, and the "
        "start adds one."
    ),
    fast=Fast(
        "minicnn.functional.windows.windows",
        "computes it once for each side, and all operations on windows use it",
    ),
)

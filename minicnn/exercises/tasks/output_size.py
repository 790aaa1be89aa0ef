"""Exercise: how many places a window has."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def output_size(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Count the places that a window has along one side of an image.

    The image is a row of n cells, with p more put before and p more behind. The window looks at k
    cells, of which neighbours are d apart. It starts at the very first cell, moves on by s, and
    stays as long as its last cell lies on the padded image.

    Args:
        size: n.
        kernel_size: k.
        stride: s.
        padding: p.
        dilation: d.

    Returns:
        The number of places, at least 1: only windows that fit are asked for.

    Example:
        >>> output_size(28, 5, 1, 0, 1)  # the first cells of the window: 0, 1, …, 23
        24
    """
    raise NotImplementedError


def solution(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Move the window on until it no longer fits."""
    last_cell = size + 2 * padding - 1
    reach = dilation * (kernel_size - 1)
    count, start = 0, 0
    while start + reach <= last_cell:
        count += 1
        start += stride
    return count


def twin(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """Ask torch, by a convolution."""
    image, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    return torch.conv1d(image, kernel, None, stride, padding, dilation).shape[-1]


@st.composite
def cases(draw: DrawFn, kernels: int = 5, stride: int = 1, padding: int = 0, d: int = 1) -> Case:
    """Draw a window that fits, and geometry up to these numbers."""
    k, s = draw(st.integers(1, kernels)), draw(st.integers(1, stride))
    p, dilation = draw(st.integers(0, padding)), draw(st.integers(1, d))
    least = max(1, dilation * (k - 1) + 1 - 2 * p)
    size = draw(st.integers(least, least + 8))
    names = ("size", "kernel_size", "stride", "padding", "dilation")
    return Case({}, dict(zip(names, (size, k, s, p, dilation), strict=True)))


def other(case: Case, **arguments: int) -> int:
    """Count with some arguments changed."""
    return case.replace(**arguments).call(solution)


def room(case: Case) -> int:
    """How many cells the window can move by."""
    o = case.options
    return o["size"] + 2 * o["padding"] - o["dilation"] * (o["kernel_size"] - 1) - 1


EXERCISE = Exercise(
    stub=output_size,
    task="how many places a window has along one side",
    chapter=3,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "a window of one cell",
            cases(kernels=1),
            "A window of one cell can stand on every cell.",
        ),
        Probe(
            "a longer window",
            cases(),
            "Draw five cells and a window of two. Where can it begin, and where no longer?",
        ),
        Probe(
            "stride up to 3",
            cases(stride=3),
            "Right for stride 1. Draw five cells and a window of two that moves by two: how often "
            "can it move, and on how many places has it then stood?",
        ),
        Probe(
            "padding up to 2",
            cases(padding=2),
            "Right without padding: there are more cells, before the image and behind it.",
        ),
        Probe(
            "dilation up to 3",
            cases(d=3),
            "Right for dilation 1: how far is it from the window's first cell to its last?",
        ),
        Probe(
            "all together",
            cases(stride=3, padding=2, d=3),
            "Each is right alone. Find the room in which the window moves first, then its steps.",
        ),
    ),
    suspects=(
        Suspect(
            "off by one",
            lambda case: other(case) - 1,
            "One too few: that is how often the window moves. It has stood somewhere before.",
        ),
        Suspect(
            "off by one",
            lambda case: other(case) + 1,
            "One too many: does the window's last cell still lie on the image?",
        ),
        Suspect(
            "last place",
            lambda case: -(-room(case) // case.options["stride"]) + 1,
            "The cells left over at the end give one more place, into which the window would hang.",
        ),
        Suspect(
            "last place",
            lambda case: (room(case) + 1) // case.options["stride"],
            "One place is lost when the stride leaves cells over: the first place costs no step.",
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
            "The padding is counted once, but stands at both ends.",
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
            "Three cells have two gaps between them: the window is shorter than you take it to be.",
        ),
        Suspect(
            "kernel forgotten",
            lambda case: other(case, kernel_size=1),
            "The argument `kernel_size` has no effect.",
        ),
    ),
)

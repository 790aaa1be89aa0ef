"""Exercise: the strides of a tensor in memory."""

import math

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def contiguous_strides(shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Compute the strides of images in the usual order of memory.

    The stride of a dimension is the number of cells of memory from one index to the next. In the
    usual order the columns of a row lie side by side, one row follows the other, one channel the
    other, and one image the other, without gaps.

    Args:
        shape: (N, C, H, W).

    Returns:
        The strides of N, C, H and W.

    Example:
        >>> contiguous_strides((1, 1, 2, 3))  # the next row is three cells further
        (6, 6, 3, 1)
    """
    raise NotImplementedError


def solution(shape: tuple[int, int, int, int]) -> tuple[int, ...]:
    """Begin with the columns, and multiply by one size after the other."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return tuple(strides)


def twin(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Ask torch."""
    return torch.empty(shape).stride()


@st.composite
def cases(draw: DrawFn, varied: int) -> Case:
    """Draw a shape whose last dimensions may differ from 1."""
    sizes = draw(st.lists(st.integers(2, 5), min_size=varied, max_size=varied))
    return Case({}, {"shape": (*[1] * (4 - varied), *sizes)})


def own_size_counted(case: Case) -> tuple[int, ...]:
    """Count the cells from each dimension on, its own size included."""
    return tuple(math.prod(case.options["shape"][i:]) for i in range(4))


def images_innermost(case: Case) -> tuple[int, ...]:
    """Multiply from the other side."""
    return tuple(math.prod(case.options["shape"][:i]) for i in range(4))


EXERCISE = Exercise(
    stub=contiguous_strides,
    task="the strides of images in memory",
    chapter="digits-as-tensors",
    solution=solution,
    twin=twin,
    returns=("the stride of N", "the stride of C", "the stride of H", "the stride of W"),
    probes=(
        Probe(
            "one row",
            cases(1),
            "The columns lie side by side. How far would the next row be, if there were one?",
        ),
        Probe("several rows", cases(2), "To the next row it is one row of cells."),
        Probe("several channels", cases(3), "To the next channel it is all rows of one channel."),
        Probe("several images", cases(4), "To the next image it is all channels of one image."),
    ),
    hints=(
        "Write the numbers of a 2 × 3 image into one row of memory, and number the cells. Where is "
        "the cell below the first one?",
        "Moving by one index skips everything that lies inside that dimension: all cells of the "
        "dimensions after it.",
        "Go from the last dimension to the first. The stride of the last is 1; each further one is "
        "the stride after it times the size after it.",
    ),
    why=(
        "The number at (n, c, h, w) comes after n whole images, c channels, h rows and w cells. "
        "Each stride is the number of cells in one such part, so the place of a number is the sum "
        "of its indices times the strides."
    ),
    fast=Fast(
        "minicnn.functional.layout.batch_last",
        "gives images other strides, with the batch innermost, which is faster for convolution",
    ),
    suspects=(
        Suspect(
            "order reversed",
            lambda case: case.call(twin)[::-1],
            "The right numbers in reverse order: which dimension changes from cell to cell?",
        ),
        Suspect(
            "sizes, not strides",
            lambda case: case.options["shape"],
            "That is the shape. How many cells of memory are between two neighbours?",
        ),
        Suspect(
            "own size counted",
            own_size_counted,
            "You count the cells of the whole dimension; a stride leads to the next index only.",
        ),
        Suspect(
            "images innermost",
            images_innermost,
            "In your order the images lie side by side; in the usual one the columns do.",
        ),
        Suspect(
            "bytes, not cells",
            lambda case: tuple(4 * stride for stride in case.call(twin)),
            "You count bytes. Strides count cells, whatever the size of one is.",
        ),
    ),
)

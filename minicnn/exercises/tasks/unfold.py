"""Exercise: the windows of an image as the columns of a matrix."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, sides, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def unfold(
    input: Tensor, kernel_size: tuple[int, int], stride: int, padding: int, dilation: int
) -> Tensor:
    """Write each window of an image as a column of a matrix (im2col).

    Cells outside the image count as 0. A column lists the window row by row, one channel after the
    other; the columns list the windows from left to right, then from top to bottom. Work out first
    in which row and column of the matrix a number belongs (chapter 4, “Windows as columns:
    im2col”).

    Args:
        input: images, (N, C, H, W).
        kernel_size: (kH, kW), rows and columns of the window.
        stride: s, cells from one window to the next.
        padding: p, cells of 0 on each of the four sides.
        dilation: d, cells from one cell of the window to the next.

    Returns:
        (N, C·kH·kW, OH·OW), with the dtype of ``input``, where the window has OH × OW positions.

    Example:
        >>> unfold(torch.arange(6.0).view(1, 1, 2, 3), (2, 2), 1, 0, 1)
        tensor([[[0., 1.],
                 [1., 2.],
                 [3., 4.],
                 [4., 5.]]])
    """
    raise NotImplementedError


def solution(
    input: Tensor, kernel_size: tuple[int, int], stride: int, padding: int, dilation: int
) -> Tensor:
    """Cut the windows out one by one, and stack them as columns."""
    n, channels, height, width = input.shape
    padded = input.new_zeros(n, channels, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = input
    span_h, span_w = (dilation * (k - 1) + 1 for k in kernel_size)
    columns = []
    for top in range(0, height + 2 * padding - span_h + 1, stride):
        for left in range(0, width + 2 * padding - span_w + 1, stride):
            window = padded[:, :, top : top + span_h, left : left + span_w]
            window = window[:, :, ::dilation, ::dilation]
            columns.append(window.flatten(1))
    return torch.stack(columns, dim=2)


def twin(input: Tensor, kernel_size: tuple[int, int], **geometry: int) -> Tensor:
    """Compute the result with torch."""
    s, p, d = (2 * [geometry[name]] for name in ("stride", "padding", "dilation"))
    return torch.ops.aten.im2col(input, list(kernel_size), d, p, s)


@st.composite
def cases(
    draw: DrawFn, square: bool = False, images: int = 1, channels: int = 1, **geometry: int
) -> Case:
    """Draw images, and windows with room to move."""
    g = {"stride": 1, "padding": 0, "dilation": 1, **geometry}
    size = sides(square, 3, g["padding"], g["dilation"], 1 + g["stride"])
    height, width, k_h, k_w = draw(size)
    n, c = draw(st.integers(1, images)), draw(st.integers(1, channels))
    return Case({"input": draw(whole(n, c, height, width))}, {"kernel_size": (k_h, k_w), **g})


def other(case: Case, **arguments: object) -> Tensor:
    """Unfold with some arguments changed."""
    return case.replace(**arguments).call(twin)


def channels_last(case: Case) -> Tensor:
    """Put the channels innermost in the columns."""
    columns = other(case)
    parts = columns.unflatten(1, (case.inputs["input"].shape[1], -1))
    return parts.transpose(1, 2).flatten(1, 2)


def downwards(case: Case) -> Tensor:
    """List the windows from top to bottom first."""
    k_h, k_w = case.options["kernel_size"]
    turned = other(case, input=case.inputs["input"].mT, kernel_size=(k_w, k_h))
    parts = turned.unflatten(1, (-1, k_w, k_h))
    return parts.transpose(2, 3).flatten(1, 3)


def by_columns(case: Case) -> Tensor:
    """List each window column by column."""
    parts = other(case).unflatten(1, (-1, *case.options["kernel_size"]))
    return parts.transpose(2, 3).flatten(1, 3)


EXERCISE = Exercise(
    stub=unfold,
    task="the windows of an image as columns (im2col)",
    chapter="windows-without-copying",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, one square window",
            cases(square=True),
            "Which four cells does the top left window of 2 × 2 cells see, and in which order?",
        ),
        Probe(
            "sides of different lengths",
            cases(),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several channels",
            cases(channels=2),
            "A column holds the window of the first channel, and below it that of the second.",
        ),
        Probe("several images", cases(images=3), "Every image gives a separate matrix."),
        Probe(
            "stride 2",
            cases(stride=2),
            "Right for stride 1: the window now moves by two cells, and cells may be left over at "
            "the end.",
        ),
        Probe(
            "padding 1",
            cases(padding=1),
            "Right without padding: now there are zeros on each of the four sides.",
        ),
        Probe(
            "dilation 2",
            cases(dilation=2),
            "Right for dilation 1: now the same number of cells spans more of the image.",
        ),
        Probe(
            "stride 2, padding 1, dilation 2 together",
            cases(stride=2, padding=1, dilation=2),
            "Each is right on its own. In which order do you apply them?",
        ),
        Probe("float32", in_float32(cases(channels=2)), "The result has the dtype of the input."),
    ),
    suspects=(
        Suspect(
            "rows instead of columns",
            lambda case: other(case).mT,
            "Each window is a row; it should be a column.",
        ),
        Suspect(
            "order of the channels",
            channels_last,
            "The channels alternate in your columns; all cells of the first channel come first.",
        ),
        Suspect(
            "order of the windows",
            downwards,
            "Your columns list the windows from top to bottom; left to right comes first.",
        ),
        Suspect(
            "order of the cells",
            by_columns,
            "Each window is read column by column; it should be row by row.",
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
            "dilation forgotten",
            lambda case: other(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
    ),
    hints=(
        "Take an image of two rows and three columns and a window of two by two. Write down "
        "the two windows, each row by row.",
        "There is one column for each position of the window, and one row for each cell of a "
        "window. So first cut out all windows, then put them side by side.",
        "Loop over the top rows and, inside of that, over the left columns. Cut the window of "
        "all channels out of the padded image, flatten it, and append it to a list. At the "
        "end stack the list in the last dimension.",
    ),
    why=(
        "Each column is a window in the order in which a kernel lies in memory. So a "
        "convolution becomes one product of two matrices: the kernels as rows, times these "
        "columns."
    ),
    fast=Fast(
        "minicnn.functional.unfold",
        "makes a view of all windows without copying a number, and copies once",
    ),
)

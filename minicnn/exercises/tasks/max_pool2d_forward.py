"""Exercise: max pooling."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.exercises.pool_cases import pools
from minicnn.testing.case import Case


@Stub
def max_pool2d_forward(input: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Compute the maximum of each window.

    Windows lie as in a convolution, for each channel by itself. Cells outside the image are never
    the maximum, not even of negative numbers. (Chapter 6, “One winner in each window”.)

    Args:
        input: images, (N, C, H, W).
        kernel_size: k, rows and columns of the window.
        stride: s, cells from one window to the next.
        padding: p, cells by which a window may extend past each side, at most k/2.

    Returns:
        (N, C, OH, OW), with the dtype of ``input``, where the window has OH × OW positions; cells
        left over are ignored.

    Example:
        >>> image = torch.tensor([[[[1.0, 2.0, 7.0, 8.0], [4.0, 3.0, 5.0, 6.0]]]])
        >>> max_pool2d_forward(image, 2, 2, 0)
        tensor([[[[4., 8.]]]])
    """
    raise NotImplementedError


def solution(input: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Clip each window to the image and take its maximum."""
    n, channels, height, width = input.shape
    out_h = (height + 2 * padding - kernel_size) // stride + 1
    out_w = (width + 2 * padding - kernel_size) // stride + 1
    out = input.new_empty(n, channels, out_h, out_w)
    for y in range(out_h):
        for x in range(out_w):
            top, left = y * stride - padding, x * stride - padding
            rows = slice(max(top, 0), top + kernel_size)
            cols = slice(max(left, 0), left + kernel_size)
            out[:, :, y, x] = input[:, :, rows, cols].amax((2, 3))
    return out


def twin(input: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Compute the result with torch."""
    return torch.max_pool2d(input, kernel_size, stride, padding)


def zeros_around(case: Case) -> Tensor:
    """Pad with zeros, which may become the maximum."""
    x, p = case.inputs["input"], case.options["padding"]
    wider = x.new_zeros(*x.shape[:2], x.shape[2] + 2 * p, x.shape[3] + 2 * p)
    wider[:, :, p : p + x.shape[2], p : p + x.shape[3]] = x
    return case.replace(input=wider, padding=0).call(twin)


EXERCISE = Exercise(
    stub=max_pool2d_forward,
    task="max pooling",
    chapter="pooling",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, no negative numbers",
            pools(low=0),
            "Windows of 2 × 2 without overlap: which four cells does the second one contain?",
        ),
        Probe(
            "negative numbers",
            pools(),
            "Right for numbers ≥ 0. What is the maximum of −3 and −2?",
        ),
        Probe(
            "sides of different lengths",
            pools(square=False),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several images and channels",
            pools(planes=2),
            "Images and channels are independent: each has its own maxima.",
        ),
        Probe(
            "a stride that is not the kernel's size",
            pools(strides=(1, 2, 3)),
            "Right if windows neither overlap nor leave gaps: which of the two arguments is the "
            "size of a window, and which the distance it moves?",
        ),
        Probe(
            "padding 1",
            pools(strides=(1, 2), padding=1),
            "Right without padding: windows now extend past each edge by one cell.",
        ),
        Probe("float32", in_float32(pools()), "The result has the dtype of the input."),
    ),
    suspects=(
        Suspect(
            "zeros win",
            zeros_around,
            "Where a window extends past the edge, 0 is taken as the maximum of negative numbers.",
        ),
        Suspect(
            "starts from zero",
            lambda case: case.call(twin).clamp(min=0),
            "No result is below 0: what is the initial value of the maximum?",
        ),
        Suspect(
            "smallest, not largest",
            lambda case: -case.replace(input=-case.inputs["input"]).call(twin),
            "Those are the minima of the windows.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: case.replace(stride=1).call(twin),
            "The argument `stride` has no effect: the window moves by one cell.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: case.replace(stride=case.options["kernel_size"]).call(twin),
            "The argument `stride` has no effect: the window moves by its own size.",
        ),
        Suspect(
            "padding forgotten",
            lambda case: case.replace(padding=0).call(twin),
            "The argument `padding` has no effect.",
        ),
        Suspect(
            "mean, not maximum",
            lambda case: torch.ops.aten.avg_pool2d(
                case.inputs["input"],
                2 * [case.options["kernel_size"]],
                2 * [case.options["stride"]],
                2 * [case.options["padding"]],
            ),
            "Those are the means of the windows.",
        ),
        Suspect(
            "channels mixed",
            lambda case: case.call(twin).amax(1, keepdim=True).expand_as(case.call(twin)),
            "The maximum is taken over the channels too; each channel has its own.",
        ),
    ),
    hints=(
        "Draw a row of four cells and windows of two with stride 2. Which cells does each "
        "window have? And with one cell of padding?",
        "There is one maximum for each image, channel and position of the window. Start from "
        "the first cell of the window, not from 0.",
        "Compute the first row and column of each window, which are negative where it extends "
        "past the edge. Clip the window to the image before you take the maximum.",
    ),
    why=(
        "A maximum over the cells inside the image is a maximum over the window with −∞ "
        "outside: padding can never win, not even against negative numbers."
    ),
    fast=Fast(
        "minicnn.functional.max_pool2d",
        "takes the maximum of shifted copies of the whole batch, one for each cell of the window",
    ),
)

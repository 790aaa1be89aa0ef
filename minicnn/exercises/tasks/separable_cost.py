"""Exercise: what a separable convolution saves."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def separable_cost(channels: int, kernels: int, kernel_size: int, cells: int) -> tuple[int, int]:
    """Count the multiplications of a convolution, and of the two that MobileNet uses instead.

    The two are a depthwise convolution, with a kernel for each channel, and after it one with
    kernels of one cell, which mixes the channels. All outputs have the same number of cells, no
    layer has a bias, and there is one image.

    Args:
        channels: C, of the input.
        kernels: O, channels of the result.
        kernel_size: k, rows and columns of a kernel.
        cells: cells of a channel of the output.

    Returns:
        The multiplications of the ordinary convolution, and those of the two together.

    Example:
        >>> separable_cost(2, 3, 1, 10)  # with kernels of one cell there is nothing to save
        (60, 80)
    """
    raise NotImplementedError


def solution(channels: int, kernels: int, kernel_size: int, cells: int) -> tuple[int, int]:
    """Count the products of each output cell."""
    window = kernel_size**2
    ordinary = cells * kernels * (channels * window)
    depthwise = cells * channels * window
    mixing = cells * kernels * channels
    return ordinary, depthwise + mixing


def twin(channels: int, kernels: int, kernel_size: int, cells: int) -> tuple[int, int]:
    """Count the weights of tensors without memory: each is used once for each output cell."""
    shapes = (kernels, channels, kernel_size), (channels, 1, kernel_size), (kernels, channels, 1)
    whole, depthwise, mixing = (torch.empty(*s, s[-1], device="meta").numel() for s in shapes)
    return whole * cells, (depthwise + mixing) * cells


@st.composite
def cases(draw: DrawFn, channels: int = 1, kernels: int = 1, kernel: int = 3) -> Case:
    """Draw the sizes of a convolution."""
    names = ("channels", "kernels", "kernel_size", "cells")
    most = (channels, kernels, kernel, 9)
    return Case({}, {n: draw(st.integers(1, m)) for n, m in zip(names, most, strict=True)})


def parts(case: Case) -> tuple[int, int, int]:
    """Return the multiplications of the ordinary, the depthwise and the mixing convolution."""
    o = case.options
    cells, channels = o["cells"], o["channels"]
    ordinary, _ = case.call(twin)
    return ordinary, cells * channels * o["kernel_size"] ** 2, cells * channels * o["kernels"]


def one_side(case: Case) -> tuple[int, int]:
    """Count k cells in a window in place of k²."""
    ordinary, depthwise, mixing = parts(case)
    k = case.options["kernel_size"]
    return ordinary // k, depthwise // k + mixing


EXERCISE = Exercise(
    stub=separable_cost,
    task="the multiplications that a separable convolution saves",
    chapter="architectures",
    solution=solution,
    twin=twin,
    returns=("the ordinary convolution", "the two together"),
    probes=(
        Probe(
            "one channel, one kernel",
            cases(),
            "The depthwise convolution is the ordinary one, and the mixing one has one product.",
        ),
        Probe(
            "several channels",
            cases(channels=4),
            "An ordinary output cell is a sum over all channels and all cells of the window.",
        ),
        Probe(
            "several kernels",
            cases(channels=4, kernels=4),
            "The depthwise convolution has as many output channels as input channels.",
        ),
    ),
    hints=(
        "How many products has one output cell of an ordinary convolution with 3 × 3 kernels on 2 "
        "channels?",
        "Do the same for one output cell of each of the two others. Then multiply each by the "
        "number of output channels and cells.",
        "Ordinary: all four sizes enter, k twice. Depthwise: a cell sees one channel only, and "
        "there are C output channels. Mixing: the window has one cell.",
    ),
    why=(
        "The ordinary convolution multiplies k² by C for each output; the separable one adds "
        "instead: the share that is left is 1/O + 1/k², about a ninth for 3 × 3 kernels and many "
        "channels."
    ),
    fast=None,
    suspects=(
        Suspect(
            "mixing forgotten",
            lambda case: parts(case)[:2],
            "Only the depthwise convolution is counted; after it the channels are mixed.",
        ),
        Suspect(
            "depthwise forgotten",
            lambda case: (parts(case)[0], parts(case)[2]),
            "Only the mixing is counted; before it each channel has its own kernel.",
        ),
        Suspect(
            "multiplied, not added",
            lambda case: (parts(case)[0], parts(case)[1] * parts(case)[2]),
            "The two are done one after the other: their counts are added.",
        ),
        Suspect(
            "one side of the kernel",
            one_side,
            "A kernel has as many cells as rows times columns.",
        ),
        Suspect(
            "results exchanged",
            lambda case: case.call(twin)[::-1],
            "The numbers are right, but returned in the wrong order.",
        ),
    ),
)

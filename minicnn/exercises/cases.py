"""Strategies for small cases: whole numbers and short sides, which shrink to a readable size."""

import math

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from minicnn.testing.case import Case


def whole(*shape: int, low: int = -3, high: int = 3, step: float = 1.0) -> SearchStrategy[Tensor]:
    """Draw float64 tensors of integers, or of integer multiples of a step; they shrink to 0.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(whole(2, 2))
        tensor([[0., 0.],
                [0., 0.]], dtype=torch.float64)
    """
    size = math.prod(shape)
    numbers = st.lists(st.integers(low, high), min_size=size, max_size=size)
    return numbers.map(lambda ns: torch.tensor(ns, dtype=torch.float64).reshape(shape) * step)


def in_float32(cases: SearchStrategy[Case]) -> SearchStrategy[Case]:
    """Convert the tensors of the cases to float32.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(in_float32(whole(1).map(lambda x: Case({"x": x}, {}))))
        Case(x=float32 (1,) strides (1,) [0.0])
    """

    def convert(case: Case) -> Case:
        floats = {
            name: x.float()
            for name, x in case.arguments.items()
            if isinstance(x, Tensor) and x.is_floating_point()
        }
        return case.replace(**floats)

    return cases.map(convert)


def places(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Count the positions of a window along one side.

    Example:
        >>> places(28, kernel=5, stride=2, padding=2)
        14
    """
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


@st.composite
def sides(
    draw: DrawFn, square: bool, kernels: int = 3, padding: int = 0, dilation: int = 1, room: int = 2
) -> tuple[int, int, int, int]:
    """Draw (H, W, kH, kW): a kernel, and an image in which it can move by at most ``room``.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(sides(square=False))
        (1, 1, 1, 1)
    """

    def image(kernel: int) -> int:
        span = dilation * (kernel - 1) + 1
        return max(1, span - 2 * padding + draw(st.integers(0, room)))

    kernel_h = draw(st.integers(1, kernels))
    if square:
        size = image(kernel_h)
        return size, size, kernel_h, kernel_h
    kernel_w = draw(st.integers(1, kernels))
    return image(kernel_h), image(kernel_w), kernel_h, kernel_w


@st.composite
def scores(draw: DrawFn, rows: int = 3, low: int = -3, high: int = 3, labels: bool = False) -> Case:
    """Draw scores (N, C), with ``labels`` also a target for each row.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(scores(labels=True))
        Case(logits=float64 (1, 1) strides (1, 1) [[0.0]], target=int64 (1,) strides (1,) [0])
    """
    n, classes = draw(st.integers(1, rows)), draw(st.integers(1, 4))
    logits = draw(whole(n, classes, low=low, high=high))
    if not labels:
        return Case({"logits": logits}, {})
    target = draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    return Case({"logits": logits}, {"target": torch.tensor(target)})

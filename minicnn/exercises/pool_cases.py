"""Strategies for cases of pooling and its gradients, and backward passes by various rules."""

from collections.abc import Callable, Iterator

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import places, whole
from minicnn.testing.case import Case


@st.composite
def pools(
    draw: DrawFn,
    square: bool = True,
    planes: int = 1,
    low: int = -3,
    strides: tuple[int, ...] = (),
    padding: int = 0,
    distinct: bool = False,
    gradient: bool = False,
) -> Case:
    """Draw images to pool, with ``gradient`` also the gradient of the output.

    Args:
        draw: supplied by hypothesis.
        square: whether images are square.
        planes: maximal number of images, and of channels.
        low: the smallest number.
        strides: strides to choose from; if empty, the stride is the kernel size.
        padding: pixels on each side, at most half of the kernel size.
        distinct: whether all numbers of an image differ.
        gradient: whether to draw (grad, input, …) instead of (input, …).

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(pools()).options
        {'kernel_size': 2, 'stride': 2, 'padding': 0}
    """
    k = draw(st.integers(2, 3))
    stride = draw(st.sampled_from(strides)) if strides else k
    room = st.integers(0, 3)
    height = k - padding + draw(room)
    width = height if square else k - padding + draw(room)
    shape = draw(st.integers(1, planes)), draw(st.integers(1, planes)), height, width
    if distinct:
        numbers = draw(st.permutations(range(shape[0] * shape[1] * height * width)))
        input = torch.tensor(numbers, dtype=torch.float64).reshape(shape)
    else:
        input = draw(whole(*shape, low=low))
    options = {"kernel_size": k, "stride": stride, "padding": padding}
    if not gradient:
        return Case({"input": input}, options)
    out = [places(size, k, stride, padding) for size in (height, width)]
    return Case({"grad": draw(whole(*shape[:2], *out)), "input": input}, options)


def windows(case: Case, shape: tuple[int, ...]) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield the position of each of (OH, OW) windows, and the rows and columns inside the image.

    Example:
        >>> case = Case({}, {"kernel_size": 3, "stride": 2, "padding": 1})
        >>> [(y, rows) for y, x, rows, cols in windows(case, (2, 1))]
        [(0, slice(0, 2, None)), (1, slice(1, 4, None))]
    """
    k, s, p = (case.options[name] for name in ("kernel_size", "stride", "padding"))
    for y in range(shape[0]):
        for x in range(shape[1]):
            top, left = y * s - p, x * s - p
            yield y, x, slice(max(top, 0), top + k), slice(max(left, 0), left + k)


def sent_back(
    grad: Tensor, case: Case, input: Tensor, share: Callable[[Tensor], Tensor], add: bool = True
) -> Tensor:
    """Distribute the gradient of each window over its cells, as a given rule says.

    Args:
        grad: ∂L/∂out, (N, C, OH, OW).
        case: supplies kernel_size, stride and padding.
        input: the image, (N, C, H, W).
        share: maps a window (N, C, h, w) to the fraction of the gradient for each cell.
        add: whether the shares of several windows are summed; if not, the last one remains.

    Example:
        >>> case = Case({}, {"kernel_size": 2, "stride": 2, "padding": 0})
        >>> sent_back(torch.ones(1, 1, 1, 1), case, torch.zeros(1, 1, 2, 2), torch.ones_like)
        tensor([[[[1., 1.],
                  [1., 1.]]]])
    """
    result = torch.zeros_like(input)
    for y, x, rows, cols in windows(case, tuple(grad.shape[2:])):
        part = share(input[:, :, rows, cols]) * grad[:, :, y, x, None, None]
        result[:, :, rows, cols] = part + (result[:, :, rows, cols] if add else 0)
    return result

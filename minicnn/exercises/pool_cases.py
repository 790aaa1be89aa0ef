"""Cases of pooling and of its gradients, and what goes back to an image by some rule."""

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
    """Draw images to pool, and with ``gradient`` what comes back from it.

    Args:
        draw: hypothesis's.
        square: whether images have as many rows as columns.
        planes: the most images, and the most channels.
        low: the smallest number.
        strides: to choose from; none for that of the kernel's size.
        padding: if it fits: no more than half of the kernel.
        distinct: whether no two numbers of an image are equal.
        gradient: whether to draw (grad, input, …) rather than (input, …).

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
    """Go through (OH, OW) windows: the place, and the rows and columns that lie in it.

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
    """Give the cells of each window their shares of its gradient, by some rule.

    Args:
        grad: what comes back, (N, C, OH, OW).
        case: with kernel_size, stride and padding.
        input: the image, (N, C, H, W).
        share: which part each cell of a window (N, C, h, w) gets.
        add: whether shares of several windows are added; or else the last one stands.

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

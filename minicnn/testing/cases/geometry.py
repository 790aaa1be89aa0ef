"""Hypothesis strategies for geometry: sizes, and images with space for few windows or none."""

from typing import TypeVar

from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.tensors import Numbers, tensors

Pair = tuple[int, int]
Sizes = int | Pair

T = TypeVar("T")


def mostly(
    usual: st.SearchStrategy[T], otherwise: st.SearchStrategy[T], times: int = 12
) -> st.SearchStrategy[T]:
    """Return a strategy that draws from ``usual`` ``times`` as often as from ``otherwise``.

    What must be rejected, or is empty, has to be tried, but fails few properties.

    Example:
        >>> import hypothesis
        >>> hypothesis.find(mostly(st.just("usual"), st.just("otherwise")), lambda s: True)
        'usual'
    """
    return st.sampled_from([usual] * times + [otherwise]).flatmap(lambda strategy: strategy)


# The length of a dimension: now and then 1 or 0, since an empty tensor fails no property.
LENGTHS = st.sampled_from([1, *(2, 3, 4) * 8, 0])


def sizes(low: int, high: int) -> st.SearchStrategy[Sizes]:
    """Return a strategy for an int, or a pair of ints for rows and columns."""
    n = st.integers(low, high)
    return n | st.tuples(n, n)


def up_to(rows: int, columns: int) -> st.SearchStrategy[Sizes]:
    """Return a strategy for an int, or a pair of ints, that exceeds neither limit."""
    return st.integers(0, min(rows, columns)) | st.tuples(
        st.integers(0, rows), st.integers(0, columns)
    )


def pair(size: Sizes) -> Pair:
    """Return (rows, columns).

    Example:
        >>> pair(3), pair((3, 4))
        ((3, 3), (3, 4))
    """
    return (size, size) if isinstance(size, int) else size


def reach(kernel: Sizes, dilation: Sizes = 1) -> Pair:
    """Return the number of rows and columns that a kernel spans.

    Example:
        >>> reach(kernel=3, dilation=(1, 2))
        (3, 5)
    """
    (k_h, k_w), (d_h, d_w) = pair(kernel), pair(dilation)
    return d_h * (k_h - 1) + 1, d_w * (k_w - 1) + 1


@st.composite
def roomy(draw: st.DrawFn, window: Pair, padding: Sizes) -> Pair:
    """Draw (H, W) such that a window can move by −1 to 7 cells in each direction after padding.

    With 0 cells the window is as large as the padded image; with −1 it is too large by one.
    """
    (window_h, window_w), (pad_h, pad_w) = window, pair(padding)
    room = mostly(st.integers(0, 7), st.just(-1))
    return (
        max(window_h - 2 * pad_h + draw(room), 1),
        max(window_w - 2 * pad_w + draw(room), 1),
    )


@st.composite
def batches(draw: st.DrawFn, numbers: Numbers, shape: tuple[int, ...]) -> Tensor:
    """Draw a tensor (N, *shape), including N = 0, or without N."""
    batch = draw(mostly(st.none() | st.integers(1, 3), st.just(0)))
    return draw(tensors(shape if batch is None else (batch, *shape), numbers))

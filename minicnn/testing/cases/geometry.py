"""Geometry to be drawn: sizes, and images with room for a few windows, for one, or for none."""

from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.tensors import Numbers, tensors

Pair = tuple[int, int]
Sizes = int | Pair


def sizes(low: int, high: int) -> st.SearchStrategy[Sizes]:
    """Draw an int, or one for the rows and one for the columns."""
    n = st.integers(low, high)
    return n | st.tuples(n, n)


def pair(size: Sizes) -> Pair:
    """Return (rows, columns).

    Example:
        >>> pair(3), pair((3, 4))
        ((3, 3), (3, 4))
    """
    return (size, size) if isinstance(size, int) else size


def reach(kernel: Sizes, dilation: Sizes = 1) -> Pair:
    """Return how many rows and columns a kernel spans.

    Example:
        >>> reach(kernel=3, dilation=(1, 2))
        (3, 5)
    """
    (k_h, k_w), (d_h, d_w) = pair(kernel), pair(dilation)
    return d_h * (k_h - 1) + 1, d_w * (k_w - 1) + 1


@st.composite
def roomy(draw: st.DrawFn, window: Pair, padding: Sizes) -> Pair:
    """Draw (H, W) in which, once it is padded, a window can move by −1 to 7 cells each way.

    With 0 cells it is as large as the padded image; with −1 it is one larger, and does not fit.
    """
    (window_h, window_w), (pad_h, pad_w) = window, pair(padding)
    room = st.integers(-1, 7)
    return (
        max(window_h - 2 * pad_h + draw(room), 1),
        max(window_w - 2 * pad_w + draw(room), 1),
    )


@st.composite
def batches(draw: st.DrawFn, numbers: Numbers, shape: tuple[int, ...]) -> Tensor:
    """Draw (N, *shape), N = 0 included, or without N."""
    batch = draw(st.none() | st.integers(0, 3))
    return draw(tensors(shape if batch is None else (batch, *shape), numbers))

"""Geometry to be drawn: sizes, and images with room for a few windows, for one, or for none."""

from collections.abc import Sequence

from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.tensors import Numbers, tensors

Sizes = int | tuple[int, int]


def sizes(low: int, high: int) -> st.SearchStrategy[Sizes]:
    """Draw an int, or one for the rows and one for the columns."""
    n = st.integers(low, high)
    return n | st.tuples(n, n)


def pair(size: Sizes) -> tuple[int, int]:
    """Return (rows, columns).

    Example:
        >>> pair(3), pair((3, 4))
        ((3, 3), (3, 4))
    """
    return (size, size) if isinstance(size, int) else size


def reach(kernel: Sizes, dilation: Sizes = 1) -> tuple[int, int]:
    """Return the cells from the first to the last that a kernel looks at, of rows and columns."""
    k, d = pair(kernel), pair(dilation)
    return d[0] * (k[0] - 1) + 1, d[1] * (k[1] - 1) + 1


@st.composite
def roomy(draw: st.DrawFn, kernel_reach: tuple[int, int], padding: Sizes) -> tuple[int, int]:
    """Draw (H, W) that a kernel can move in by −1 to 7 cells once the image is padded.

    With 0 cells the kernel is as large as the padded image; with −1 it is one larger, and the case
    has to be refused.
    """
    h, w = (
        max(r - 2 * p + draw(st.integers(-1, 7)), 1)
        for r, p in zip(kernel_reach, pair(padding), strict=True)
    )
    return h, w


@st.composite
def images(draw: st.DrawFn, numbers: Numbers, channels: int, size: Sequence[int]) -> Tensor:
    """Draw (N, C, H, W), N = 0 included, or (C, H, W)."""
    batch = draw(st.none() | st.integers(0, 3))
    shape = (channels, *size) if batch is None else (batch, channels, *size)
    return draw(tensors(shape, numbers))

"""Sliding windows on their own: which cells they read, and images padded or cropped to them."""

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn.functional.conv.geometry import thin
from minicnn.functional.windows import Axis, spread, windows


def cells_read(axis: Axis) -> list[list[int]]:
    """The cells of each window, those in the padding included."""
    starts = [o * axis.stride - axis.before for o in range(axis.out)]
    return [[start + i * axis.dilation for i in range(axis.kernel)] for start in starts]


small = st.integers(1, 6)


@given(st.integers(1, 20), small, small, st.integers(0, 5), small)
def test_the_cells_left_by_thinning_are_read_in_the_same_order(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(size + 2 * padding > dilation * (kernel - 1))
    axis = windows(size, kernel, stride, (padding, padding), dilation)
    kept, thinner = thin(axis)
    left = range(size)[kept]
    assert thinner.size == len(left)

    def place(cell: int) -> int | None:
        """The cell of the whole dimension that a cell of the thinner one was."""
        return left[cell] if 0 <= cell < len(left) else None

    inside = [[c if 0 <= c < size else None for c in window] for window in cells_read(axis)]
    assert [[place(c) for c in window] for window in cells_read(thinner)] == inside


@given(st.integers(1, 20), small, small, st.integers(0, 5))
def test_windows_that_share_no_step_read_every_cell(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    assume(kernel > 1 and size + 2 * padding >= kernel)
    axis = windows(size, kernel, stride, (padding, padding), 1)
    assert thin(axis) == (slice(0, size, 1), axis)


def test_a_stride_that_jumps_over_single_cells_needs_only_those() -> None:
    kept, axis = thin(windows(10, 1, 3, (1, 1), 5))
    assert list(range(10)[kept]) == [2, 5, 8]  # 0·3 − 1 is padding
    assert axis == Axis(size=3, kernel=1, stride=1, before=1, dilation=1, out=4)


def test_an_image_is_placed_in_a_frame_that_pads_it_or_cuts_it_off() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0]])

    def framed(start: int, size: int) -> list[float]:
        rows, cols = (Axis(n, k, 1, p, 1, 1) for n, k, p in ((1, 1, 0), (3, size, -start)))
        return spread(x, (0, 1), (rows, cols), value=9).flatten().tolist()

    assert framed(0, 3) == [1, 2, 3]
    assert framed(-1, 5) == [9, 1, 2, 3, 9]
    assert framed(1, 2) == [2, 3]
    assert framed(2, 3) == [3, 9, 9]
    assert framed(-2, 3) == [9, 9, 1]
    assert framed(4, 2) == framed(-3, 2) == [9, 9]

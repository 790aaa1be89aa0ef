"""Geometry on its own: which cells the windows of a dimension read."""

from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn.functional.geometry import Axis, thin, windows


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

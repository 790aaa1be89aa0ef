"""Diagrams: what stands in which cell."""

import math

import diagrams
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import Rectangle

from minicnn.viz import style

sides = st.integers(1, 5)
corners = st.integers(-3, 3)


def texts(axes):
    return {text.get_position(): text.get_text() for text in axes.texts}


def rectangles(axes):
    return {patch.get_xy(): patch for patch in axes.patches if isinstance(patch, Rectangle)}


@given(sides, sides, corners, corners, st.data())
def test_every_number_of_a_grid_stands_in_its_own_cell(rows, columns, x, y, drawn):
    numbers = st.integers(-99, 99) | st.just(math.nan)
    lines = st.lists(
        st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows
    )
    values = torch.tensor(drawn.draw(lines), dtype=torch.float64)
    _, axes = diagrams.canvas(2, "A", (0, 5), (0, 5))
    diagrams.grid(axes, values, x, y)
    expected = {
        (x + column + 0.5, y + row + 0.53): f"{value:.0f}".replace("-", "−")
        for row, line in enumerate(values.tolist())
        for column, value in enumerate(line)
        if not math.isnan(value)
    }
    assert texts(axes) == expected
    places = {(x + column, y + row) for row in range(rows) for column in range(columns)}
    assert rectangles(axes).keys() == places


@given(sides, sides, st.data())
def test_only_the_cells_that_are_named_are_filled(rows, columns, drawn):
    place = drawn.draw(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)))
    _, axes = diagrams.canvas(2, "A", (0, 5), (0, 5))
    diagrams.grid(axes, torch.zeros(rows, columns), fills={place: style.BLUE})
    for (column, row), patch in rectangles(axes).items():
        colour = style.BLUE if (row, column) == place else style.PAPER
        assert patch.get_facecolor() == to_rgba(colour)


def test_a_label_stands_above_the_middle():
    _, axes = diagrams.canvas(2, "A", (0, 5), (-1, 5))
    diagrams.grid(axes, torch.full((2, 3), math.nan), label="kernel")
    assert texts(axes) == {(1.5, -0.2): "kernel"}


@given(st.sampled_from(diagrams.COLOURS), st.floats(0, 1))
def test_a_tint_lies_between_white_and_the_colour(colour, amount):
    tinted = diagrams.tint(colour, amount)
    for part, whole in zip(tinted, to_rgb(colour), strict=True):
        assert math.isclose(part, (1 - amount) + amount * whole, abs_tol=1e-12)


def test_rows_count_downward_and_cells_are_square():
    _, axes = diagrams.canvas(2, "A", (0, 4), (-1, 3))
    assert axes.get_ylim() == (3, -1)
    assert axes.get_aspect() == 1


def test_a_board_is_cleared_before_it_is_drawn_on_again():
    _, axes = diagrams.canvas(2, "A", (0, 4), (0, 4))
    diagrams.cell(axes, 0, 0, "x")
    diagrams.frame(axes, 0, 0, 1, 1)
    diagrams.board(axes, (0, 4), (0, 4))
    assert not axes.texts
    assert not axes.patches

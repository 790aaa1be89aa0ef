"""Diagrams: matrices of a few numbers drawn cell by cell, with words beside them.

One cell is one unit wide and high, and y grows downward, as the rows of a matrix do.
"""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from minicnn.viz import style

# Four that the colour-blind tell apart.
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE)

Colour = Any  # whatever matplotlib takes for one


def tint(colour: str, amount: float = 0.4) -> tuple[float, float, float]:
    """Mix a colour with white, so that black figures can be read on it.

    Example:
        >>> tint("black", 0.25)
        (0.75, 0.75, 0.75)
    """
    red, green, blue = (1 - amount * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def canvas(
    height: float, title: str, xlim: tuple[float, float], ylim: tuple[float, float]
) -> tuple[Figure, Axes]:
    """Return a figure, ``height`` inches high, and in it one board to draw on."""
    figure = style.new_figure(style.WIDTH, height, title)
    axes = figure.subplots()
    board(axes, xlim, ylim)
    return figure, axes


def board(axes: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    """Clear ``axes``, and let its units be square, and count downward from the top."""
    axes.clear()
    style.strip(axes)
    axes.set(xlim=xlim, ylim=ylim[::-1], aspect="equal")


def words(axes: Axes, x: float, y: float, text: Any, size: float = 9, **how: Any) -> None:
    """Write ``text`` with its middle at (x, y); ``how`` goes to matplotlib."""
    axes.text(
        x,
        y,
        str(text),
        **{"ha": "center", "va": "center", "fontsize": size, "color": style.INK} | how,
    )


def cell(
    axes: Axes,
    x: float,
    y: float,
    text: Any = "",
    fill: Colour = style.PAPER,
    *,
    width: float = 1,
    height: float = 1,
    size: float = 9,
    **how: Any,
) -> None:
    """Draw one cell with its upper left corner at (x, y); ``how`` goes to its rectangle."""
    look = {"facecolor": fill, "edgecolor": style.MUTED, "linewidth": 0.7} | how
    axes.add_patch(Rectangle((x, y), width, height, **look))
    if text != "":
        words(axes, x + width / 2, y + 0.53 * height, text, size)  # digits stand a little high


def frame(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: Colour = style.INK,
    linewidth: float = 1.3,
) -> None:
    """Draw a frame around cells, over what is there."""
    axes.add_patch(
        Rectangle(
            (x, y), width, height, fill=False, edgecolor=colour, linewidth=linewidth, zorder=3
        )
    )


def grid(
    axes: Axes,
    values: Tensor,
    x: float = 0,
    y: float = 0,
    label: str = "",
    fills: Mapping[tuple[int, int], Colour] | None = None,
    size: float = 9,
) -> None:
    """Draw a matrix with its upper left corner at (x, y), and its name above it.

    Args:
        axes: a board.
        values: (rows, columns); NaN leaves a cell empty.
        x, y: in cells.
        label: the name.
        fills: colours of cells, by (row, column).
        size: of the figures, in points.
    """
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            fill = (fills or {}).get((row, column), style.PAPER)
            text = "" if math.isnan(value) else f"{value:g}".replace("-", "−")
            cell(axes, x + column, y + row, text, fill, size=size)
    if label:
        words(axes, x + values.shape[1] / 2, y - 0.2, label, va="bottom")

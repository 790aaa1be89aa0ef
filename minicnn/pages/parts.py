"""The parts of a page: plain data, independent of HTML."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure


class Picture(NamedTuple):
    """A figure.

    Attributes:
        figure: A figure on a white background, as from `minicnn.viz`, or the bytes of its PNG
            file, so that it need not be drawn twice; dark mode inverts it.
        alt: The alternative text, a description for readers who cannot see the figure.
    """

    figure: Figure | bytes
    alt: str


class Table(NamedTuple):
    """A table.

    Attributes:
        header: The names of the columns.
        rows: The cells, row by row, one per column; the first cell is the name of the row. A column
            of numbers is aligned right.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Section(NamedTuple):
    """A picture or a table with its explanation.

    Attributes:
        heading: A short heading, which is also in the table of contents.
        explanation: One or two sentences: what is shown, and how to read it.
        body: The picture or the table.
    """

    heading: str
    explanation: str
    body: Picture | Table


def words(name: str, value: Any) -> str:
    """Return ``value`` if it is a string and not blank."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be blank, got {value!r}")
    return value


def sequence(name: str, value: Any, of: str) -> Sequence[Any]:
    """Return ``value`` if it is a sequence; ``of`` describes its items in the error."""
    # A string is a sequence of strings too, but never intended as one.
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence of {of}, got {type(value).__name__}")
    return value


def row(name: str, value: Any, columns: int | None = None) -> list[str]:
    """Return ``value`` if it is a row of a table, with this number of ``columns``."""
    cells = list(sequence(name, value, "strings"))
    for i, cell in enumerate(cells):
        if not isinstance(cell, str):
            raise TypeError(f"{name}[{i}] must be a string, got {type(cell).__name__}")
    if columns is not None and len(cells) != columns:
        raise ValueError(f"{name} must hold {columns} cells, one per column, got {len(cells)}")
    return cells

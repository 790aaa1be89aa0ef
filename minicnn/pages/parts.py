"""What a page is made of: plain data that knows nothing of HTML."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure


class Picture(NamedTuple):
    """A figure.

    Attributes:
        figure: Drawn on white, as `minicnn.viz` does; a dark screen turns light into dark.
        alt: What there is to see, in words, for whoever cannot see it.
    """

    figure: Figure
    alt: str


class Table(NamedTuple):
    """A table.

    Attributes:
        header: The names of the columns.
        rows: The cells, row by row, as many in each as there are columns; the first one names the
            row. A column that holds nothing but numbers is set flush right.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Section(NamedTuple):
    """A picture or a table, and what it is.

    Attributes:
        heading: A few words, which stand in the list of contents, too.
        explanation: A sentence or two: what is shown, and how to read it.
        body: The picture or the table.
    """

    heading: str
    explanation: str
    body: Picture | Table


def words(name: str, value: Any) -> str:
    """Return ``value`` if it is a string with something in it to read."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be blank, got {value!r}")
    return value


def sequence(name: str, value: Any, of: str) -> Sequence[Any]:
    """Return ``value`` if it is a sequence; ``of`` says of what, for the error."""
    # A string is a sequence of strings, each a letter, and is never meant as one.
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence of {of}, got {type(value).__name__}")
    return value


def row(name: str, value: Any, columns: int | None = None) -> list[str]:
    """Return ``value`` if it is a row of a table, with so many ``columns``."""
    cells = list(sequence(name, value, "strings"))
    for i, cell in enumerate(cells):
        if not isinstance(cell, str):
            raise TypeError(f"{name}[{i}] must be a string, got {type(cell).__name__}")
    if columns is not None and len(cells) != columns:
        raise ValueError(f"{name} must hold {columns} cells, one for each column, got {len(cells)}")
    return cells

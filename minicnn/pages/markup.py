"""Each part of a page as HTML."""

import base64
import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from matplotlib.figure import Figure

from ..viz import style
from .parts import Picture, Table, row, sequence, words

PIXELS = 96  # of CSS in an inch: at this size, a figure's points are the page's points
# What HTML has no place for: control characters, and the halves of characters that stand in for
# the undecodable bytes of a file name and that no encoding can write.
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def text(value: str) -> str:
    """Return ``value`` as HTML that shows it, letter by letter, wherever it is put.

    Example:
        >>> text('3 < 5 & "so on"')
        '3 &lt; 5 &amp; &quot;so on&quot;'
    """
    return html.escape(UNFIT.sub("\N{REPLACEMENT CHARACTER}", value))


def picture(name: str, value: Picture) -> str:
    """Return a picture as an image that holds its own data; ``name`` is the argument's."""
    if not isinstance(value.figure, Figure):
        got = type(value.figure).__name__
        raise TypeError(f"{name}.figure must be a matplotlib Figure, got {got}")
    alt = text(words(f"{name}.alt", value.alt))
    width, height = (round(PIXELS * inches) for inches in value.figure.get_size_inches())
    data = base64.b64encode(png(value.figure)).decode("ascii")
    return (
        f'<img style="--width: {width}px" width="{width}" height="{height}" alt="{alt}"'
        f' src="data:image/png;base64,{data}">'
    )


def png(figure: Figure) -> bytes:
    """Draw a figure; the same figure always gives the same bytes."""
    file = io.BytesIO()
    with _put_back(figure):
        figure.savefig(
            file,
            format="png",
            dpi=style.DPI,  # the figure's own changes when it is shown in a window
            metadata={"Software": None},  # matplotlib's version, which is no part of the picture
            # As matplotlib does it, unless the user's theme says otherwise:
            bbox_inches=figure.bbox_inches,
            facecolor=figure.get_facecolor(),
            transparent=False,
        )
    return file.getvalue()


@contextmanager
def _put_back(figure: Figure) -> Iterator[None]:
    """Put the axes back where they were: a layout starts there, so the next would be another."""
    axes = [(a, a.get_in_layout(), *map(a.get_position, (True, False))) for a in figure.axes]
    yield
    for a, in_layout, original, active in axes:
        a.set_position(original, "original")
        a.set_position(active, "active")
        a.set_in_layout(in_layout)  # which a position set by hand turns off


def table(name: str, value: Table) -> str:
    """Return a table; ``name`` is the argument's."""
    header = row(f"{name}.header", value.header)
    if not header:
        raise ValueError(f"{name}.header must hold at least one column, got none")
    rows = [
        row(f"{name}.rows[{i}]", cells, len(header))
        for i, cells in enumerate(sequence(f"{name}.rows", value.rows, "rows"))
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    right = [all(map(is_number, column)) and i > 0 for i, column in enumerate(columns)]
    body = "\n".join(_row(cells, right, 'th scope="row"', "td") for cells in rows)
    head = _row(header, right, 'th scope="col"', 'th scope="col"')
    return f"<table>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _row(cells: Sequence[str], right: Sequence[bool], first: str, others: str) -> str:
    """Return a row whose ``first`` tag and ``others`` differ."""
    tags = [first] + [others] * (len(cells) - 1)
    marks = [' class="number"' if is_right else "" for is_right in right]
    inner = "".join(
        f"<{tag}{mark}>{text(cell)}</{tag[:2]}>"
        for tag, mark, cell in zip(tags, marks, cells, strict=True)
    )
    return f"<tr>{inner}</tr>"


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, such as 12,000 or 99.5%.

    Example:
        >>> [is_number(cell) for cell in ("12,000", "99.5%", "3e-4", "0 of 5", "")]
        [True, True, True, False, False]
    """
    try:
        float(cell.replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return True

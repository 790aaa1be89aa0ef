"""Each part of a page as HTML."""

import base64
import html
import io
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from matplotlib.figure import Figure

from ..viz import settings, style
from .parts import Picture, Table, row, sequence, words

PNG = b"\x89PNG\r\n\x1a\n"  # how each such file begins
PIXELS = 96  # CSS pixels per inch: at this size, points in a figure equal points on the page
# Characters that HTML does not allow: control characters, and the surrogates that represent
# undecodable bytes of a file name and cannot be encoded.
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def text(value: str) -> str:
    """Return ``value`` escaped for HTML, in text or in an attribute.

    Example:
        >>> text('3 < 5 & "so on"')
        '3 &lt; 5 &amp; &quot;so on&quot;'
    """
    return html.escape(UNFIT.sub("\N{REPLACEMENT CHARACTER}", value))


def picture(name: str, value: Picture) -> str:
    """Return a picture as an image with embedded data; ``name`` is used in errors."""
    data = png(value.figure) if isinstance(value.figure, Figure) else value.figure
    if not isinstance(data, bytes) or not data.startswith(PNG):
        got = type(value.figure).__name__
        raise TypeError(
            f"{name}.figure must be a matplotlib Figure or the bytes of a PNG, got {got}"
        )
    alt = text(words(f"{name}.alt", value.alt))
    pixels = struct.unpack_from(">II", data, len(PNG) + 8)  # after the length and the name IHDR
    width, height = (round(PIXELS * side / style.DPI) for side in pixels)
    return (
        f'<img style="--width: {width}px" width="{width}" height="{height}" alt="{alt}"'
        f' src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">'
    )


def png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure always gives the same bytes."""
    file = io.BytesIO()
    with settings.defaults(), _put_back(figure):
        # The dpi of the figure changes when it is shown in a window. The metadata would hold the
        # version of matplotlib.
        figure.savefig(file, format="png", dpi=style.DPI, metadata={"Software": None})
    return file.getvalue()


@contextmanager
def _put_back(figure: Figure) -> Iterator[None]:
    """Restore the positions of the axes: the layout starts from them and would differ next time."""
    axes = [(a, a.get_in_layout(), *map(a.get_position, (True, False))) for a in figure.axes]
    yield
    for a, in_layout, original, active in axes:
        a.set_position(original, "original")
        a.set_position(active, "active")
        a.set_in_layout(in_layout)  # which set_position turns off


def table(name: str, value: Table) -> str:
    """Return a table; ``name`` is used in errors."""
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
    """Return a row with the tag ``first`` for its first cell and ``others`` for the rest."""
    tags = [first] + [others] * (len(cells) - 1)
    marks = [' class="number"' if is_right else "" for is_right in right]
    inner = "".join(
        f"<{tag}{mark}>{text(cell)}</{tag[:2]}>"
        for tag, mark, cell in zip(tags, marks, cells, strict=True)
    )
    return f"<tr>{inner}</tr>"


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number, such as 12,000 or 99.5%.

    Example:
        >>> [is_number(cell) for cell in ("12,000", "99.5%", "3e-4", "0 of 5", "")]
        [True, True, True, False, False]
    """
    try:
        float(cell.replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return True

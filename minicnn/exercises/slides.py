"""Slides: what is on one, and the page that shows them all.

The page is one HTML file that needs no other. Without a script, and on paper, it shows the slides
one below the other.
"""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import NamedTuple


class Slide(NamedTuple):
    """One idea.

    Attributes:
        heading: what it is about, as plain text.
        body: HTML; the words, and a picture in a ``figure``.
        notes: what to say or to ask, as plain text.
    """

    heading: str
    body: str
    notes: str


def page(title: str, parts: Sequence[tuple[str, Sequence[Slide]]]) -> str:
    """Return slides as one self-contained HTML file.

    Args:
        title: The title of the page.
        parts: The name of each part, which stands at the foot of its slides, and the slides.

    Returns:
        The HTML, to be written in UTF-8.

    Example:
        >>> html = page("One", [("part 1", [Slide("A & B", words("<b>first</b>"), "Say so.")])])
        >>> "<h1>A &amp; B</h1>" in html, "<p><b>first</b></p>" in html, "1 / 1" in html
        (True, True, True)
    """
    named = [(name, slide) for name, slides in parts for slide in slides]
    drawn = (_section(i, len(named), name, slide) for i, (name, slide) in enumerate(named, 1))
    template = files("minicnn.exercises").joinpath("slides.html").read_text(encoding="utf-8")
    return Template(template).substitute(title=escape(title), slides="\n".join(drawn))


def _section(i: int, count: int, part: str, slide: Slide) -> str:
    tag = "h1" if i == 1 else "h2"
    return (
        f'<section class="slide">\n<{tag}>{escape(slide.heading)}</{tag}>\n{slide.body}\n'
        f'<div class="foot"><span>{escape(part)}</span><span>'
        f'<button value="n">notes</button> '
        f'<button value="-1" aria-label="back">‹</button> {i} / {count} '
        f'<button value="1" aria-label="next">›</button></span></div>\n'
        f"<aside>{escape(slide.notes)}</aside>\n</section>"
    )


def words(*lines: str) -> str:
    """Return lines of HTML as paragraphs."""
    return "\n".join(f"<p>{line}</p>" for line in lines)


def figure(picture: str, *lines: str) -> str:
    """Return lines of HTML and below them a picture."""
    return f"{words(*lines)}\n<figure>{picture}</figure>"


def turn(*lines: str) -> str:
    """Return lines of HTML that say what learners do now."""
    return f'<div class="turn">{words("<b>Your turn.</b>", *lines)}</div>'

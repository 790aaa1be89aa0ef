"""A page: a headline, a table of contents, and the sections."""

from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from . import markup
from .markup import text
from .parts import Picture, Section, Table, sequence, words

STYLES = "colours.css", "layout.css", "paper.css"


def page(
    title: str,
    headline: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """Return a page as one self-contained HTML file.

    All strings are escaped: none is interpreted as HTML.

    Args:
        title: The title of the page.
        headline: The most important numbers, each a pair (name, value).
        sections: The sections in order; at least one.
        links: Pages in the same folder, each a pair (what it is, file name).

    Returns:
        The HTML, to be written in UTF-8; the same parts always give the same text.

    Raises:
        TypeError: A part has the wrong type.
        ValueError: There are no sections or no columns, a row and the header differ in length, or a
            required text is blank.

    Example:
        >>> from minicnn import pages
        >>> table = pages.Table(("setting", "value"), [("epochs", "6"), ("batch size", "100")])
        >>> sections = [pages.Section("Settings", "The settings of the run.", table)]
        >>> html = pages.page("A run", [("test accuracy", "99.5%")], sections)
        >>> [line for line in html.splitlines() if "epochs" in line]
        ['<tr><th scope="row">epochs</th><td class="number">6</td></tr>']
    """
    title = text(words("title", title))
    headline = sequence("headline", headline, "pairs of strings")
    sections = sequence("sections", sections, "pages.Section")
    if not sections:
        raise ValueError("sections must hold at least one section, got none")
    bodies = [_section(i, section) for i, section in enumerate(sections)]
    return Template(_read("page.html")).substitute(
        title=title,
        style="\n".join(map(_read, STYLES)),
        headline="\n".join(_headline(i, pair) for i, pair in enumerate(headline)),
        links="".join(f'<p><a href="{text(name)}">{text(what)}</a></p>\n' for what, name in links),
        contents="\n".join(
            f'<li><a href="#{_anchor(i)}">{text(section.heading)}</a></li>'
            for i, section in enumerate(sections)
        ),
        sections="\n".join(bodies),
    )


def _read(name: str) -> str:
    """Read a file in the folder of this one."""
    return files("minicnn.pages").joinpath(name).read_text(encoding="utf-8")


def _headline(i: int, pair: Any) -> str:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"headline[{i}] must be a pair of strings, got {pair!r}")
    what, value = (text(words(f"headline[{i}][{j}]", part)) for j, part in enumerate(pair))
    return f"<div><dt>{what}</dt><dd>{value}</dd></div>"


def _section(i: int, section: Any) -> str:
    name = f"sections[{i}]"
    if not isinstance(section, Section):
        raise TypeError(f"{name} must be a pages.Section, got {type(section).__name__}")
    heading = text(words(f"{name}.heading", section.heading))
    explanation = text(words(f"{name}.explanation", section.explanation))
    # A body too wide for a phone scrolls in its own box, which must be reachable by keyboard.
    return f"""<section id="{_anchor(i)}">
<h2>{heading}</h2>
<figure>
<figcaption>{explanation}</figcaption>
<div class="wide" tabindex="0" role="region" aria-label="{heading}">
{_body(f"{name}.body", section.body)}
</div>
</figure>
</section>"""


def _body(name: str, body: Any) -> str:
    if isinstance(body, Picture):
        return markup.picture(name, body)
    if isinstance(body, Table):
        return markup.table(name, body)
    raise TypeError(f"{name} must be a pages.Picture or a pages.Table, got {type(body).__name__}")


def _anchor(i: int) -> str:
    return f"section-{i + 1}"

"""The book on paper: its pages become one page with a title and a table of contents, and a PDF.

Chromium prints; what paper needs is said in ``_static/print.css``.
"""

import os
import posixpath
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from notebooks import ROOT, project
from pypdf import PdfReader

NAMES = "chromium", "chromium-browser", "google-chrome", "chrome"
LEFT_OUT = ".headerlink, .notebook, details.hide, .only-dark, iframe"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>minicnn</title>
{styles}
</head><body><main class="printed">
<section class="front"><h1>minicnn</h1>
<p>{description}</p><p>Version {version}</p></section>
<nav><h1>Contents</h1>{contents}</nav>
{chapters}
</main>
<script>
// What is wider than the paper becomes smaller.
for (const box of document.querySelectorAll(".katex-display, table")) {{
  const width = box.closest("article").clientWidth;
  if (box.scrollWidth > width) box.style.zoom = width / box.scrollWidth;
}}
</script></body></html>
"""


def find_chromium() -> str:
    """Return the path of Chromium, or stop with a line that says that there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise SystemExit(f"--pdf needs Chromium to print: none of {', '.join(NAMES)} is on the PATH")


def print_book(chromium: str, html: Path, pdf: Path) -> None:
    """Print the built pages, twice: the first time tells on which pages the sections are.

    Args:
        chromium: the path of a browser.
        html: the folder of the built pages.
        pdf: the file to write.
    """
    page = html / "printed.html"
    places: dict[str, int] = {}
    try:
        for _ in range(2):
            page.write_text(one_page(html, places), encoding="utf-8")
            print_page(chromium, page, pdf)
            places = places_in(pdf)
    finally:
        page.unlink(missing_ok=True)


def print_page(chromium: str, page: Path, pdf: Path) -> None:
    """Print one page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
        options += ["--no-pdf-header-footer", "--generate-pdf-document-outline"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # which root cannot have
        command = [chromium, *options, f"--print-to-pdf={pdf}", page.as_uri()]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 or not pdf.exists():
        raise SystemExit(f"Chromium could not print {pdf}:\n{done.stderr}")


def places_in(pdf: Path) -> dict[str, int]:
    """Return the number of the page that each anchor of a PDF is on."""
    reader = PdfReader(pdf)
    numbers = {
        name.removeprefix("/"): reader.get_destination_page_number(place)
        for name, place in reader.named_destinations.items()
    }
    return {name: number + 1 for name, number in numbers.items() if number is not None}


def one_page(html: Path, places: dict[str, int]) -> str:
    """Return all chapters, and the glossary, as one page that lies beside the built pages.

    Args:
        html: the folder of the built pages.
        places: the numbers of the pages for the table of contents, by anchor, as far as known.
    """
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    names = [*re.findall("^learn/.*$", index, re.MULTILINE), "glossary"]
    chapters = [chapter(html, name, names) for name in names]
    head = BeautifulSoup((html / "index.html").read_text("utf-8"), "html.parser").head
    assert head
    styles = head.select("link[rel=stylesheet], style")
    for sheet in styles:
        del sheet["media"]
    return PAGE.format(
        styles="\n".join(map(str, styles)),
        description=project("description"),
        contents="\n".join(entry(chapter, places) for chapter in chapters),
        version=project("version"),
        chapters="\n".join(map(str, chapters)),
    )


def chapter(html: Path, name: str, names: list[str]) -> Tag:
    """Return the article of a page, with its addresses as they are in the one page."""
    page = BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
    article = page.find("article")
    assert isinstance(article, Tag)
    for tag in article.select(LEFT_OUT) + article.find_all(re.compile("^minicnn-")):
        tag.decompose()
    for solution in article.find_all("details"):
        solution["open"] = ""
    for tag in article.select("[id]"):
        tag["id"] = f"{name}:{tag['id']}"
    article["id"] = name
    folder = posixpath.dirname(name)
    for picture in article.find_all("img"):
        picture["src"] = posixpath.normpath(posixpath.join(folder, str(picture["src"])))
    for link in article.select("a[href]"):
        link["href"] = target(str(link["href"]), name, names)
    return article


def target(href: str, name: str, names: list[str]) -> str:
    """Return where a link of a page leads from the one page, or from paper.

    Example:
        >>> names = ["learn/01-a", "learn/02-b"]
        >>> target("#x", "learn/01-a", names), target("02-b.html", "learn/01-a", names)
        ('#learn/01-a:x', '#learn/02-b')
    """
    path, _, anchor = href.partition("#")
    other = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    stem = other.removesuffix(".html")
    if stem in names and "://" not in href:
        return f"#{stem}:{anchor}" if anchor else f"#{stem}"
    return urljoin(f"{project('Documentation')}{name}.html", href)


def entry(article: Tag, places: dict[str, int]) -> str:
    """Return the lines of the table of contents for a chapter: its title and its sections."""
    title, *sections = (line(heading, places) for heading in article.select("h1, h2"))
    is_list = article["id"] == "glossary"  # whose sections are letters
    return f"<h2>{title}</h2>" if is_list else f"<h2>{title}</h2><ul>{_items(sections)}</ul>"


def _items(lines: list[str]) -> str:
    return "".join(f"<li>{line}</li>" for line in lines)


def line(heading: Tag, places: dict[str, int]) -> str:
    """Return a heading as a link to itself, with its page; its section has its anchor."""
    section = heading.find_parent("section")
    assert isinstance(section, Tag)
    name = str(section["id"])
    number = places.get(name, 0)
    return f'<a href="#{name}"><span>{heading.decode_contents()}</span> {number}</a>'

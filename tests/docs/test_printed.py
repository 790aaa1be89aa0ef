"""The printed book: the built pages become one page, and Chromium prints it."""

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .test_book import CHAPTERS, ROOT

pytest.importorskip("bs4", reason="beautifulsoup4 is not installed")
pytest.importorskip("pypdf", reason="pypdf is not installed")
import printed

NAMES = [*(f"learn/{chapter.stem}" for chapter in CHAPTERS), "glossary"]
PAGE = """<html><head><link rel="stylesheet" href="_static/a.css" media="print">
<style>b {{}}</style>
<script>one()</script></head><body><nav>outside</nav><article>
<section id="title"><span id="s"></span><h1>{title}<a class="headerlink" href="#title">¶</a></h1>
<p class="notebook"><a href="a.ipynb" download>Download</a></p>
<section id="part"><h2>A part</h2>
<p><a href="#part">here</a> <a href="{other}.html#part">there</a> <a href="{other}.html">all</a>
<a href="{up}reference/x.html#y">reference</a> <a href="https://arxiv.org/abs/1">paper</a></p>
<img class="only-light" src="{up}_images/a.png"><img class="only-dark" src="{up}_images/a-dark.png">
<minicnn-window>
</minicnn-window>
<details class="admonition hide above-input"><summary>Show</summary>hidden code</details>
<details><summary>Solution</summary>Four.</details>
</section></section></article></body></html>
"""


@pytest.fixture
def html(tmp_path: Path) -> Path:
    (tmp_path / "learn").mkdir()
    (tmp_path / "_static").mkdir()
    style = (ROOT / "docs" / "_static" / "print.css").read_text("utf-8")
    (tmp_path / "_static" / "a.css").write_text(style)
    (tmp_path / "index.html").write_text(PAGE.format(title="Index", other="x", up=""))
    for name in NAMES:
        up, other = ("../", NAMES[1][6:]) if "/" in name else ("", NAMES[1])
        page = PAGE.format(title=f"On {name}", other=other, up=up)
        (tmp_path / f"{name}.html").write_text(page)
    return tmp_path


def test_every_chapter_and_the_glossary_are_in_the_printed_page_in_order(html: Path) -> None:
    page = printed.one_page(html, {})
    assert re.findall(r"<h1>On (.*?)</h1>", page) == NAMES
    contents = page[page.index("<nav>") : page.index("</nav>")]
    assert re.findall(r"<h2><a[^>]*><span>On (.*?)</span> 0</a></h2>", contents) == NAMES
    assert (
        contents.count("<span>A part</span> 0</a>") == len(NAMES) - 1
    )  # the glossary's are letters


def test_every_address_of_the_printed_page_is_in_it_or_complete(html: Path) -> None:
    page = printed.one_page(html, {})
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    links = re.findall(r'<a [^>]*?href="([^"]*)"', page)
    inside = [link[1:] for link in links if link.startswith("#")]
    assert set(inside) <= set(ids)
    outside = {link for link in links if not link.startswith("#")}
    book = "https://minicnn.github.io/minicnn"
    assert outside == {"https://arxiv.org/abs/1", f"{book}/reference/x.html#y"}
    assert set(re.findall(r'src="(.*?)"', page)) == {"_images/a.png"}


def test_the_printed_page_has_solutions_and_no_controls(html: Path) -> None:
    page = printed.one_page(html, {})
    assert page.count('<details open="">') == page.count("Four.") == len(NAMES)
    for left_out in ("hidden code", "minicnn-", "Download", "¶", "only-dark", "outside", "one()"):
        assert left_out not in page
    assert 'media="print"' not in page
    assert page.count("a.css") == page.count("b {}") == 1


BUILD = """import sys
sys.path[:0] = [{docs!r}, {ext!r}]
import build
sys.exit(build.main())"""


def test_without_chromium_one_line_says_so_before_anything_is_written(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "build.py").write_text((ROOT / "docs" / "build.py").read_text("utf-8"))
    code = BUILD.format(docs=str(docs), ext=str(ROOT / "docs" / "_ext"))
    environment = {**os.environ, "PATH": str(tmp_path)}
    command = [sys.executable, "-B", "-c", code, "--pdf"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    names = "chromium, chromium-browser, google-chrome, chrome"
    error = f"--pdf needs Chromium to print: none of {names} is on the PATH\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", error)
    assert [file.name for file in docs.iterdir()] == ["build.py"]


def test_a_browser_that_does_not_print_is_reported(html: Path) -> None:
    with pytest.raises(SystemExit, match=r"^Chromium could not print .*book\.pdf:\n"):
        printed.print_book(sys.executable, html, html / "book.pdf")
    assert not (html / "printed.html").exists()


@pytest.mark.slow  # several seconds
def test_chromium_prints_the_book(html: Path) -> None:
    if not any(map(printed.shutil.which, printed.NAMES)):
        pytest.skip("no chromium")
    pdf = html / "book.pdf"
    printed.print_book(printed.find_chromium(), html, pdf)
    pages = ["".join(page.extract_text().split()) for page in printed.PdfReader(pdf).pages]
    front, contents, *chapters = pages
    assert "minicnn" in front
    titles = [f"On{name}" for name in NAMES]
    for number, (page, title) in enumerate(zip(chapters, titles, strict=True), 3):
        assert page.startswith(f"{number}{title}")  # the number is at the foot, but comes first
        assert f"{title}{number}" in contents
    assert not (html / "printed.html").exists()


@pytest.mark.parametrize("name", ["dark", "diagrams", "notebooks", "printed"])
def test_the_examples_of_the_docstrings_hold(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert (failed, tried > 0) == (0, True)

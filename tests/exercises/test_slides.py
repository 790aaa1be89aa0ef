"""The slides of the two-hour course."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.drawings import grids, images
from minicnn.exercises.two_hours import PARTS, deck

from ..pages_explorer.browser import Tab

TEACHERS = Path(__file__).parents[2] / "docs" / "teachers.md"
pytestmark = pytest.mark.slow  # a small network is trained for them


@pytest.fixture(scope="module")
def html() -> str:
    return deck()


class Seen(HTMLParser):
    """The elements of a page, and the addresses that it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.addresses: list[str] = []
        self.unnamed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        named = dict(attrs)
        self.addresses += [named[key] or "" for key in ("src", "href") if key in named]
        self.unnamed += tag == "img" and not named.get("alt")
        self.unnamed += tag == "svg" and not named.get("aria-label")

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)


def test_the_page_needs_nothing_else_and_every_picture_has_words(html: str) -> None:
    seen = Seen()
    seen.feed(html)
    assert all(address.startswith("data:") for address in seen.addresses)
    assert seen.unnamed == 0
    for tag in ("section", "aside", "figure", "svg", "p", "div", "table", "h2"):
        assert seen.opened.count(tag) == seen.closed.count(tag) > 0
    assert "connect-src" not in html
    assert "default-src 'none'" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "$" not in html.partition("<script>")[0]


def test_each_slide_has_notes_and_few_words(html: str) -> None:
    sections = re.findall(r"<section.*?</section>", html, re.DOTALL)
    assert 15 <= len(sections) <= 25
    for section in sections:
        body, notes = section.split("<aside>")
        assert 20 < len(notes) < 400
        text = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", body, flags=re.DOTALL)
        assert len(text.split()) < 90


def test_the_exercises_on_the_slides_exist(html: str) -> None:
    named = re.findall(r"minicnn\.exercises start (\w+)", html)
    assert len(named) >= 4
    assert set(named) <= set(EXERCISES)


def test_the_parts_are_those_of_the_page_for_teachers() -> None:
    section = TEACHERS.read_text(encoding="utf-8").partition("### Two hours")[2]
    table = section.partition("\n| minutes")[2].partition("\n\n")[0]
    minutes = [int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert minutes == list(PARTS.values())
    assert sum(minutes) == 120
    for name in list(PARTS)[:3]:
        assert f" {name}](" in table


def test_a_picture_of_numbers_says_them() -> None:
    svg = grids("two", torch.tensor([[0.5, -3.0]]), "+", torch.zeros(2, 1), marked=[(0, 1)])
    assert re.findall(r">([^<>]+)</text>", svg) == ["0.5", "−3", "+", "0", "0"]
    assert images("a & b", [torch.zeros(2, 2)], [""]).startswith('<img alt="a &amp; b" src="data:')


# --- In a browser ---------------------------------------------------------------------------------


@pytest.fixture
def file(html: str, tmp_path: Path) -> Path:
    path = tmp_path / "slides.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(params=[(1280, 720), (390, 844)], ids=["projector", "phone"])
def tab(request: pytest.FixtureRequest, browser: Any, file: Path) -> Iterator[Tab]:
    width, height = request.param
    tab = Tab(browser, file, viewport={"width": width, "height": height})
    yield tab
    tab.close()
    assert tab.said == []


def number(tab: Tab) -> int:
    """The number of the slide that is shown, the only one."""
    shown = "[...document.querySelectorAll('.slide')].map((s) => s.checkVisibility())"
    visible = tab.run(shown)
    assert sum(visible) == 1
    return visible.index(True) + 1


def test_no_slide_is_wider_than_the_screen_and_on_a_projector_none_is_higher(tab: Tab) -> None:
    size = tab.page.viewport_size
    assert size is not None
    for i in range(1, tab.run("document.querySelectorAll('.slide').length") + 1):
        assert number(tab) == i
        page = "document.documentElement"
        width, height = tab.run(f"[{page}.scrollWidth, {page}.scrollHeight]")
        assert width <= size["width"], i
        assert height <= size["height"] or size["width"] < 1280, i
        tab.page.keyboard.press("ArrowRight")


def test_keys_and_buttons_turn_the_pages(tab: Tab) -> None:
    count = tab.run("document.querySelectorAll('.slide').length")
    for key, expected in [
        *(("ArrowRight", 2), (" ", 3), ("PageDown", 4), ("ArrowLeft", 3), ("PageUp", 2)),
        *(("End", count), ("ArrowRight", count), ("Home", 1), ("ArrowLeft", 1)),
    ]:
        tab.page.keyboard.press(key)
        assert number(tab) == expected
    tab.page.locator(".current button[value='1']").click()
    assert number(tab) == 2
    assert tab.run("location.hash") == "#2"
    tab.run("location.hash = '#4'")
    tab.page.wait_for_function("document.querySelectorAll('.slide')[3].checkVisibility()")


def test_n_shows_the_notes(tab: Tab) -> None:
    notes = tab.page.locator(".current aside")
    assert not notes.is_visible()
    tab.page.keyboard.press("n")
    assert notes.is_visible()
    tab.page.keyboard.press("n")
    assert not notes.is_visible()


def test_printed_each_slide_is_a_page_with_its_notes(browser: Any, file: Path) -> None:
    tab = Tab(browser, file, viewport={"width": 1280, "height": 720})
    count = tab.run("document.querySelectorAll('.slide').length")
    printed = tab.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == count
    tab.page.emulate_media(media="print")
    cut = tab.run(
        "[...document.querySelectorAll('.slide')]"
        ".filter((s) => s.scrollHeight > s.clientHeight"
        " || !s.querySelector('aside').checkVisibility())"
        ".map((s) => s.querySelector('h1, h2').textContent)"
    )
    assert cut == []
    tab.close()

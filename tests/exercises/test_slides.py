"""The slides of the two-hour course."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from PIL import Image

from minicnn import data
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.drawings import Stack, curve, grids, images, stacks
from minicnn.exercises.two_hours import PARTS, deck

from ..pages_explorer.browser import Tab

ROOT = Path(__file__).parents[2]
TEACHERS = ROOT / "docs" / "teachers.md"
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


def commands(html: str, program: str) -> list[list[str]]:
    """The commands on the slides that begin so, each as its words."""
    codes = (unescape(code) for code in re.findall(r"<code>(.*?)</code>", html, re.DOTALL))
    return [shlex.split(code) for code in codes if code.startswith(f"python3 {program}")]


def ran(command: list[str], folder: Path) -> str:
    """Run a command of the slides in a folder with the examples, on the digits of the package."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=folder, env=environment, text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_digit_is_printed_in_lines_that_fit_a_terminal(html: str, tmp_path: Path) -> None:
    (command,) = commands(html, "-c")
    lines = ran(command, tmp_path).splitlines()
    image = data.load_sample()[0].images[0, 0]
    assert [[int(word) for word in line.split()] for line in lines] == image[4:24, 4:24].tolist()
    assert {len(line) for line in lines} == {79}


def test_the_network_trained_by_one_slide_reads_the_digit_of_another(
    html: str, tmp_path: Path
) -> None:
    training, reading = commands(html, "examples/")
    copytree(ROOT / "examples", tmp_path / "examples")
    ran([*training, "--dataset", "sample", "--quiet"], tmp_path)
    assert reading[-2:] == [training[training.index("--out") + 1], "my_digit.png"]
    digit = data.load_sample()[0].images[0, 0].numpy()
    Image.fromarray(255 - digit).resize((280, 280)).save(tmp_path / "my_digit.png")
    assert "my_digit.png" in ran(reading, tmp_path)


def test_the_settings_to_try_are_options_of_the_training(html: str, tmp_path: Path) -> None:
    copytree(ROOT / "examples", tmp_path / "examples")
    usage = ran([*commands(html, "examples/train_mnist.py")[0], "--help"], tmp_path)
    named = re.findall(r"<code>(--[a-z]+)(?: ([a-z]\w*))?", html)
    assert {option for option, _ in named} == {"--out", "--model", "--lr"}
    for word in filter(None, (word for pair in named for word in pair)):
        assert word in usage
    assert (ROOT / "examples" / "mnist_in_one_page.py").exists()


def test_no_slide_answers_its_own_question(html: str) -> None:
    sections = re.findall(r"<section.*?</section>", html, re.DOTALL)
    for heading, answer in {
        "Memory has one dimension": "(6, 6, 3, 1)",
        "One window": "1, 4, −4, 3, and their sum 4",
        "How many places?": "24, 12, 28",
    }.items():
        (section,) = (s for s in sections if f"<h2>{heading}</h2>" in s)
        body, notes = section.split("<aside>")
        assert answer in notes
        assert answer not in body
    (window,) = (s for s in sections if "<h2>One window</h2>" in s)
    assert window.count(">?</text>") == 5


def test_the_parts_are_those_of_the_page_for_teachers() -> None:
    section = TEACHERS.read_text(encoding="utf-8").partition("### Two hours")[2]
    table = section.partition("\n| minutes")[2].partition("\n\n")[0]
    minutes = [int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert minutes == list(PARTS.values())
    assert sum(minutes) == 120
    for name in list(PARTS)[1:4]:
        assert f" {name}](" in table


def test_a_picture_of_numbers_says_them() -> None:
    svg = grids("two", torch.tensor([[0.5, -3.0]]), "+", torch.zeros(2, 1), marked=[(0, 1)])
    assert re.findall(r">([^<>]+)</text>", svg) == ["0.5", "−3", "+", "0", "0"]
    assert '<img alt="a &amp; b" src="data:' in images("a & b", [torch.zeros(2, 2)], [""])


def test_a_number_to_find_is_a_question_mark() -> None:
    assert ">?</text>" in grids("one", torch.tensor([[torch.nan]]))


def test_the_frame_is_drawn_after_the_cells_around_it() -> None:
    svg = grids("nine", torch.zeros(3, 3), marked=[(0, 0), (1, 1)])
    widths = re.findall(r'<rect[^>]*stroke-width="(\d)"', svg)
    assert widths == ["1"] * 7 + ["2"] * 2


def test_a_stack_marks_its_foremost_squares() -> None:
    svg = stacks("five", Stack("a", 3, 20, marked=1), "=", Stack("b", 2, 10, across="W", down="H"))
    assert re.findall(r'<rect[^>]*stroke-width="(\d)"', svg) == ["1", "1", "2", "1", "1"]
    assert re.findall(r">([^<>]+)</text>", svg) == ["a", "=", "b", "H", "W"]


def test_the_steps_of_a_curve_lie_on_it() -> None:
    svg = curve("a valley", [-1.0, 0.0, 1.0], [1.0, 0.0, 1.0], "x", "y", steps=[(0, 1)])
    (points,) = re.findall(r'points="([^"]*)"', svg)
    dots = re.findall(r'cx="(\d+)" cy="(\d+)"', svg)
    assert [",".join(dot) for dot in dots] == points.split()[:2]


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


# What begins above the end of what comes before it, or reaches out of its figure.
OVERLAPS = """[...document.querySelectorAll('.current > *, .current figure > *')].filter((e) => {
  const box = e.getBoundingClientRect(), figure = e.closest('figure');
  if (figure && e !== figure) {
    const around = figure.getBoundingClientRect();
    return box.top < around.top - 1 || box.bottom > around.bottom + 1;
  }
  const last = e.previousElementSibling;
  return last && e.checkVisibility() && box.top < last.getBoundingClientRect().bottom - 1;
}).map((e) => e.outerHTML.slice(0, 80))"""
# The size of the smallest label in a picture, in pixels of the screen.
LABELS = """Math.min(99, ...[...document.querySelectorAll('.current svg text')].map(
  (t) => t.getAttribute('font-size') * t.getScreenCTM().a))"""


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
        assert tab.run(OVERLAPS) == [], i
        assert tab.run(LABELS) >= 11, i
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


@pytest.mark.parametrize("way", ["key", "button"])
def test_n_and_a_button_show_the_notes(tab: Tab, way: str) -> None:
    notes = tab.page.locator(".current aside")
    button = tab.page.locator(".current").get_by_role("button", name="notes")
    turn = button.click if way == "button" else lambda: tab.page.keyboard.press("n")
    assert not notes.is_visible()
    turn()
    assert notes.is_visible()
    assert number(tab) == 1
    box, size = notes.bounding_box(), tab.page.viewport_size
    assert box is not None
    assert size is not None
    assert box["y"] + box["height"] <= size["height"] + 1
    turn()
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

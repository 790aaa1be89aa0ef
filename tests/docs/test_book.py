"""The book, as who reads its files sees it: nothing is missing, no link is dead.

docs/build.py runs the pages; here they are only read.
"""

import re
from pathlib import Path

import pytest

from minicnn.exercises.catalogue import EXERCISES

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "docs" / "learn").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *CHAPTERS]
PAGES += sorted((ROOT / "docs" / "reference").glob("*.md"))

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def dead_links(page: Path) -> list[str]:
    """The local targets that are not there: files, and headings in them."""
    return [target for target in LINK.findall(prose(page)) if not is_alive(page, target)]


def is_alive(page: Path, target: str) -> bool:
    if target.startswith(("https://", "http://")):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert dead_links(page) == []


def test_a_dead_link_would_be_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A *title*: one\n[a](gone.md) [b](#a-title-one) [c](#b) [d](page.md)\n")
    assert dead_links(page) == ["gone.md", "#b"]


def test_the_chapters_are_numbered_without_a_gap():
    assert [page.name[:2] for page in CHAPTERS] == [f"{n:02}" for n in range(1, 15)]


@pytest.mark.parametrize(
    "part",
    [
        r"^# \d+\. ",
        r"^\*\*The question:\*\* ",
        r"^```python",
        r"^!\[.+\]\(\.\./images/learn/",  # a picture for who does not build the book
        r"^> \[!WARNING\]\n> \*\*What goes wrong",
        r"^\*\*In the source:\*\* ",
        r"^## Exercises$",
        r"^<details>\s*<summary>Solution",
    ],
)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_chapter_has_its_parts(chapter, part):
    assert re.search(part, chapter.read_text(encoding="utf-8"), re.MULTILINE)


def glossary() -> dict[str, set[str]]:
    """The links to the terms that each chapter explains, by the chapter's file name."""
    terms: dict[str, set[str]] = {page.name: set() for page in CHAPTERS}
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for letter in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        for entry in re.findall(r"^\*\*.*?(?=\n\n|\Z)", letter, re.MULTILINE | re.DOTALL):
            chapter = re.search(r"\[Chapter \d+\]\(learn/(.*?)\)", entry)
            if chapter:
                term = entry.removeprefix("**").partition(".**")[0]
                terms[chapter[1]].add(f"[{term}](../glossary.md#{letter[0].lower()})")
    return terms


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_chapter_links_the_terms_that_the_glossary_finds_in_it(chapter):
    line = re.search(r"^\*\*Terms:\*\* (.*?)\.\n\n", prose(chapter), re.MULTILINE | re.DOTALL)
    assert line
    links = re.findall(r"\[.*?\]\(.*?\)", " ".join(line[1].split()))
    assert set(links) == glossary()[chapter.name]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.name)
def test_every_graded_exercise_is_announced_in_its_chapter(exercise):
    (chapter,) = [page for page in CHAPTERS if page.stem[3:] == exercise.chapter]
    graded = re.search(r"^\*\*Graded:\*\* (.*?)\. ", prose(chapter), re.MULTILINE | re.DOTALL)
    assert graded
    assert f"`{exercise.name}`" in re.split(r",\s", graded[1])

"""The front page: it lists every chapter, and its reading times are those of the chapters."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
INDEX = (DOCS / "index.md").read_text(encoding="utf-8")
CONTENTS = re.findall(r"^learn/(.*)$", INDEX, re.MULTILINE)
TIMES = {
    name: int(minutes)
    for name, minutes in re.findall(
        r"^\| \[.*?\]\(learn/(.*)\.md\) \|.*\| (\d+) \|$", INDEX, re.MULTILINE
    )
}
PATHS = re.findall(
    r"^- \*\*(.*?)\*\* \((\d+) (minutes|hours) of reading\): (.*?)(?=^- |\n\n)",
    INDEX,
    re.MULTILINE | re.DOTALL,
)
WORDS_A_MINUTE = 200


def close(typed: float, computed: float) -> bool:
    return abs(typed - computed) <= 0.2 * computed


def test_the_contents_and_the_table_list_every_chapter_once_in_the_same_order():
    assert sorted(CONTENTS) == sorted(page.stem for page in (DOCS / "learn").glob("*.md"))
    assert list(TIMES) == CONTENTS


@pytest.mark.parametrize("name", TIMES)
def test_a_reading_time_is_that_of_the_chapters_words(name):
    words = len((DOCS / "learn" / f"{name}.md").read_text(encoding="utf-8").split())
    minutes = max(1, round(words / WORDS_A_MINUTE))
    assert close(TIMES[name], minutes), f"docs/index.md: {name} takes {minutes} minutes to read"


def test_the_three_paths_take_the_sum_of_their_chapters():
    assert [name for name, *_ in PATHS] == ["An afternoon", "A week", "A course"]
    for name, time, unit, text in PATHS:
        chapters = re.findall(r"\(learn/(.*?)\.md\)", text) or CONTENTS  # none named: all
        minutes = sum(TIMES[chapter] for chapter in chapters)
        typed = int(time) * (60 if unit == "hours" else 1)
        assert close(typed, minutes), f"docs/index.md: {name} takes {minutes} minutes to read"


@pytest.mark.parametrize(
    ("need", "word"),
    [
        ("Variance", "variance"),
        ("Eigenvalues", "eigenvalue"),
        ("Complex roots", "complex"),
        ("Lagrange multipliers", "multiplier"),
    ],
)
def test_what_you_need_to_know_is_used_in_the_chapters_that_are_named(need, word):
    [entry] = re.findall(rf"^- \*\*{need}\*\*.*?(?=^- |\n\n)", INDEX, re.MULTILINE | re.DOTALL)
    chapters = re.findall(r"\((learn/.*?\.md)\)", entry)
    assert chapters
    for chapter in chapters:
        assert word in (DOCS / chapter).read_text(encoding="utf-8")

"""The reference lists every public name, also where it does so by hand."""

import re
from pathlib import Path

from minicnn.runs import names

RUNS = Path(__file__).parents[2] / "docs" / "reference" / "runs.md"


def test_the_page_of_runs_lists_every_public_name_once() -> None:
    listed = re.findall(
        r"^\.\. auto(?:class|exception|function):: (\w+)", RUNS.read_text(encoding="utf-8"), re.M
    )
    modules = ["atomic", "checkpoint"]  # on pages of their own
    assert sorted([*listed, *modules]) == sorted(names.__all__)

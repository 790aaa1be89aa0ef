"""How thoroughly to test: ``pytest --hypothesis-profile=dev|ci|nightly``, dev by default.

- dev: 50 examples of every property, seconds in all; always the same ones.
- ci: 300 examples, minutes; always the same ones.
- nightly: 2,500 examples, an hour; other ones every time, and their number is printed.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import settings

from minicnn.testing import profiles

from . import signals
from .pages_explorer.browser import started

profiles.register()

# One thread adds up in the same order on every machine, and tiny tensors gain nothing from more.
torch.set_num_threads(1)

signals.heed()

passing_examples: dict[str, int] = {}


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Count the examples that a property has held for; hypothesis leaves its report in words."""
    statistics = getattr(item, "hypothesis_statistics", "")
    if statistics:
        count = sum(map(int, re.findall(r"(\d+) passing", statistics)))
        item.user_properties.append(("passing examples", count))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather the counts, from whichever process the test has run in."""
    if report.when == "teardown":
        counts = dict(report.user_properties)
        if "passing examples" in counts:
            passing_examples[report.nodeid] = int(str(counts["passing examples"]))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how to run what was left out; print the counts in the nightly run."""
    if config.option.markexpr == "not slow":
        terminalreporter.write_line(
            "The slow tests, whole trainings among them: pytest -n auto -m slow"
        )
    if settings.get_current_profile_name() == "nightly":
        terminalreporter.section("examples of each property")
        for property_, examples in sorted(passing_examples.items()):
            terminalreporter.write_line(f"{examples:7,}  {property_}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for the pages that need one; see pages_explorer/browser.py."""
    with started() as found:
        yield found

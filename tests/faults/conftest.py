"""Fixtures of the fault tests: the runs that most of them start from, made once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .stage import Stage, prepared

if os.name != "posix":  # no fork, and other signals
    collect_ignore_glob = ["*.py"]


@pytest.fixture(scope="package")
def make_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Stage]]:
    with prepared(tmp_path_factory.mktemp("prepared")) as make:
        yield make


@pytest.fixture
def stage(make_stage: Callable[[Path], Stage], tmp_path: Path) -> Stage:
    return make_stage(tmp_path)

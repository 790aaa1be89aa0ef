"""Trials: a bug is noticed, what is right is not, and it is the copy that was tried."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from .mutant import LIBRARY
from .trial import Verdict, judge_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no forks on Windows")

TEST = "tests/functional/test_linear.py::test_bias_is_added_to_every_row"


class Change(NamedTuple):
    """A change of functional/linear.py, for a single test to judge."""

    name: str
    old: str
    new: str
    test: str = TEST
    file: str = "functional/linear.py"

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        return ((self.test,),)

    def apply(self, source: str) -> str:
        assert self.old in source
        return source.replace(self.old, self.new)


WRONG = Change("wrong", "torch.addmm(bias, x, weight.mT)", "x @ weight.mT")
RIGHT = Change("right", "torch.addmm(bias, x, weight.mT)", "x @ weight.mT + bias")
BROKEN = Change("broken", "torch.addmm(bias, x, weight.mT)", "addmm bias, x")


def judge(*changes: Change) -> tuple[dict[str, Verdict], set[str]]:
    verdicts, broken = judge_all(changes, jobs=1, limit=90, show=lambda verdict: None)
    return {verdict.name: verdict for verdict in verdicts}, broken


@pytest.mark.slow
def test_wrong_versions_are_noticed_and_another_right_one_is_not() -> None:
    source = (LIBRARY / WRONG.file).read_text(encoding="utf-8")
    verdicts, broken = judge(WRONG, RIGHT, BROKEN)
    assert (verdicts["wrong"].how, verdicts["wrong"].killed_by) == ("failed", TEST)
    assert (verdicts["right"].how, verdicts["right"].killed_by) == ("passed", "")
    assert verdicts["broken"].killed_by  # by the first file that cannot be imported
    assert broken == set()
    assert (LIBRARY / WRONG.file).read_text(encoding="utf-8") == source  # it was all in copies


@pytest.mark.slow
def test_a_test_that_fails_without_the_mutant_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and left out."""
    (tmp_path / "minicnn" / "functional").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    for package in ("minicnn", "minicnn/functional"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "minicnn" / WRONG.file).write_text("double = lambda x: 2 * x\n")
    (tmp_path / "tests" / "test_double.py").write_text(
        "from minicnn.functional.linear import double\n"
        "def test_of_nonsense(): assert double(2) == 5\n"
        "def test_of_doubling(): assert double(3) == 6\n"
    )
    monkeypatch.setattr("tests.mutants.trial.PROJECT", tmp_path)
    verdicts, broken = judge(Change("wrong", "2 * x", "x * x", "tests/test_double.py"))
    assert verdicts["wrong"].killed_by == "tests/test_double.py::test_of_doubling"
    assert broken == {"tests/test_double.py::test_of_nonsense"}

"""The mutants themselves: each still changes one place, and what it makes is still Python."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from . import __main__ as command_line
from .__main__ import ENOUGH, GENERAL, RESULTS
from .general import every, sample
from .museum import MUSEUM
from .mutant import LIBRARY, Mutant
from .survivors import SURVIVORS
from .targets import TARGETS
from .trial import Verdict

TESTS = Path(__file__).parents[1]
PHOTO = LIBRARY.parent / "examples" / "photo"


@pytest.mark.parametrize("mutant", MUSEUM, ids=lambda mutant: mutant.name)
def test_a_patch_of_the_museum_applies_and_gives_other_python(mutant: Mutant) -> None:
    source = (LIBRARY / mutant.file).read_text(encoding="utf-8")
    wrong = mutant.apply(source)
    assert ast.dump(ast.parse(wrong)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("mutant", MUSEUM, ids=lambda mutant: mutant.name)
def test_the_test_that_a_patch_names_exists(mutant: Mutant) -> None:
    file, name = mutant.test.split("::")
    assert f"\ndef {name}(" in (TESTS / file).read_text(encoding="utf-8")


def test_the_museum_holds_at_least_60_bugs_each_with_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUSEUM}) == len(MUSEUM) >= 60
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUSEUM}) == len(MUSEUM)


def test_the_command_on_file_judges_a_whole_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the mutants that were judged last."""

    def judge_all(mutants: Any, jobs: int, limit: float, show: Any) -> tuple[list, set[str]]:
        for mutant in mutants:
            show(Verdict(mutant.name, f"tests/{mutant.test}", "failed", 1.0))
        return [], set()

    monkeypatch.setattr(command_line, "RESULTS", tmp_path / "mutants.json")
    monkeypatch.setattr(command_line, "judge_all", judge_all)
    for mutant in MUSEUM[:2]:
        assert command_line.main(["--only", mutant.name]) == 0
    part = json.loads((tmp_path / "mutants.json").read_text(encoding="utf-8"))["museum"]
    assert (part["mutants"], part["command"]) == (2, "python -m tests.mutants")


def test_a_patch_whose_text_is_not_there_exactly_once_is_refused() -> None:
    mutant = MUSEUM[0]
    with pytest.raises(ValueError, match="must occur once, not 0×"):
        mutant.apply("")
    with pytest.raises(ValueError, match="must occur once, not 2×"):
        mutant.apply(2 * mutant.old)


def test_mechanical_mutants_have_names_of_their_own_and_are_python() -> None:
    names = [change.name for change in every()]
    assert len(set(names)) == len(names)
    for change in sample(100, seed=0, files=TARGETS):
        source = (LIBRARY / change.file).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(change.apply(source))) != ast.dump(ast.parse(source))


def test_a_sample_depends_on_its_seed_and_a_larger_one_holds_the_smaller() -> None:
    assert sample(10, 0, TARGETS) == sample(20, 0, TARGETS)[:10]
    assert sample(10, 0, TARGETS) != sample(10, 1, TARGETS)
    assert {change.file for change in sample(20, 0, ["data/idx.py"])} == {"data/idx.py"}


PACKAGES = (
    *("functional", "optim", "data", "exercises", "insight", "layers", "pages", "parallel"),
    *("runs", "viz"),
)


def test_every_file_of_these_packages_is_a_target_and_its_tests_exist() -> None:
    files = [path for folder in PACKAGES for path in (LIBRARY / folder).rglob("*.py")]
    left_out = ("__init__.py", "make_sample.py")
    files = [path for path in files if path.name not in left_out and path.parent.name != "tasks"]
    photo = [f"../examples/photo/{path.name}" for path in PHOTO.glob("*.py")]
    assert {str(path.relative_to(LIBRARY)) for path in files} | set(photo) == set(TARGETS)
    for tests in TARGETS.values():
        assert all((TESTS.parent / test).exists() for test in tests)


def test_every_survivor_that_is_explained_can_still_be_made() -> None:
    assert set(SURVIVORS) <= {change.name for change in every()}


# What the last runs came to


def results(part: str) -> dict[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))[part]


def test_by_the_results_on_file_each_bug_of_this_museum_was_noticed_by_the_test_it_names() -> None:
    killed_by = {row["name"]: row["killed_by"] for row in results("museum")["verdicts"]}
    assert set(killed_by) == {mutant.name for mutant in MUSEUM}
    for mutant in MUSEUM:
        assert killed_by[mutant.name].startswith(f"tests/{mutant.test}"), mutant.name


# How many mechanical mutants have a verdict on file; --rest adds those that have none yet.
TRIED = {"maths": 300, "around": 300}


@pytest.mark.parametrize("over", GENERAL)
def test_by_the_results_on_file_few_mechanical_mutants_survive_and_each_is_explained(
    over: str,
) -> None:
    part, _ = GENERAL[over]
    general = results(part)
    assert general["mutants"] >= TRIED[over]
    assert general["killed"] >= ENOUGH * general["mutants"]
    assert set(general["survivors"]) <= set(SURVIVORS)

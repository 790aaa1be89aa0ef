"""The notebooks for nbgrader: their metadata, and the check that their cells call."""

import json
import re
from typing import Any

import pytest

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.notebook import BEGIN, END, check, notebook

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
FLAGS = {"schema_version", "grade_id", "grade", "solution", "locked", "task"}


def cells_of(exercise: Exercise) -> list[dict[str, Any]]:
    page = json.loads(notebook(exercise))
    assert (page["nbformat"], page["nbformat_minor"]) == (4, 5)
    assert page["metadata"]["kernelspec"]["name"] == "python3"
    return page["cells"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def released(text: str) -> str:
    """What nbgrader makes of a cell with a solution."""
    region = re.compile(f"( *){re.escape(BEGIN)}\n.*\n *{re.escape(END)}", re.DOTALL)
    return region.sub(r"\1# YOUR CODE HERE\n\1raise NotImplementedError()", text)


@every_exercise
def test_the_metadata_is_that_of_the_third_version(exercise: Exercise) -> None:
    task, solution, *tests = cells_of(exercise)
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in (task, solution, *tests)]
    assert len(set(names)) == len(names)
    assert [cell["id"] for cell in (task, solution, *tests)] == names
    assert all(re.fullmatch(r"[\w-]{1,64}", name) for name in names)
    for cell, kind, on in [
        (task, "markdown", {"locked"}),
        (solution, "code", {"solution"}),
        *((test, "code", {"grade", "locked"}) for test in tests),
    ]:
        flags = dict(cell["metadata"]["nbgrader"])
        assert cell["cell_type"] == kind
        assert flags.pop("points", None) == (1 if "grade" in on else None)
        assert set(flags) == FLAGS
        assert flags["schema_version"] == 3
        assert {name for name in FLAGS if flags[name] is True} == on
        if kind == "code":
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
    assert len(tests) == len(exercise.probes)


@every_exercise
def test_the_solution_is_between_the_marks_and_nowhere_else(exercise: Exercise) -> None:
    solution = source(cells_of(exercise)[1])
    assert solution.count(BEGIN) == solution.count(END) == 1
    stub = released(solution)
    expected = exercise.stub.source.rstrip() + "()"
    marked = "    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub.endswith(expected.replace("    raise NotImplementedError()", marked))


@every_exercise
@pytest.mark.slow
def test_the_solution_passes_and_the_stub_fails(exercise: Exercise) -> None:
    _, solution, *tests = cells_of(exercise)
    for text, right in ((source(solution), True), (released(source(solution)), False)):
        names: dict[str, Any] = {}
        exec(text, names)
        for test in tests:
            if right:
                exec(source(test), names)
                continue
            with pytest.raises(AssertionError, match=f"^\n{exercise.name}: not written yet"):
                exec(source(test), names)


def relu_backward(grad, input):  # wrong for zeros alone
    return grad * (input >= 0)


def test_each_group_is_checked_by_itself() -> None:
    first, *others = (probe.name for probe in EXERCISES["relu_backward"].probes)
    check(relu_backward, first)
    assert others[0] == "zeros"
    with pytest.raises(AssertionError) as error:
        check(relu_backward, "zeros")
    assert "Wrong with: zeros\n" in str(error.value)
    assert "the result is wrong at [0]: expected 0, got 1." in str(error.value).lower()


def test_what_is_no_exercise_or_no_group_is_named() -> None:
    with pytest.raises(ValueError, match=r"^There is no exercise 'cells_of'\. The list of all: "):
        check(cells_of, "zeros")
    groups = ", ".join(probe.name for probe in EXERCISES["relu_backward"].probes)
    with pytest.raises(ValueError, match=re.escape(f"group must be one of {groups}, got 'ones'")):
        check(relu_backward, "ones")


def test_a_loop_without_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minicnn.exercises.deadline.SECONDS", 0.3)

    def output_size(*_: int) -> int:
        while True:
            pass

    with pytest.raises(AssertionError, match="It did not return within"):
        check(output_size, EXERCISES["output_size"].probes[0].name)

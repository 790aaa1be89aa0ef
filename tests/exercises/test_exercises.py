"""The exercises are solvable and consistent, and do not reveal their solutions."""

import doctest
import inspect

import pytest

from minicnn.exercises.catalogue import EXERCISES, listing
from minicnn.exercises.diagnose import HINTS, OF_ERRORS
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.report import report
from minicnn.exercises.search import simplest

from .grading import hand_in, own_words, topic
from .wrong.wrong_answer import right_answer, solution_of

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
FEW = 6  # cases per probe, for speed


@every_exercise
def test_the_solution_passes(exercise: Exercise, tmp_path) -> None:
    verdict = hand_in(exercise.name, right_answer(exercise.name), tmp_path, 4)
    assert verdict.right, report(verdict)
    assert [probe for probe, _ in verdict.passed] == list(exercise.probes)
    assert report(verdict).startswith(f"{exercise.name}: right. ")


@every_exercise
def test_the_unchanged_stub_is_reported_as_not_written_yet(exercise, tmp_path) -> None:
    verdict = hand_in(exercise.name, exercise.stub.file("any.py"), tmp_path)
    assert topic(verdict) == "unwritten"
    assert report(verdict).startswith(f"{exercise.name}: not written yet.")


@every_exercise
def test_the_solution_passes_the_example_of_the_stub(exercise: Exercise) -> None:
    found: dict = {}
    exec(right_answer(exercise.name), found)
    doc = exercise.stub.function.__doc__ or ""
    example = doctest.DocTestParser().get_doctest(doc, found, exercise.name, None, None)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@every_exercise
def test_cases_have_the_arguments_of_the_stub_in_its_order(exercise: Exercise) -> None:
    assert list(inspect.signature(exercise.solution).parameters) == exercise.stub.parameters
    for probe in exercise.probes:
        assert list(simplest(probe.cases).arguments) == exercise.stub.parameters


@every_exercise
def test_the_names_of_probes_are_unique(exercise: Exercise) -> None:
    names = [probe.name for probe in exercise.probes]
    assert len(set(names)) == len(names) >= 3


def lines_of_code(exercise: Exercise) -> list[str]:
    """Return the lines of the solution that are long enough to reveal anything."""
    body = solution_of(exercise.name).partition('"""')[2].partition('"""')[2]
    return [line.strip() for line in body.splitlines() if len(line.strip()) > 12]


@every_exercise
def test_no_hint_or_stub_contains_a_line_of_the_solution(exercise: Exercise) -> None:
    texts = [
        exercise.stub.source.partition('"""')[2],
        *(probe.hint for probe in exercise.probes),
        *(suspect.hint for suspect in exercise.suspects),
        *HINTS.values(),
        *OF_ERRORS.values(),
    ]
    assert lines_of_code(exercise)
    for line in lines_of_code(exercise):
        assert not any(line in text for text in texts), line


def test_own_words_drops_the_lines_quoted_from_the_learners_file() -> None:
    assert own_words("It raised E\n  In line 3:  x = y\n  line 4:  z") == "It raised E"


def test_there_are_at_least_14_exercises_and_all_are_listed() -> None:
    assert len(EXERCISES) >= 14
    assert [line.split()[0] for line in listing().splitlines()] == list(EXERCISES)
    for line, exercise in zip(listing().splitlines(), EXERCISES.values(), strict=True):
        assert exercise.task in line
        assert f"{exercise.chapter:02}-" in line

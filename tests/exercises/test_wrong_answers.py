"""Every wrong answer is told what is wrong with it."""

from collections import Counter
from pathlib import Path

import pytest

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.report import report
from minicnn.exercises.search import extent

from .grading import hand_in, own_words, topic
from .table import names
from .test_exercises import FEW, lines_of_code
from .wrong import WRONG_ANSWERS
from .wrong.wrong_answer import right_answer

GRADER = Path(__file__).parents[2] / "docs" / "results" / "grader.md"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_hints_are_about_the_mistake_and_do_not_give_the_solution_away(exercise, tmp_path) -> None:
    """Every sixth, with few cases and no shrinking; the command gives all of them everything."""
    for answer in WRONG_ANSWERS[::6]:
        if answer.exercise == exercise:
            verdict = hand_in(exercise, answer.file, tmp_path, FEW, shrinks=0)
            assert topic(verdict) == answer.topic, answer.name
            message = own_words(report(verdict))
            assert not [line for line in lines_of_code(EXERCISES[exercise]) if line in message]


def test_the_case_that_is_shown_is_as_small_as_can_be(tmp_path: Path) -> None:
    name = "conv2d_grad_input: the first kernel alone"
    answer = next(answer for answer in WRONG_ANSWERS if answer.name == name)
    verdict = hand_in(answer.exercise, answer.file, tmp_path)
    assert topic(verdict) == answer.topic
    assert verdict.trial is not None
    assert extent(verdict.trial.case) <= 8


def test_there_are_five_wrong_answers_to_each_exercise_each_with_a_name_of_its_own() -> None:
    counts = Counter(answer.exercise for answer in WRONG_ANSWERS)
    assert set(counts) == set(EXERCISES)
    assert min(counts.values()) >= 5
    assert len(WRONG_ANSWERS) >= 60
    assert len({answer.name for answer in WRONG_ANSWERS}) == len(WRONG_ANSWERS)


def test_each_suspect_is_what_some_wrong_answer_is_found_to_be() -> None:
    topics = {(answer.exercise, answer.topic) for answer in WRONG_ANSWERS}
    for name, exercise in EXERCISES.items():
        assert [s.topic for s in exercise.suspects if (name, s.topic) not in topics] == []


def test_a_patch_whose_text_is_not_there_exactly_once_is_refused() -> None:
    answer = WRONG_ANSWERS[0]._replace(old="not in there")
    with pytest.raises(ValueError, match="must occur once, not 0×"):
        answer.file  # noqa: B018
    assert right_answer(answer.exercise) != WRONG_ANSWERS[0].file


def test_the_table_on_file_has_every_wrong_answer_and_none_that_was_taken_for_right() -> None:
    text = GRADER.read_text(encoding="utf-8")
    assert "| right |" not in text
    expected = [(answer.exercise, answer.mistake) for answer in WRONG_ANSWERS]
    assert names(text) == expected

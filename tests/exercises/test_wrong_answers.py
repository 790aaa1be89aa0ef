"""The grader identifies the mistake in every wrong answer."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import strategies as st

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.compare import Fault
from minicnn.exercises.report import report
from minicnn.exercises.search import extent, shrink
from minicnn.exercises.trial import Trial
from minicnn.testing.case import Case

from .grading import hand_in, own_words, topic
from .table import names
from .test_exercises import FEW, lines_of_code
from .wrong import WRONG_ANSWERS
from .wrong.wrong_answer import right_answer

GRADER = Path(__file__).parents[2] / "docs" / "results" / "grader.md"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_hints_name_the_mistake_and_do_not_reveal_the_solution(exercise, tmp_path) -> None:
    """Every sixth answer, with few cases and no shrinking; the command grades all in full."""
    for answer in WRONG_ANSWERS[::6]:
        if answer.exercise == exercise:
            verdict = hand_in(exercise, answer.file, tmp_path, FEW, shrinks=0)
            assert topic(verdict) == answer.topic, answer.name
            message = own_words(report(verdict))
            assert not [line for line in lines_of_code(EXERCISES[exercise]) if line in message]


def test_the_reported_case_is_small(tmp_path: Path) -> None:
    name = "conv2d_grad_input: only the first kernel"
    answer = next(answer for answer in WRONG_ANSWERS if answer.name == name)
    verdict = hand_in(answer.exercise, answer.file, tmp_path)
    assert topic(verdict) == answer.topic
    assert verdict.trial is not None
    assert extent(verdict.trial.case) <= 8


def test_shrinking_ends_after_so_many_calls() -> None:
    tried: list[bool] = []

    def above_500(case: Case) -> Trial:
        tried.append(case.options["n"] > 500)
        return Trial(case, 0, 0, Fault("values", "wrong") if tried[-1] else None)

    numbers = st.builds(lambda n: Case({}, {"n": n}), st.integers(0, 10**9))
    for limit in (0, 1, 3):
        tried.clear()
        assert shrink(numbers, above_500, shrinks=limit) is not None
        assert len(tried[tried.index(True) + 1 :]) == limit


def test_there_are_five_wrong_answers_to_each_exercise_with_unique_names() -> None:
    counts = Counter(answer.exercise for answer in WRONG_ANSWERS)
    assert set(counts) == set(EXERCISES)
    assert min(counts.values()) >= 5
    assert len(WRONG_ANSWERS) >= 60
    assert len({answer.name for answer in WRONG_ANSWERS}) == len(WRONG_ANSWERS)


def test_each_suspect_is_identified_in_some_wrong_answer() -> None:
    topics = {(answer.exercise, answer.topic) for answer in WRONG_ANSWERS}
    for name, exercise in EXERCISES.items():
        assert [s.topic for s in exercise.suspects if (name, s.topic) not in topics] == []


def test_a_patch_whose_text_does_not_occur_exactly_once_is_rejected() -> None:
    answer = WRONG_ANSWERS[0]._replace(old="not in there")
    with pytest.raises(ValueError, match="must occur once, not 0×"):
        answer.file  # noqa: B018
    assert right_answer(answer.exercise) != WRONG_ANSWERS[0].file


def test_the_committed_table_has_every_wrong_answer_and_none_judged_right() -> None:
    text = GRADER.read_text(encoding="utf-8")
    assert "| right |" not in text
    expected = [(answer.exercise, answer.mistake) for answer in WRONG_ANSWERS]
    assert names(text) == expected

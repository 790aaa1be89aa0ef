"""A wrong answer: a reference solution with one typical mistake."""

import inspect
from typing import NamedTuple

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.exercise import HEADER


class WrongAnswer(NamedTuple):
    """An answer that a learner might submit, and the topic of the hint for it.

    Attributes:
        exercise: the name of the exercise.
        mistake: the mistake in a few words.
        topic: the topic of the grader's hint.
        old: the correct text, which occurs once in the solution.
        new: the wrong text that replaces it.
    """

    exercise: str
    mistake: str
    topic: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """Return a unique name."""
        return f"{self.exercise}: {self.mistake}"

    @property
    def file(self) -> str:
        """Return the text of the learner's file."""
        right = right_answer(self.exercise)
        found = right.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: the old text must occur once, not {found}×")
        return right.replace(self.old, self.new)


def solution_of(exercise: str) -> str:
    """Return the source of the reference solution."""
    return inspect.getsource(EXERCISES[exercise].solution)


def right_answer(exercise: str) -> str:
    """Return the text of a learner's file with the reference solution."""
    source = solution_of(exercise).replace("def solution(", f"def {exercise}(")
    return HEADER.format(file=f"{exercise}.py") + source

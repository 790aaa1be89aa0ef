"""A wrong answer: a reference solution with one place changed, as learners would."""

import inspect
from typing import NamedTuple

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.stub import HEADER


class WrongAnswer(NamedTuple):
    """What a learner hands in, and what the grader has to say to it.

    Attributes:
        exercise: its name.
        mistake: in a few words.
        topic: of the grader's hint.
        old: the right text, which occurs once in the solution.
        new: the wrong text in its place.
    """

    exercise: str
    mistake: str
    topic: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """A name of its own."""
        return f"{self.exercise}: {self.mistake}"

    @property
    def file(self) -> str:
        """The text of the learner's file."""
        right = right_answer(self.exercise)
        found = right.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: the old text must occur once, not {found}×")
        return right.replace(self.old, self.new)


def solution_of(exercise: str) -> str:
    """The source of the reference solution."""
    return inspect.getsource(EXERCISES[exercise].solution)


def right_answer(exercise: str) -> str:
    """The text of a learner's file with the reference solution in it."""
    source = solution_of(exercise).replace("def solution(", f"def {exercise}(")
    return HEADER.format(file=f"{exercise}.py") + source

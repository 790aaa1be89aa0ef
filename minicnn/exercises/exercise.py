"""What an exercise is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@dataclass(frozen=True)
class Probe:
    """Cases that ask one more thing than the probes before.

    Attributes:
        name: what is new in these cases, as in "stride 2".
        cases: draws them; small ones, of whole numbers, so that a person can follow one by hand.
        hint: what to think about if these cases are the first that fail.
    """

    name: str
    cases: SearchStrategy[Case]
    hint: str


@dataclass(frozen=True)
class Suspect:
    """A well-known mistake: it is made out if all that the function returns is what it gives.

    Attributes:
        topic: the mistake's name.
        answer: what somebody who makes it returns for a case.
        hint: where to look.
    """

    topic: str
    answer: Callable[[Case], Any]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One function to write, and all that is needed to judge it.

    Attributes:
        stub: what the learner starts from: name, arguments, docstring.
        task: what to write, in a line.
        chapter: the number of the chapter in ``docs/learn/``.
        solution: one way to write it, in the plainest words.
        twin: what is right, by torch; its arguments are called as the stub's.
        probes: from easy to hard.
        suspects: what is often done wrong.
        returns: the names of the results.
    """

    stub: Stub
    task: str
    chapter: int
    solution: Callable[..., Any]
    twin: Callable[..., Any]
    probes: tuple[Probe, ...]
    suspects: tuple[Suspect, ...] = ()
    returns: tuple[str, ...] = ("the result",)

    @property
    def name(self) -> str:
        """The name of the function to write."""
        return self.stub.name


class Diagnosis(NamedTuple):
    """What a failure looks like.

    Attributes:
        topic: the mistake in a few words.
        hint: what to think about; never the solution.
    """

    topic: str
    hint: str

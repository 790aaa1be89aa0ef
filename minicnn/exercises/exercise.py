"""The parts of an exercise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@dataclass(frozen=True)
class Probe:
    """A group of cases that tests one more feature than the probes before.

    Attributes:
        name: what is new in these cases, such as "stride 2".
        cases: a strategy for small cases of integers that can be followed by hand.
        hint: the hint if these cases are the first to fail.
    """

    name: str
    cases: SearchStrategy[Case]
    hint: str


@dataclass(frozen=True)
class Suspect:
    """A common mistake, recognised when it explains everything that the function returns.

    Attributes:
        topic: the name of the mistake.
        answer: the result of a function with this mistake for a case.
        hint: where to look.
    """

    topic: str
    answer: Callable[[Case], Any]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One function to write, and everything needed to grade it.

    Attributes:
        stub: the learner's starting point: name, arguments and docstring.
        task: what to write, in one line.
        chapter: the number of the chapter in ``docs/learn/``.
        solution: a simple reference solution.
        twin: the correct result, computed with torch; takes the same arguments as the stub.
        probes: the groups of cases, from easy to hard.
        suspects: common mistakes.
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
    """The most likely cause of a failure.

    Attributes:
        topic: the mistake in a few words.
        hint: what to think about, never the solution.
    """

    topic: str
    hint: str

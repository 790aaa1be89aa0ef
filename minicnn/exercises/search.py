"""Search the cases of a probe for failures, and shrink a failure."""

import math
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TypeVar

from hypothesis import Phase, Verbosity, find, settings
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from minicnn.exercises.trial import Trial
from minicnn.testing.case import Case

EXAMPLES = 20  # cases per probe
SHRINKS = 400  # maximal number of calls while shrinking
FINAL = {"unwritten", "time", "ended", "ready-made", "arguments"}  # not due to the case
AGAIN = 4  # factor on the number of cases when looking for a smaller failure

T = TypeVar("T")
Try = Callable[[Case], Trial]


class _EnoughError(BaseException):
    """End a search. A BaseException, because hypothesis would shrink an Exception."""


def simplest(cases: SearchStrategy[T]) -> T:
    """Return the first case that hypothesis generates: the smallest one, filled with zeros.

    Example:
        >>> from hypothesis import strategies as st
        >>> simplest(st.tuples(st.integers(1, 9), st.booleans()))
        (1, False)
    """
    found: list[T] = []
    _find(cases, lambda case: bool(found.append(case)), examples=1)
    return found[0]


def survey(cases: SearchStrategy[Case], try_case: Try, examples: int = EXAMPLES) -> list[Trial]:
    """Try a number of cases, always the same ones; stop at a fault that is final.

    Example:
        >>> from hypothesis import strategies as st
        >>> cases = st.builds(lambda n: Case({}, {"n": n}), st.integers(0, 9))
        >>> trials = survey(cases, lambda case: Trial(case, 0, 0, None), examples=5)
        >>> len({trial.case.options["n"] for trial in trials})
        5
    """
    trials: list[Trial] = []

    def look(case: Case) -> bool:
        trials.append(try_case(case))
        if is_final(trials[-1]):
            raise _EnoughError
        return False

    _find(cases, look, examples)
    return trials


def shrink(
    cases: SearchStrategy[Case], try_case: Try, examples: int = EXAMPLES, shrinks: int = SHRINKS
) -> Trial | None:
    """Return the smallest failure among the cases that `survey` tries and their shrunk forms.

    Hypothesis may set all pixels of a large image to zero before it tries a smaller one, which then
    does not fail. So the search is repeated with smaller cases only, until none of them fails.

    Example:
        >>> from hypothesis import strategies as st
        >>> from minicnn.exercises.compare import Fault
        >>> def at_most_six(case):
        ...     return Trial(case, 0, 0, Fault("values", "") if case.options["n"] > 6 else None)
        >>> cases = st.builds(lambda n: Case({}, {"n": n}), st.integers(0, 99))
        >>> shrink(cases, at_most_six).case
        Case(n=7)
    """
    smallest: Trial | None = None
    calls, limit = 0, math.inf

    def fails(case: Case) -> bool:
        nonlocal smallest, calls
        if extent(case) >= limit:
            return False
        calls += smallest is not None
        if calls > shrinks:
            raise _EnoughError
        trial = try_case(case)
        if trial.fault:
            smallest = trial
            if is_final(trial):
                raise _EnoughError
        return trial.fault is not None

    _find(cases, fails, examples)
    while smallest and extent(smallest.case) < limit and calls <= shrinks:
        limit = extent(smallest.case)
        _find(cases, fails, AGAIN * examples)
    return smallest


def extent(case: Case) -> int:
    """Count the numbers in all tensors of a case.

    Example:
        >>> import torch
        >>> extent(Case({"input": torch.zeros(2, 3)}, {"stride": 1}))
        6
    """
    return sum(x.numel() for x in case.arguments.values() if isinstance(x, Tensor))


def is_final(trial: Trial) -> bool:
    """Return whether the fault is independent of the arguments."""
    return trial.fault is not None and trial.fault.kind in FINAL


def _find(cases: SearchStrategy[T], condition: Callable[[T], bool], examples: int) -> None:
    # By default hypothesis makes a folder for its notes in the current one.
    notes = Path(tempfile.gettempdir()) / "minicnn-exercises"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(notes))
    # Flaky: the condition is not deterministic for a case; the judge reports that.
    with suppress(NoSuchExample, Flaky, _EnoughError):
        find(
            cases,
            condition,
            random=Random(0),
            settings=settings(
                max_examples=examples,
                database=None,
                deadline=None,
                derandomize=True,
                phases=(Phase.generate, Phase.shrink),
                verbosity=Verbosity.quiet,
            ),
        )

"""Search the cases of a probe for failures, and shrink one to the smallest."""

import math
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

from hypothesis import Phase, Verbosity, find, settings
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from minicnn.exercises.trial import FINAL, Trial
from minicnn.testing.case import Case

EXAMPLES = 20  # of each probe
SHRINKS = 400  # calls that shrinking may take
AGAIN = 4  # times as many cases to look for a smaller failure in

T = TypeVar("T")
Try = Callable[[Case], Trial]


class _EnoughError(BaseException):
    """End a search from inside; no Exception, or hypothesis would shrink it too."""


def simplest(cases: SearchStrategy[T]) -> T:
    """Return the first that hypothesis thinks of: as small as can be, with zeros in it.

    Example:
        >>> from hypothesis import strategies as st
        >>> simplest(st.tuples(st.integers(1, 9), st.booleans()))
        (1, False)
    """
    found: list[T] = []
    _find(cases, lambda case: bool(found.append(case)), examples=1)
    return found[0]


def survey(cases: SearchStrategy[Case], try_case: Try, examples: int = EXAMPLES) -> list[Trial]:
    """Try so many cases, always the same ones; stop at a fault that nothing can be added to.

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
    """Return the smallest case that fails, of those that `survey` tries and what they shrink to.

    Hypothesis may empty a large image before it thinks of a smaller one, and then the smaller one
    has nothing left to fail with. So it begins anew, with smaller cases only, until none fails.

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
    """Tell whether a fault is the same whatever the arguments are."""
    return trial.fault is not None and trial.fault.kind in FINAL


def _find(cases: SearchStrategy[T], condition: Callable[[T], bool], examples: int) -> None:
    # Flaky: the condition does not always say the same of a case, which the judge looks into.
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

"""A property must be tried on cases that can fail it: at least half of what is drawn.

A strategy that mostly draws empty or zero inputs makes a property that holds for nothing.
"""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import event

F = TypeVar("F", bound=Callable[..., Any])

_counts: Counter[bool] = Counter()


def meaningful(condition: bool) -> None:
    """Say of a case whether it could fail the property."""
    event("meaningful" if condition else "degenerate")
    _counts[bool(condition)] += 1


def mostly_meaningful(test: F) -> F:
    """Fail a property if fewer than half of its cases were meaningful. Stands above ``@given``."""

    @functools.wraps(test)
    def counted(*args: Any, **kwargs: Any) -> None:
        _counts.clear()
        test(*args, **kwargs)
        yes, total = _counts[True], _counts.total()
        assert total, "no case was said to be meaningful or not"
        assert 2 * yes >= total, f"only {yes} of {total} cases are meaningful"

    return counted  # type: ignore[return-value]

"""A row of the table: what is compared with what, the goal, and what came out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench.measure import Case, Comparison, Meter, interleave
from tests.bench.spread import geometric_mean, spread


class UnmeasuredError(Exception):
    """A row that cannot be measured here; the message says why."""


class Measured(NamedTuple):
    """What a row's measurement returns.

    Attributes:
        cases: one or several; the row's ratio is their geometric mean.
        note: what a reader of the ratio has to know.
        holds: whether the goal's second half holds, where it has one besides the ratio.
    """

    cases: list[Case]
    note: str = ""
    holds: bool = True


class Row(NamedTuple):
    """One row.

    Attributes:
        what: is measured.
        against: what it is compared with.
        goal: the greatest ratio that is good enough.
        measure: does it.
        worst_goal: the greatest ratio that is good enough for each single case, or None.
        length: how long it takes: "short" (seconds), "long" (a minute) or "whole" (hours).
    """

    what: str
    against: str
    goal: float
    measure: Callable[[Meter], Measured]
    worst_goal: float | None = None
    length: str = "short"


@dataclass(frozen=True)
class Result:
    """What came out of a row; every field is plain data, as JSON has it.

    ``ratio`` is None where the row could not be measured, and ``note`` then says why.
    """

    what: str
    against: str
    goal: float
    worst_goal: float | None
    reached: bool
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    worst: float | None = None
    worst_case: str = ""
    repetitions: int = 0
    note: str = ""
    cases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def excess(self) -> float:
        """How many times its goal the ratio is, or the worst case's, if that is more."""
        if self.ratio is None or self.worst is None:
            return float("inf")
        return max(self.ratio / self.goal, self.worst / (self.worst_goal or float("inf")))


def timed(comparisons: Iterable[Comparison]) -> Callable[[Meter], Measured]:
    """Make a row's measurement of comparisons that are measured by the clock, in turn."""
    return lambda meter: Measured([interleave(comparison, meter) for comparison in comparisons])


def run(row: Row, meter: Meter) -> Result:
    """Measure a row and compare it with its goal.

    Args:
        row: what to measure.
        meter: how to measure.

    Returns:
        Its Result. A row that cannot be measured has not reached its goal.

    Example:
        >>> halves = Case("memory", ours=(2.0, 3.0), theirs=(4.0, 4.0), unit="bytes")
        >>> result = run(Row("half", "all", 0.7, lambda meter: Measured([halves])), Meter())
        >>> result.low, result.ratio, result.high, result.reached
        (0.5625, 0.625, 0.6875, True)
    """
    goals = row.what, row.against, row.goal, row.worst_goal
    try:
        measured = row.measure(meter)
    except UnmeasuredError as error:
        return Result(*goals, reached=False, note=f"not measured: {error}")
    cases = measured.cases
    summaries = [_summary(case) for case in cases]
    ratio = geometric_mean([summary["ratio"] for summary in summaries])
    # One geometric mean a repetition: their quartiles are the spread of the ratio.
    rounds = zip(*(case.ratios for case in cases), strict=True)
    low, _, high = spread([geometric_mean(ratios) for ratios in rounds])
    worst = max(summaries, key=lambda summary: summary["ratio"])
    reached = ratio <= row.goal and worst["ratio"] <= (row.worst_goal or float("inf"))
    return Result(
        *goals,
        reached=reached and measured.holds,
        ratio=ratio,
        low=low,
        high=high,
        worst=worst["ratio"],
        worst_case=worst["name"],
        repetitions=len(cases[0].ours),
        note=measured.note,
        cases=summaries,
    )


def _summary(case: Case) -> dict[str, Any]:
    low, ratio, high = spread(case.ratios)
    return {
        "name": case.name,
        "ratio": ratio,
        "low": low,
        "high": high,
        f"ours_{case.unit}": spread(case.ours).median,
        f"theirs_{case.unit}": spread(case.theirs).median,
    }

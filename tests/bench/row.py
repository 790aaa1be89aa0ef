"""A row of the table: what is compared with what, the goal, and the result."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench.measure import Case, Comparison, Meter, geometric_mean, interleave, spread


class UnmeasuredError(Exception):
    """Something cannot be measured here; the message says why."""


class Measured(NamedTuple):
    """The measurement of a row in one run.

    Attributes:
        cases: one or several; the row's ratio is their geometric mean.
        note: what a reader of the ratio has to know, with a format field for each number.
        numbers: those of the note; of several runs, their medians are reported.
        holds: whether the second condition of the goal holds, where it has one besides the ratio.
    """

    cases: list[Case]
    note: str = ""
    numbers: tuple[float, ...] = ()
    holds: bool = True


class Row(NamedTuple):
    """A comparison and its goal.

    Attributes:
        what: is measured.
        against: what it is compared with.
        goal: the largest acceptable ratio.
        measure: measures it.
        worst_goal: the largest acceptable ratio of each single case, or None.
        length: how long it takes: "short" (seconds), "long" (a minute) or "whole" (much longer).
        slack: the guard's limit, times the goal.
    """

    what: str
    against: str
    goal: float
    measure: Callable[[Meter], Measured]
    worst_goal: float | None = None
    length: str = "short"
    slack: float = 2.0


@dataclass(frozen=True)
class Result:
    """The result of a row; every field is plain data, as in JSON.

    ``ratio`` is None where the row could not be measured, and ``note`` then says why. ``low`` and
    ``high`` are quartiles: of the runs if there are several, of the repetitions if there is one.
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
    runs: int = 1
    note: str = ""
    cases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def excess(self) -> float:
        """The ratio as a multiple of its goal, or the worst case's, if that is larger."""
        if self.ratio is None or self.worst is None:
            return float("inf")
        return max(self.ratio / self.goal, self.worst / (self.worst_goal or float("inf")))


def timed(comparisons: Iterable[Comparison]) -> Callable[[Meter], Measured]:
    """Make a row's measurement: the comparisons, one after the other, by the clock."""
    return lambda meter: Measured([interleave(comparison, meter) for comparison in comparisons])


def run(row: Row, meter: Meter) -> Result:
    """Measure a row in this process and compare it with its goal.

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
    return conclude(row, [try_to_measure(row, meter)])


def try_to_measure(row: Row, meter: Meter) -> Measured | UnmeasuredError:
    """Measure a row, or return why it cannot be measured here."""
    try:
        return row.measure(meter)
    except UnmeasuredError as error:
        return error


def conclude(row: Row, runs: Sequence[Measured | UnmeasuredError]) -> Result:
    """Compute a row's result from its measurements.

    Of several runs, each gives its median, and the result is the median and the quartiles of these:
    the spread between runs. Repetitions within one run scatter less than runs do, since memory
    addresses, chosen kernels and whatever else is at work on the machine stay the same.

    Args:
        row: what was measured.
        runs: a measurement for each run.

    Returns:
        The Result. A second condition, where the goal has one, must hold in every run.

    Example:
        >>> runs = [Measured([Case("", (t, t), (1.0, 1.0))]) for t in (0.5, 0.75, 1.75)]
        >>> result = conclude(Row("step", "torch", 1.0, print), runs)
        >>> result.low, result.ratio, result.high, result.runs
        (0.625, 0.75, 1.25, 3)
    """
    goals = row.what, row.against, row.goal, row.worst_goal
    failures = [run for run in runs if isinstance(run, UnmeasuredError)]
    if failures:
        return Result(*goals, reached=False, runs=len(runs), note=f"not measured: {failures[0]}")
    measured = [run for run in runs if isinstance(run, Measured)]
    cases = measured[0].cases
    samples = [_samples(runs) for runs in zip(*(run.cases for run in measured), strict=True)]
    ratios = zip(*(each.ratios for each in samples), strict=True)  # of all cases in a repetition
    low, ratio, high = spread([geometric_mean(each) for each in ratios])
    summaries = [_summary(*each) for each in zip(cases, samples, strict=True)]
    worst = max(summaries, key=lambda summary: summary["ratio"])
    reached = ratio <= row.goal and worst["ratio"] <= (row.worst_goal or float("inf"))
    numbers = [spread(each).median for each in zip(*(run.numbers for run in measured), strict=True)]
    note = measured[0].note
    return Result(
        *goals,
        reached=reached and all(run.holds for run in measured),
        ratio=ratio,
        low=low,
        high=high,
        worst=worst["ratio"],
        worst_case=worst["name"],
        repetitions=len(cases[0].ours),
        runs=len(runs),
        note=note.format(*numbers) if numbers else note,
        cases=summaries,
    )


class _Samples(NamedTuple):
    """What the statistics of a case are computed from."""

    ratios: Sequence[float]
    ours: Sequence[float]
    theirs: Sequence[float]


def _samples(runs: Sequence[Case]) -> _Samples:
    """Return the repetitions of a single run, or the median of each of several runs."""
    each = [_Samples(case.ratios, case.ours, case.theirs) for case in runs]
    if len(each) == 1:
        return each[0]
    columns = zip(*each, strict=True)
    return _Samples(*([spread(values).median for values in column] for column in columns))


def _summary(case: Case, samples: _Samples) -> dict[str, Any]:
    low, ratio, high = spread(samples.ratios)
    return {
        "name": case.name,
        "ratio": ratio,
        "low": low,
        "high": high,
        f"ours_{case.unit}": spread(samples.ours).median,
        f"theirs_{case.unit}": spread(samples.theirs).median,
    }

"""A guard for CI: it fails on a gross slowdown, but not because the machine is busy.

Measured is processor time, on one thread: waiting for a core costs nothing. The limit is twice the
goal (for what an operation adds to a step, a hundredth above it), or as much above the last record
of a row that is known to miss its goal. The two sides take turns, and a row counts as slow only if
every one of several attempts exceeds the limit: noise passes, a slow formulation does not.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from tests.bench import report
from tests.bench.measure import Meter
from tests.bench.row import Result, Row, run

THREADS = 1  # several wait for each other when other processes use their cores
ATTEMPTS = 3
METER = Meter(repetitions=5, sample_seconds=0.005, clock=time.process_time)


def allow_known(rows: Iterable[Row], recorded: Iterable[Result]) -> list[Row]:
    """Replace the goal by the recorded ratio where that is larger.

    Example:
        >>> before = Result("loss", "torch", 1.0, None, False, ratio=1.8)
        >>> [row.goal for row in allow_known([Row("loss", "torch", 1.0, print)], [before])]
        [1.8]
    """
    ratios = {result.what: result.ratio or 0.0 for result in recorded}
    return [row._replace(goal=max(row.goal, ratios.get(row.what, 0.0))) for row in rows]


def slow_rows(
    rows: Sequence[Row], meter: Meter = METER, tell: Callable[[str], None] = print
) -> list[Result]:
    """Measure rows, repeat those above the limit, and return those that stay above it.

    Args:
        rows: what to measure.
        meter: how to measure.
        tell: receives a line for each row.

    Returns:
        The best Result of each row that exceeded the limit in every attempt or could not be
        measured.

    Example:
        >>> slow_rows([], tell=print)
        []
    """
    slow = []
    for row in rows:
        attempts = (run(row, meter) for _ in range(ATTEMPTS))  # lazily: the next only if needed
        best = min(_until_passed(attempts, row.slack), key=lambda result: result.excess)
        passed = best.excess <= row.slack
        verdict = f"{'passed' if passed else 'TOO SLOW':<8} {best.what}: {report.ratio(best)}"
        tell(f"{verdict}, {row.slack:g} times the goal {report.goal(best)} allowed")
        if not passed:
            slow.append(best)
    return slow


def _until_passed(attempts: Iterable[Result], limit: float) -> Iterator[Result]:
    for result in attempts:
        yield result
        if result.excess <= limit:
            return

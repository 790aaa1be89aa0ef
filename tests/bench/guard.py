"""A guard for CI: it speaks up at a gross slowdown, and not at a busy machine.

The limit is twice the goal, or twice what was last recorded for a row that is known to miss its
goal. The two sides take turns, and a row counts as slow only if each of several attempts says so:
noise passes, a slow formulation stays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from tests.bench import report
from tests.bench.measure import Meter
from tests.bench.row import Result, Row, run

LIMIT = 2.0  # times the goal
THREADS = 1  # several would wait for each other where other processes want their cores
ATTEMPTS = 3
METER = Meter(repetitions=5, sample_seconds=0.005)


def allow_known(rows: Iterable[Row], recorded: Iterable[Result]) -> list[Row]:
    """Put a recorded ratio in the place of the goal where it is the greater of the two.

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
    """Measure rows, those beyond the limit again, and return those that stay there.

    Args:
        rows: what to measure.
        meter: how to measure.
        tell: is given a line for each row.

    Returns:
        The best Result of each row that was beyond the limit at every attempt, or that could not
        be measured.

    Example:
        >>> slow_rows([], tell=print)
        []
    """
    slow = []
    for row in rows:
        attempts = (run(row, meter) for _ in range(ATTEMPTS))  # each is run when it is asked for
        best = min(_until_passed(attempts), key=lambda result: result.excess)
        passed = best.excess <= LIMIT
        verdict = f"{'passed' if passed else 'TOO SLOW':<8} {best.what}: {report.ratio(best)}"
        tell(f"{verdict}, {LIMIT:g} times the goal {report.goal(best)} allowed")
        if not passed:
            slow.append(best)
    return slow


def _until_passed(attempts: Iterable[Result]) -> Iterator[Result]:
    for result in attempts:
        yield result
        if result.excess <= LIMIT:
            return

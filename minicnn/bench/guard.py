"""A guard for CI: it speaks up at a gross slowdown, and not at a busy machine.

The limit is twice the goal, the two sides take turns, and a row counts as slow only if each of
several attempts says so: noise passes, a slow formulation stays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from minicnn.bench import report
from minicnn.bench.measure import Meter
from minicnn.bench.row import Result, Row, run

LIMIT = 2.0  # times the goal
THREADS = 1  # several would wait for each other where other processes want their cores
ATTEMPTS = 3
METER = Meter(repetitions=5, sample_seconds=0.005)


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

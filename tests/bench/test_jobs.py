"""Several trainings at a time: all are done, in order; an interruption ends them at once."""

import time
from collections.abc import Iterator

import pytest

from tests.bench import jobs


@pytest.mark.slow
def test_rows_are_done_in_order_in_several_processes() -> None:
    assert list(jobs.run_all(divmod, [7, 8, 9], [2, 3, 4], jobs=2)) == [(3, 1), (2, 2), (2, 1)]


def first(results: Iterator[None]) -> None:
    next(results)
    raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interruption_does_not_wait_for_the_rows_that_are_left() -> None:
    results = jobs.run_all(time.sleep, [0, 600, 600], jobs=2)
    with pytest.raises(KeyboardInterrupt):
        first(results)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 60


def test_one_job_runs_in_this_process() -> None:
    seen: list[int] = []
    assert list(jobs.run_all(seen.append, [1, 2], jobs=1)) == [None, None]
    assert seen == [1, 2]

"""Several trainings at a time, each in a process of its own on its share of the cores."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch


def threads_of_each(jobs: int) -> int:
    """Return how many threads each of several trainings has."""
    return max(1, torch.get_num_threads() // jobs)


def run_all(f: Callable[..., Any], *columns: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Yield f(*row) for each row of zip(*columns), in order; ``jobs`` rows are at work at a time.

    Networks this small gain little from a second thread; two processes gain nearly twice. The
    results are the same up to the order in which sums are rounded.
    """
    if jobs == 1:
        yield from (f(*row) for row in zip(*columns, strict=True))
        return
    threads = threads_of_each(jobs)
    spawn = multiprocessing.get_context("spawn")  # a forked process would inherit torch's threads
    with ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (threads,)) as pool:
        try:
            yield from pool.map(f, *columns)
        except BaseException:  # for example a signal: the pool would wait until all rows are done
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise

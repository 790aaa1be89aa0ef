"""Several trainings at a time, each in a process of its own on its share of the cores."""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch


def run_all(f: Callable[..., Any], *columns: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Yield f(*row) for each row of zip(*columns), in order; ``jobs`` rows are at work at a time.

    Networks this small gain little from a second thread; two processes gain nearly twice. The
    results are the same up to the order in which sums are rounded.
    """
    if jobs == 1:
        yield from (f(*row) for row in zip(*columns, strict=True))
        return
    threads = max(1, torch.get_num_threads() // jobs)
    spawn = multiprocessing.get_context("spawn")  # a forked process would inherit torch's threads
    with ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (threads,)) as pool:
        try:
            yield from pool.map(f, *columns)
        except BaseException:  # for example a signal: the pool would wait until all rows are done
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def at_least(minimum: int) -> Callable[[str], int]:
    """Return an argparse type: a whole number of at least ``minimum``."""

    def parse(text: str) -> int:
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        return int(text)

    parse.__name__ = "int"  # for argparse's message: "invalid int value"
    return parse


def file_to_write(text: str) -> Path:
    """An argparse type: a file, which can be written before hours are spent on what it is to hold.

    Its folder is made if it does not exist.
    """
    path = Path(text)
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        why = error.strerror or error
        raise argparse.ArgumentTypeError(
            f"must be a file that can be written, got {text}: {why}"
        ) from None
    return path


def folder_to_write(text: str) -> Path:
    """An argparse type: a folder in which files can be written."""
    return file_to_write(f"{text}/results").parent

"""Ways to make something happen in the middle of training."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from examples import train_mnist
from minicnn import data, runs
from minicnn.runs import atomic

DIGITS = 240, 100  # training and test digits, for a short training


@contextmanager
def at_step(when: int, action: Callable[[], object]) -> Iterator[None]:
    """Run ``action`` in the middle of step ``when`` of every training in the block."""
    after_step = runs.Session.after_step

    def act(session: runs.Session, progress: Any, now: Any, *others: Any) -> Any:
        if now.step == when:
            action()
        return after_step(session, progress, now, *others)

    with mock.patch.object(runs.Session, "after_step", act):
        yield


@contextmanager
def disk_full(name: str, after: int = 0) -> Iterator[None]:
    """Let writes of files of this name fail because the disk is full, except the first ``after``.

    With delayed writes, the system reports a full disk only at fsync.
    """
    write, written = atomic.write, 0

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write_or_fail(path: str | os.PathLike[str], contents: bytes | str) -> None:
        nonlocal written
        if Path(path).name != name or written < after:
            written += Path(path).name == name
            return write(path, contents)
        with mock.patch.object(os, "fsync", fail):
            return write(path, contents)

    with mock.patch.object(atomic, "write", write_or_fail):
        yield


def few_digits() -> Any:
    """Use only a few digits of each dataset in the block, so that training takes no time."""
    load = data.load

    def load_few(*args: Any, **options: Any) -> Any:
        *splits, note = load(*args, **options)
        few = [
            split._replace(images=split.images[:count], labels=split.labels[:count])
            for split, count in zip(splits, DIGITS, strict=True)
        ]
        return *few, note

    return mock.patch.object(data, "load", load_few)


def without_figures() -> Any:
    """Draw no figures in the block: drawing them takes longest."""
    return mock.patch.object(train_mnist, "draw", return_value=None)

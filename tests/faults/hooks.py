"""Ways to make something happen in the middle of a training."""

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

DIGITS = 240, 100  # to train on and to test on, where there are to be few


@contextmanager
def at_step(when: int, action: Callable[[], object]) -> Iterator[None]:
    """Do something in the middle of a step, in every training of the block."""
    after_step = runs.Session.after_step

    def act(session: runs.Session, progress: Any, now: Any, *others: Any) -> Any:
        if now.step == when:
            action()
        return after_step(session, progress, now, *others)

    with mock.patch.object(runs.Session, "after_step", act):
        yield


@contextmanager
def disk_full(name: str, after: int = 0) -> Iterator[None]:
    """Let every writing of files of that name fail but the first few, for want of space.

    A system that writes late tells of it no sooner than it is asked to write everything now.
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
    """Leave most digits of each dataset out, in all of the block: a training takes no time then."""
    load = data.load

    def load_few(*args: Any) -> Any:
        *splits, note = load(*args)
        few = [
            data.Split(images[:count], labels[:count], name)
            for (images, labels, name), count in zip(splits, DIGITS, strict=True)
        ]
        return *few, note

    return mock.patch.object(data, "load", load_few)


def without_figures() -> Any:
    """Leave the figures out, in all of the block: drawing them takes longest."""
    return mock.patch.object(train_mnist, "draw", return_value=None)

"""A time limit for calls that may never come back."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 3.0  # that a call may take
GRACE = 2.0  # more until it counts as stuck
TICK = 0.05


class TimeUpError(BaseException):
    """The time is up. It is no Exception, so that ``except Exception`` does not swallow it."""


class Watchman:
    """A thread that interrupts the calls of another one when they take too long.

    Python delivers an interruption between two steps of the interpreter. Code that waits outside
    of it, or that catches whatever comes, goes on; then ``stuck`` is called, if it is given, and
    the process ends.

    Example:
        >>> with Watchman(seconds=0.1) as watchman:
        ...     try:
        ...         with watchman.limit():
        ...             while True:
        ...                 pass
        ...     except TimeUpError:
        ...         print("time is up")
        time is up
    """

    def __init__(
        self, stuck: Callable[[], None] | None = None, seconds: float | None = None
    ) -> None:
        self.stuck = stuck
        self.seconds = SECONDS if seconds is None else seconds
        self._until = float("inf")
        self._interrupted = False
        self._lock = threading.Lock()  # nothing is sent once a call has been left
        self._home = threading.Event()

    def __enter__(self) -> "Watchman":
        self._thread = threading.get_ident()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._home.set()

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Raise TimeUpError inside the block, wherever it is then, if it takes too long."""
        self._interrupted = False
        self._until = time.monotonic() + self.seconds
        try:
            yield
        finally:
            with self._lock:
                self._until = float("inf")

    def _watch(self) -> None:
        while not self._home.wait(TICK):
            with self._lock:
                late = time.monotonic() - self._until
                if late > 0 and not self._interrupted:
                    self._interrupted = True
                    _raise_in(self._thread)
            if late > GRACE and self.stuck:
                self.stuck()
                sys.stdout.flush()
                os._exit(1)


def _raise_in(thread: int) -> None:
    error = ctypes.py_object(TimeUpError)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)

"""A time limit for calls that may never return."""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 3.0  # allowed for a call
GRACE = 2.0  # further seconds until its process is killed
TICK = 0.05


class TimeUpError(BaseException):
    """The time is up. A BaseException, so that ``except Exception`` does not catch it."""


class Watchman:
    """A thread that interrupts calls of another thread when they take too long.

    Python raises the exception between two instructions of the interpreter. Code that blocks
    outside the interpreter, or that catches every exception, keeps running; the grader then ends
    its process from outside. Without a grader, which may have been killed, it ends itself.

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

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = SECONDS if seconds is None else seconds
        self._until = float("inf")
        self._interrupted = False
        self._lock = threading.Lock()  # no exception is sent after a call has returned
        self._home = threading.Event()

    def __enter__(self) -> "Watchman":
        self._thread = threading.get_ident()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._home.set()

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Raise TimeUpError inside the block if it takes too long."""
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
            if late > 2 * GRACE:
                os._exit(1)


def _raise_in(thread: int) -> None:
    error = ctypes.py_object(TimeUpError)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)

"""Ctrl-C: once to stop after the step at hand, twice to stop at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible(
    tell: Callable[[str], object], once: bool = False
) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into an answer to a question, while the block runs.

    A training loop that asks between steps can save its state before it stops. The second Ctrl-C
    raises KeyboardInterrupt wherever the program is, as ever. A polite request to terminate
    (SIGTERM) counts as a Ctrl-C.

    Outside the main thread Python hands out no signals: there the answer is always no.

    Args:
        tell: Is given a line for the user at the first Ctrl-C.
        once: Whether there is no second: where one Ctrl-C may arrive several times.

    Yields:
        stopping() -> bool: whether somebody has asked to stop.

    Example:
        >>> with interruptible(print) as stopping:
        ...     stopping()
        ...     signal.raise_signal(signal.SIGINT)
        ...     stopping()
        False
        Stopping after this step; once more to stop at once.
        True
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and not once:
            raise KeyboardInterrupt
        if not asked:
            asked = True
            tell(f"Stopping after this step{'' if once else '; once more to stop at once'}.")

    signals = [signal.SIGINT, signal.SIGTERM]
    if threading.current_thread() is not threading.main_thread():
        signals = []
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

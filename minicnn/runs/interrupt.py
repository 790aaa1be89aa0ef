"""Ctrl-C during training: once to stop after the current step, twice to stop at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from minicnn.runs.console import alarm, handling, received


@contextmanager
def interruptible(
    tell: Callable[[str], object] = alarm, once: bool = False
) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag, while the block runs.

    A training loop that reads the flag between steps can save its state before it stops. The second
    Ctrl-C raises KeyboardInterrupt at once, as usual. Every other signal that asks a program to
    stop counts as a Ctrl-C, for example SIGTERM, or SIGHUP when the terminal is closed.

    Python handles signals only in the main thread: in any other thread the flag is never set.

    Args:
        tell: Is called with a message for the user at the first Ctrl-C.
        once: Whether to ignore the second, for when one Ctrl-C may arrive several times.

    Yields:
        stopping() -> bool: whether the user has asked to stop.

    Example:
        >>> import signal
        >>> with interruptible(print) as stopping:
        ...     print(stopping())
        ...     signal.raise_signal(signal.SIGINT)
        ...     print(stopping())
        False
        Stopping after this step; press again to stop at once.
        True
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        received.append(number)
        if asked and not once:
            raise KeyboardInterrupt
        if not asked:
            asked = True
            tell(f"Stopping after this step{'' if once else '; press again to stop at once'}.")

    with handling(ask):
        yield lambda: asked

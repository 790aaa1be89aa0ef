"""What every command has in common: printing, errors and exit codes."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from tqdm import tqdm


class StoppedError(Exception):
    """The user stopped the command; the message says what is saved and how to resume."""


class CommandError(Exception):
    """Part of the command failed, and the user has already been told."""


def say(text: str = "", quiet: bool = False) -> None:
    """Print a line, above the progress bar if there is one.

    Args:
        text: The line.
        quiet: Whether to print nothing.

    Example:
        >>> say("epoch 1/6")
        epoch 1/6
    """
    if not quiet:
        _write(text, sys.stdout)


def complain(text: str) -> None:
    """Print a line to stderr.

    Args:
        text: The line.

    Example:
        >>> complain("not read: seven.txt")
    """
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> None:
    """Write a line; if it cannot be written, discard the output from here on.

    The reader of a pipe may have exited, as `head` does, or the disk may be full: the command
    continues silently.
    """
    try:
        tqdm.write(text, file=stream)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def alarm(text: str) -> None:
    """Print a line to stderr from a signal handler, where print could deadlock.

    Args:
        text: The line.

    Example:
        >>> alarm("Stopping after this step.")
    """
    with contextlib.suppress(OSError):  # a closed stderr must not stop the training
        os.write(sys.stderr.fileno(), f"\n{text}\n".encode())


def end_at_ctrl_c() -> None:
    """Let Ctrl-C end the process at once, with one line instead of a traceback.

    Call it first in a program: importing torch takes seconds, and the module that is being imported
    may catch a KeyboardInterrupt and lose it. `run_command` takes over later. If Ctrl-C is ignored,
    as in a background job, it stays ignored.

    Example:
        >>> before = signal.getsignal(signal.SIGINT)
        >>> end_at_ctrl_c()
        >>> _ = signal.signal(signal.SIGINT, before)
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> None:
    alarm("interrupted")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)  # so that the shell sees which signal ended the process


def run_command(command: Callable[[], Any]) -> int:
    """Run a command; print an error that the user can fix in one line; return the exit code.

    Args:
        command: A function without arguments.

    Returns:
        0 for success, 1 for an error, 130 if the user stopped the command.

    Example:
        >>> run_command(lambda: say("done"))
        done
        0
    """
    from minicnn.data import DataError
    from minicnn.parallel import ProcessLostError

    _prepare_streams()
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    name = Path(sys.argv[0]).name
    try:
        command()
    except (StoppedError, KeyboardInterrupt) as stopped:
        complain(f"{name}: {str(stopped) or 'interrupted'}")
        return 130
    except CommandError:
        return 1
    except (DataError, ProcessLostError, OSError, ValueError) as error:
        complain(f"{name}: error: {error}")
        return 1
    return 0


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before the start, or a program without a console
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        # A character that the console cannot show becomes "?"; notebook streams cannot be set so.
        getattr(getattr(sys, name), "reconfigure", lambda **_: None)(errors="replace")

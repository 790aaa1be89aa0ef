"""What all commands have in common: how they speak, how they fail, and how they are stopped."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from minicnn import data, parallel


class StoppedError(Exception):
    """The user has stopped the command; the message says what is left and how to go on."""


EXPECTED = (data.DataError, parallel.ProcessLostError, OSError, ValueError)


def say(text: str = "", quiet: bool = False) -> None:
    """Print a line, above the progress bar if there is one."""
    if not quiet:
        _write(text, sys.stdout)


def complain(text: str) -> None:
    """Print a line to stderr."""
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> None:
    """Write a line, if somebody still reads.

    Whoever read our output may have gone away, as `head` does, or its disk may be full: the command
    goes on without telling.
    """
    try:
        tqdm.write(text, file=stream)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def alarm(text: str) -> None:
    """Print a line to stderr out of a signal handler, where print might wait for itself."""
    with contextlib.suppress(OSError):  # nobody reads it, which must not stop what is going on
        os.write(sys.stderr.fileno(), f"\n{text}\n".encode())


def run_command(command: Callable[[], int]) -> int:
    """Run a command; what the user has to know of a failure is one line and an exit code.

    Returns:
        0 for success, 1 for an error, 130 where the user has stopped it.
    """
    _prepare_streams()
    name = Path(sys.argv[0]).name
    try:
        return command()
    except StoppedError as stopped:
        complain(f"{name}: {stopped}")
        return 130
    except KeyboardInterrupt:
        complain(f"{name}: interrupted")
        return 130
    except EXPECTED as error:
        complain(f"{name}: error: {error}")
        return 1


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed from the start, or a program without a console
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        # A console that cannot show a letter gets a "?"; a notebook's stream has no such setting.
        getattr(getattr(sys, name), "reconfigure", lambda **_: None)(errors="replace")

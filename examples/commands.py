"""What all commands have in common: how they speak, how they fail, and how they are stopped."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from minicnn import data, runs


class StoppedError(Exception):
    """The user has stopped the command; the message says what is left and how to go on."""


EXPECTED = (data.DataError, runs.RunError, runs.CheckpointError, OSError, ValueError)


def say(text: str = "", quiet: bool = False) -> None:
    """Print a line, above the progress bar if there is one.

    Whoever read our output may have gone away, as `head` does, or its disk may be full: the command
    goes on without telling.
    """
    if quiet:
        return
    try:
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def alarm(text: str) -> None:
    """Print a line to stderr out of a signal handler, where print might wait for itself."""
    os.write(2, f"\n{text}\n".encode())


def run_command(command: Callable[[], int]) -> int:
    """Run a command; what the user has to know of a failure is one line and an exit code.

    Returns:
        0 for success, 1 for an error, 130 where the user has stopped it.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that cannot show a letter gets a "?"
            stream.reconfigure(errors="replace")
    name = Path(sys.argv[0]).name
    try:
        return command()
    except StoppedError as stopped:
        print(f"{name}: {stopped}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except EXPECTED as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 1

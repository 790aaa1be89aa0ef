"""What every command has in common: printing, errors and exit codes."""

import contextlib
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from tqdm import tqdm

# The signals by which a user, a terminal or a scheduler asks a program to stop; by default, each
# ends it at once. Not every system has all of them.
STOP_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGUSR1", "SIGUSR2", "SIGBREAK")
STOPS = tuple(getattr(signal, name) for name in STOP_NAMES if hasattr(signal, name))

received: list[int] = []  # those that this command has received


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


def plain(text: str) -> str:
    """Escape what is not plain text: a file may be named so that its name controls the terminal.

    Args:
        text: Any text, with newlines and tabs.

    Example:
        >>> print(plain("not read: \x1b[31mseven.txt"))
        not read: \\x1b[31mseven.txt
    """
    return "".join(map(_plain_character, text))


def one_line(text: str) -> str:
    """Escape newlines: the name of a file or of a class may hold them.

    Args:
        text: Any text.

    Example:
        >>> print(one_line("a\\nb.png: seven"))
        a\\nb.png: seven
    """
    return text.replace("\n", "\\n")


def _plain_character(c: str) -> str:
    # C: control and format characters, and surrogates, which stand for bytes that are not UTF-8.
    special = unicodedata.category(c)[0] == "C" or c in "\u2028\u2029"
    return c.encode("unicode_escape").decode() if special and c not in "\n\t" else c


def _write(text: str, stream: TextIO) -> None:
    """Write a line; if it cannot be written, discard the output from here on.

    The reader of a pipe may have exited, as `head` does, or the disk may be full: the command
    continues silently.
    """
    try:
        tqdm.write(plain(text), file=stream)
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
        os.write(sys.stderr.fileno(), f"\n{plain(text)}\n".encode())


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
    alarm(f"{_program()}: interrupted")
    _end_by(number)


def run_command(command: Callable[[], Any]) -> int:
    """Run a command; print an error that the user can fix in one line; return the exit code.

    A signal that asks to stop, such as Ctrl-C or SIGTERM, becomes a KeyboardInterrupt, so that the
    command can clean up; then it ends the process as it would have by default. A shell or a
    scheduler sees that the command did not end by itself.

    Args:
        command: A function without arguments.

    Returns:
        0 for success, 1 for an error, 130 if the user stopped the command.

    Example:
        >>> run_command(lambda: say("done"))
        done
        0
    """
    from torch import OutOfMemoryError

    from minicnn.data import DataError
    from minicnn.parallel import ProcessLostError

    _prepare_streams()
    received.clear()
    try:
        with _interrupted_by_signals():
            command()
    except (StoppedError, KeyboardInterrupt) as stopped:
        complain(f"{_program()}: {str(stopped) or 'interrupted'}")
        if received and os.name == "posix":
            _end_by(received[0])
        return 130
    except CommandError:
        return 1
    except (DataError, ProcessLostError, OSError, ValueError) as error:
        complain(f"{_program()}: error: {error}")
        return 1
    except (MemoryError, OutOfMemoryError) as error:
        return _memory_error(error)
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # torch's error on the CPU has no type of its own
            return _memory_error(error)
        raise
    return 0


def _memory_error(error: Exception) -> int:
    first = str(error).partition("\n")[0]
    complain(f"{_program()}: error: not enough memory; smaller batches may help. {first}".rstrip())
    return 1


def _program() -> str:
    return Path(sys.argv[0]).name


def _end_by(number: int) -> None:
    """End the process by a signal, so that whoever started it sees which."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@contextlib.contextmanager
def handling(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle the signals in STOPS that are not ignored; afterwards restore the old handlers.

    A shell starts a background job so that it ignores Ctrl-C, and nohup so that it ignores SIGHUP.
    Python handles signals only in the main thread: in any other thread this does nothing.

    Args:
        handle: The handler, which gets the number of the signal and the current frame.

    Example:
        >>> with handling(lambda number, frame: print("stopping")):
        ...     signal.raise_signal(signal.SIGTERM)
        stopping
    """
    stops = STOPS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in stops}
    caught = [number for number in stops if before[number] != signal.SIG_IGN]
    try:
        for number in caught:
            signal.signal(number, handle)
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])


def _interrupted_by_signals() -> contextlib.AbstractContextManager[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    return handling(interrupt)


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before the start, or a program without a console
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        # A character that the console cannot show becomes "?"; notebook streams cannot be set so.
        getattr(getattr(sys, name), "reconfigure", lambda **_: None)(errors="replace")

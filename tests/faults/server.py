"""A process that has imported everything and run nothing, so that its forks start at once.

Each line of stdin is a JSON object, a command (see `run`). The server forks and replies with the
process id. At the next line, whatever it is, it waits for that process to end and replies with its
exit code, or minus the signal number if it was killed by a signal.

A fork is like a new Python process after its imports: torch has not computed anything yet, and has
no threads that would be missing in the copy.
"""

import importlib
import json
import os
import resource
import signal
import sys
import traceback
from contextlib import ExitStack
from typing import Any, NoReturn

import torch

from examples import train_mnist
from minicnn import runs

from . import hooks

LONGEST = 120  # seconds, after which a command is considered stuck


def main() -> None:
    """Fork commands until stdin ends."""
    for name in ("minicnn.pages", "minicnn.viz"):  # otherwise imported later, which takes seconds
        importlib.import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run_and_exit(**json.loads(line))
        print(pid, flush=True)
        sys.stdin.readline()
        # Only now, so that until then the id of an ended process cannot be reused.
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    os._exit(0)  # as the commands do, see below


def run_and_exit(**command: Any) -> NoReturn:
    """Run a command and exit without Python's usual clean-up.

    Freeing everything that the server imported would take longer than the command.
    """
    try:
        code = run(**command)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # as Python does at exit
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def run(
    argv: list[str],
    folder: str,
    out: str | None,
    err: str,
    signals: list[str],
    step: int,
    largest_file: int,
    few_digits: bool,
    figures: bool,
) -> int:
    """Run train_mnist.py in this process, as if from a shell.

    Args:
        argv: The command line.
        folder: The current folder.
        out: File for stdout; None closes it.
        err: File for stderr.
        signals: Names of the signals to receive in the middle of a step.
        step: The step.
        largest_file: The largest file that can be written, in bytes; −1 for no limit.
        few_digits: Whether to use only a few digits.
        figures: Whether to draw the figures.
    """
    signal.alarm(LONGEST)
    # A shell that starts a process in the background makes it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    os.chdir(folder)
    redirect(2, err)
    if out is None:
        os.close(1)
        sys.stdout = None  # as in a Python started without stdout
    else:
        redirect(1, out)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv, sys.orig_argv = ["examples/train_mnist.py", *argv], ["python3"]

    def raise_signals() -> None:
        for name in signals:
            signal.raise_signal(signal.Signals[name])

    with ExitStack() as stack:
        stack.enter_context(hooks.at_step(step, raise_signals))
        if few_digits:
            stack.enter_context(hooks.few_digits())
        if not figures:
            stack.enter_context(hooks.without_figures())
        return runs.run_command(lambda: train_mnist.main(argv))


def redirect(descriptor: int, path: str) -> None:
    """Replace an open file descriptor by a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, descriptor)
    os.close(file)


if __name__ == "__main__":
    main()

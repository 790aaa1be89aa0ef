"""A process that has imported everything and run nothing: commands that it forks start at once.

It reads a JSON object a line from stdin, each a command (see `run`), forks, and answers with the
number of the new process. At the next line, whatever it is, it waits for the end of that process
and answers with its exit code, minus the number of the signal if it was killed by one.

What is forked is as new as any process of Python after its imports: torch has not computed
anything yet, and has no threads that would be missing in the copy.
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

LONGEST = 120  # seconds, after which a command is stuck


def main() -> None:
    """Fork commands until stdin ends."""
    for name in (
        "torch._dynamo",
        "minicnn.pages",
        "minicnn.viz",
    ):  # which would be imported later on, for seconds
        importlib.import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run_and_exit(**json.loads(line))
        print(pid, flush=True)
        sys.stdin.readline()
        # Only now, so that until then nobody else can get the number of a process that has ended.
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    os._exit(0)  # as the commands do, see below


def run_and_exit(**command: Any) -> NoReturn:
    """Run a command and exit, but leave the copy of all that the server has imported as it is.

    To take that to pieces, as Python does at its end, costs more than the command.
    """
    try:
        code = run(**command)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # as Python does at its end
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
        argv: Its command line.
        folder: To run in.
        out: File for stdout; None closes it.
        err: File for stderr.
        signals: To get in the middle of a step, by name.
        step: Which.
        largest_file: That can be written, in bytes; −1 for no limit.
        few_digits: Whether to leave most of them out.
        figures: Whether to draw them.
    """
    signal.alarm(LONGEST)
    # A shell that starts something in the background has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    os.chdir(folder)
    redirect(2, err)
    if out is None:
        os.close(1)
        sys.stdout = None  # as Python has it then
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
    """Let a file take the place of an open one."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, descriptor)
    os.close(file)


if __name__ == "__main__":
    main()

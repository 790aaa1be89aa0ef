"""A folder for a fault, and commands in it: in this process or in a separate one."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from unittest import mock

from matplotlib.figure import Figure

from examples import train_mnist
from minicnn import runs, viz
from minicnn.pages.report import FIGURES
from minicnn.runs import console

from . import ends, hooks

PROJECT = Path(__file__).parents[2]
# No setting that matters has its default: a resumed run must not fall back to one.
OPTIONS = (
    *("--dataset", "sample", "--device", "cpu", "--model", "lenet5", "--epochs", "2"),
    *("--data-dir", str(PROJECT / "data")),  # by default it depends on the current folder
    *("--batch-size", "60", "--rotate", "5", "--average", "0.2", "--save-every", "0"),
    *("--seed", "7", "--lr", "0.02", "--shift", "1", "--scale", "0.1", "--shear", "5"),
    *("--elastic", "0.5", "--label-smoothing", "0.05"),
    *("--test-shift", "1", "--test-warp", "6"),
)
STEPS = 8  # number of training steps with these options, half of them in each epoch


class Seen(NamedTuple):
    """What the user of a command has seen when it ends.

    Attributes:
        code: the exit code, or minus the number of the signal that killed the command.
        out: what was printed to stdout.
        err: what was printed to stderr.
    """

    code: int
    out: str
    err: str


class ImpossibleError(Exception):
    """A fault cannot be provoked on this machine; the message says why."""


class Stage(NamedTuple):
    """The folder of a fault, and what it needs.

    Attributes:
        folder: empty at first; all commands run in it.
        whole: folder of a complete, uninterrupted run with OPTIONS.
        half: folder of a run that was stopped in the second of its two epochs.
        server: forks commands that need a separate process.
    """

    folder: Path
    whole: Path
    half: Path
    server: "Server"

    def run(self, main: Callable[[list[str]], object], *argv: str) -> Seen:
        """Run a command in this process, without the figures of train_mnist.py."""
        with hooks.without_figures(), hooks.few_digits():
            return run(self.folder, main, *argv)

    def finish(self, *argv: str) -> Seen:
        """Resume runs/x to its very end, but with empty figures."""
        drawn = dict.fromkeys(FIGURES, Figure())
        with hooks.few_digits(), mock.patch.object(viz, "usual_figures", return_value=drawn):
            return run(self.folder, train_mnist.main, "--resume", "runs/x", *argv)

    def train(self, *argv: str) -> Seen:
        """Train into runs/x with OPTIONS and others."""
        return self.run(train_mnist.main, *OPTIONS, "--out", "runs/x", *argv)

    def resume(self, *argv: str) -> Seen:
        """Resume runs/x."""
        return self.run(train_mnist.main, "--resume", "runs/x", *argv)

    def copy(self, which: Path) -> Path:
        """Copy one of the runs to runs/x."""
        return Path(shutil.copytree(which, self.run_folder))

    @property
    def run_folder(self) -> Path:
        """The path of runs/x."""
        return self.folder / "runs" / "x"

    def check_resumable(self) -> None:
        """Resume runs/x, and check that it ends like an uninterrupted run."""
        seen = self.resume()
        assert seen.code == 0, seen
        different = ends.differences(self.whole, self.run_folder)
        assert not different, different


class Server:
    """The client of `server`: starts commands one after the other, and waits for each."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.server"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True)

    def start(self, folder: Path, *argv: str, **others: Any) -> int:
        """Start train_mnist.py in a folder; return its process id."""
        usual = {"out": "out.txt", "err": "err.txt", "signals": [], "step": 0}
        usual |= {"largest_file": -1, "few_digits": True, "figures": False}
        return self._ask({"argv": argv, "folder": str(folder), **usual, **others})

    def wait(self) -> int:
        """Wait for the command to end; return its exit code."""
        return self._ask({})

    def run(self, folder: Path, *argv: str, **others: Any) -> Seen:
        """Start train_mnist.py, and wait for it to end."""
        self.start(folder, *argv, **others)
        code = self.wait()
        texts = [folder / name for name in ("out.txt", "err.txt")]
        return Seen(code, *(text.read_text() if text.exists() else "" for text in texts))

    def stop(self) -> None:
        """Shut the server down."""
        self.process.communicate()

    def _ask(self, question: dict[str, Any]) -> int:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(question), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@contextmanager
def prepared(folder: Path) -> Iterator[Callable[[Path], Stage]]:
    """Make the runs that all stages share, in a folder; yield a function that makes a stage."""
    server = Server()
    try:
        whole, half = folder / "whole", folder / "half"
        with hooks.without_figures(), hooks.few_digits():
            assert run(folder, train_mnist.main, *OPTIONS, "--out", str(whole)).code == 0
            with hooks.at_step(STEPS - 2, lambda: signal.raise_signal(signal.SIGINT)):
                assert run(folder, train_mnist.main, *OPTIONS, "--out", str(half)).code == -2
        yield lambda empty: Stage(empty, whole, half, server)
    finally:
        server.stop()


def end_by(number: int) -> NoReturn:
    """Play the end of this process by a signal."""
    raise SystemExit(-number)


def run(
    folder: Path, main: Callable[[list[str]], object], *argv: str, encoding: str = "utf-8"
) -> Seen:
    """Run a command in this process, in a folder, with a console of the given encoding."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
    script = f"{main.__module__.replace('.', '/')}.py"
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            mock.patch.multiple(sys, argv=[script], orig_argv=["python3"]),
            mock.patch.object(console, "_end_by", end_by),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = runs.run_command(lambda: main(list(argv)))
    except SystemExit as stopped:  # raised by argparse and end_by
        code = int(stopped.code or 0)
    finally:
        os.chdir(before)
    return Seen(code, *(text.buffer.getvalue().decode(encoding) for text in (out, err)))

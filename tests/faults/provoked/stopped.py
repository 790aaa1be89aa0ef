"""Training is stopped by a signal."""

import os
import signal
import subprocess
import sys
from typing import Any
from unittest import mock

from minicnn import runs

from ..fault import fault
from ..stage import OPTIONS, PROJECT, Seen, Stage


def signalled(stage: Stage, *signals: str) -> Seen:
    """Train in a process that gets signals in the middle of step 6; then resume."""
    options = (*OPTIONS, "--out", "runs/x")
    seen = stage.server.run(stage.folder, *options, signals=signals, step=6)
    stage.check_resumable()
    return seen


@fault("Ctrl-C", -2, "stopped after step 6 of 8", "train_mnist.py --resume runs/x")
def ctrl_c(stage: Stage) -> Seen:
    return signalled(stage, "SIGINT")


@fault(
    "Ctrl-C twice",
    -2,
    "interrupted",
    "checkpoint is from step 5",
    "train_mnist.py --resume runs/x",
)
def ctrl_c_twice(stage: Stage) -> Seen:
    return signalled(stage, "SIGINT", "SIGINT")


@fault("SIGTERM", -15, "stopped after step 6 of 8", "train_mnist.py --resume runs/x")
def sigterm(stage: Stage) -> Seen:
    return signalled(stage, "SIGTERM")


@fault("SIGTERM, and SIGTERM again", -15, "interrupted", "checkpoint is from step 5")
def sigterm_twice(stage: Stage) -> Seen:
    return signalled(stage, "SIGTERM", "SIGTERM")


@fault("the terminal is closed", -1, "stopped after step 6 of 8", "train_mnist.py --resume runs/x")
def sighup(stage: Stage) -> Seen:
    return signalled(stage, "SIGHUP")


@fault("a limit of processor time is reached", -24, "stopped after step 6 of 8", "--resume runs/x")
def sigxcpu(stage: Stage) -> Seen:
    return signalled(stage, "SIGXCPU")


@fault("a scheduler gives notice by SIGUSR1", -10, "stopped after step 6 of 8", "--resume runs/x")
def sigusr1(stage: Stage) -> Seen:
    return signalled(stage, "SIGUSR1")


@fault("SIGKILL", -9)
def sigkill(stage: Stage) -> Seen:
    return signalled(stage, "SIGKILL")


@fault("Ctrl-C while the command starts", -2, "interrupted")
def ctrl_c_early(stage: Stage) -> Seen:
    """Press Ctrl-C during the import of torch, which takes seconds and may catch the exception."""
    (stage.folder / "torch.py").write_text(
        "import signal\n"
        "try:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        "    pass\n"
    )
    command = [sys.executable, str(PROJECT / "examples" / "train_mnist.py")]
    environment = {**os.environ, "PYTHONPATH": str(stage.folder)}
    ended = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        # A shell that starts pytest in the background makes it ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    return Seen(ended.returncode, ended.stdout, ended.stderr)


def signalled_late(stage: Stage, number: int) -> Seen:
    """Receive a signal while a figure is written; nothing half-written may stay."""

    def interrupt(descriptor: int) -> None:
        signal.raise_signal(number)

    stage.copy(stage.half)
    save = runs.save_figures

    def save_interrupted(*args: Any) -> Any:
        with mock.patch.object(os, "fsync", interrupt):
            return save(*args)

    with mock.patch.object(runs, "save_figures", save_interrupted):
        seen = stage.finish()
    assert not list(stage.run_folder.rglob("*.tmp"))
    stage.check_resumable()
    return seen


@fault("Ctrl-C while a figure is written", -2, "train_mnist.py: interrupted")
def ctrl_c_late(stage: Stage) -> Seen:
    return signalled_late(stage, signal.SIGINT)


@fault("SIGTERM while a figure is written", -15, "train_mnist.py: interrupted")
def sigterm_late(stage: Stage) -> Seen:
    return signalled_late(stage, signal.SIGTERM)

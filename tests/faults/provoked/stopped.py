"""Training is stopped by a signal."""

import os
import signal
import subprocess
import sys
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


@fault("Ctrl-C", 130, "stopped after step 6 of 8", "train_mnist.py --resume runs/x")
def ctrl_c(stage: Stage) -> Seen:
    return signalled(stage, "SIGINT")


@fault(
    "Ctrl-C twice",
    130,
    "interrupted",
    "checkpoint is from step 5",
    "train_mnist.py --resume runs/x",
)
def ctrl_c_twice(stage: Stage) -> Seen:
    return signalled(stage, "SIGINT", "SIGINT")


@fault("SIGTERM", 130, "stopped after step 6 of 8", "train_mnist.py --resume runs/x")
def sigterm(stage: Stage) -> Seen:
    return signalled(stage, "SIGTERM")


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


@fault("Ctrl-C while the figures are drawn", 130, "interrupted", "--resume runs/x")
def ctrl_c_late(stage: Stage) -> Seen:
    stage.copy(stage.half)
    with mock.patch.object(runs, "save_figures", side_effect=KeyboardInterrupt):
        seen = stage.finish()
    stage.check_resumable()
    return seen

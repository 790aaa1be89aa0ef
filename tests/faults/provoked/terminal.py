"""The output cannot be written, or not all of it can be shown."""

import os
from unittest import mock

import matplotlib

from examples import train_mnist

from .. import ends, hooks
from ..fault import fault
from ..stage import OPTIONS, ImpossibleError, Seen, Stage, run


def check_whole(stage: Stage) -> None:
    """Check that the run has finished."""
    different = ends.differences(stage.whole, stage.run_folder)
    assert not different, different


@fault("the output is piped to `head -1`", 0)
def head(stage: Stage) -> Seen:
    pipe = stage.folder / "pipe"
    os.mkfifo(pipe)
    stage.server.start(stage.folder, *OPTIONS, "--out", "runs/x", out=str(pipe))
    with pipe.open() as reader:
        first = reader.readline()
    code = stage.server.wait()
    check_whole(stage)
    return Seen(code, first, (stage.folder / "err.txt").read_text())


def full_disk() -> str:
    """Return /dev/full, which fails every write, if this system has it."""
    if not os.path.exists("/dev/full"):
        raise ImpossibleError("this system has no /dev/full")
    return "/dev/full"


@fault("stdout is on a full disk", 0)
def full_stdout(stage: Stage) -> Seen:
    seen = stage.server.run(stage.folder, *OPTIONS, "--out", "runs/x", out=full_disk())
    check_whole(stage)
    return seen


@fault("stdout is closed", 0)
def no_stdout(stage: Stage) -> Seen:
    seen = stage.server.run(stage.folder, *OPTIONS, "--out", "runs/x", out=None)
    check_whole(stage)
    return seen


@fault("stderr is on a full disk, and Ctrl-C", -2)
def full_stderr(stage: Stage) -> Seen:
    options = (*OPTIONS, "--out", "runs/x")
    seen = stage.server.run(stage.folder, *options, signals=["SIGINT"], step=6, err=full_disk())
    stage.check_resumable()
    return seen


@fault("the console can show only ASCII", 0, "1 ? 28 ? 28", "Test, 100 images")
def ascii_console(stage: Stage) -> Seen:
    options = (*OPTIONS, "--out", "runs/x")
    with hooks.without_figures(), hooks.few_digits():
        seen = run(stage.folder, train_mnist.main, *options, encoding="ascii")
    check_whole(stage)
    return seen


@fault("--help on a console that can show only ASCII", 0, "MNIST/raw/?", "--resume")
def ascii_help(stage: Stage) -> Seen:
    return run(stage.folder, train_mnist.main, "--help", encoding="ascii")


@fault("--show without a screen", 0, "NOTE: no window can be opened here")
def no_screen(stage: Stage) -> Seen:
    stage.copy(stage.half)
    with mock.patch.object(matplotlib, "get_backend", return_value="agg"):
        seen = stage.finish("--show")
    check_whole(stage)
    return seen

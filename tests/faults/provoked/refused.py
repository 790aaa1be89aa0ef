"""The options of a command are wrong."""

import json
from pathlib import Path
from unittest import mock

from examples import train_mnist
from minicnn import data

from .. import hooks
from ..fault import fault
from ..stage import OPTIONS, Seen, Stage, run


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@fault("--resume of a missing folder", 1, "runs/x is not a run: the folder does not exist")
def resume_nowhere(stage: Stage) -> Seen:
    return stage.resume()


@fault("--resume of a file", 1, "notes.txt is not a run: it is a file")
def resume_file(stage: Stage) -> Seen:
    (stage.folder / "notes.txt").touch()
    return stage.run(train_mnist.main, "--resume", "notes.txt")


@fault("--resume of a folder that is not a run", 1, "data is not a run: it has no config.json")
def resume_no_run(stage: Stage) -> Seen:
    (stage.folder / "data").mkdir()
    return stage.run(train_mnist.main, "--resume", "data")


@fault("--resume with a different setting", 2, "does not allow --lr")
def resume_other_setting(stage: Stage) -> Seen:
    stage.copy(stage.half)
    return stage.resume("--lr", "0.1")


@fault("--resume with a different seed, 0", 2, "does not allow --seed")
def resume_other_seed(stage: Stage) -> Seen:
    stage.copy(stage.half)
    return stage.resume("--seed", "0")


@fault("--resume with different data", 1, "images of sample train differ", "runs/x")
def resume_other_data(stage: Stage) -> Seen:
    stage.copy(stage.half)
    train, test = data.load_sample()
    others = train._replace(images=train.images ^ 1), test, None
    with hooks.without_figures(), mock.patch.object(data, "load", return_value=others):
        seen = run(stage.folder, train_mnist.main, "--resume", "runs/x")
    stage.check_resumable()
    return seen


def refused_and_kept(stage: Stage, folder: Path, *options: str) -> Seen:
    """Train into an existing folder; its contents must not change."""
    before = contents(folder)
    out = str(folder.relative_to(stage.folder))
    seen = stage.run(train_mnist.main, *OPTIONS, "--out", out, *options)
    assert contents(folder) == before
    return seen


@fault("--out already exists", 1, "runs/x already exists", "--resume it", "--overwrite it")
def out_is_there(stage: Stage) -> Seen:
    return refused_and_kept(stage, stage.copy(stage.half))


@fault("--out already exists, and a run is writing to it", 1, "runs/x already exists")
def out_is_in_use(stage: Stage) -> Seen:
    run = stage.copy(stage.half)
    (run / ".minicnn-0123456789abcdef.tmp").touch()  # the file that it is writing
    return refused_and_kept(stage, run)


@fault("--out is a file", 1, "runs is a file, but a run needs a folder")
def out_is_a_file(stage: Stage) -> Seen:
    (stage.folder / "runs").touch()
    return stage.run(train_mnist.main, *OPTIONS, "--out", "runs")


@fault("--overwrite of a folder that is not a run", 1, "thesis is not a run: it has no config.json")
def overwrite_no_run(stage: Stage) -> Seen:
    thesis = stage.folder / "thesis"
    (thesis / "figures").mkdir(parents=True)
    for name in ("best.pt", "metrics.csv", "figures/1.png", ".minicnn-0123456789abcdef.tmp"):
        (thesis / name).write_text("years of work")
    return refused_and_kept(stage, thesis, "--overwrite")


@fault("--overwrite of another program's folder", 1, "thesis is not a run", "not from minicnn")
def overwrite_other_program(stage: Stage) -> Seen:
    thesis = stage.folder / "thesis"
    thesis.mkdir()
    (thesis / "best.pt").write_text("years of work")
    (thesis / "config.json").write_text(json.dumps({"settings": {"lr": 1}}))
    return refused_and_kept(stage, thesis, "--overwrite")


@fault(
    "--device is not available",
    2,
    "argument --device: must be available on this machine, got cuda:99",
)
def no_device(stage: Stage) -> Seen:
    return stage.train("--device", "cuda:99")


@fault("--seed is too large", 2, "argument --seed: must be below 18,446,744,073,709,551,616")
def large_seed(stage: Stage) -> Seen:
    return stage.train("--seed", str(2**64))

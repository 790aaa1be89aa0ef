"""A command cannot be meant as it was given."""

import json
from pathlib import Path
from unittest import mock

from examples import train_mnist
from minicnn import data

from .. import hooks
from ..fault import fault
from ..stage import OPTIONS, Seen, Stage, run


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@fault("--resume of a folder that is not there", 1, "runs/x is no run: there is no such folder")
def resume_nowhere(stage: Stage) -> Seen:
    return stage.resume()


@fault("--resume of a file", 1, "notes.txt is no run: it is a file")
def resume_file(stage: Stage) -> Seen:
    (stage.folder / "notes.txt").touch()
    return stage.run(train_mnist.main, "--resume", "notes.txt")


@fault("--resume of a folder that is no run", 1, "data is no run: it has no config.json")
def resume_no_run(stage: Stage) -> Seen:
    (stage.folder / "data").mkdir()
    return stage.run(train_mnist.main, "--resume", "data")


@fault("--resume with another setting", 2, "does not take --lr")
def resume_other_setting(stage: Stage) -> Seen:
    stage.copy(stage.half)
    return stage.resume("--lr", "0.1")


@fault("--resume with another seed, which is 0", 2, "does not take --seed")
def resume_other_seed(stage: Stage) -> Seen:
    stage.copy(stage.half)
    return stage.resume("--seed", "0")


@fault("--resume where the data are others", 1, "images of sample train are not those", "runs/x")
def resume_other_data(stage: Stage) -> Seen:
    stage.copy(stage.half)
    train, test = data.load_sample()
    others = train._replace(images=train.images ^ 1), test, None
    with hooks.without_figures(), mock.patch.object(data, "load", return_value=others):
        seen = run(stage.folder, train_mnist.main, "--resume", "runs/x")
    stage.check_resumable()
    return seen


def refused_and_kept(stage: Stage, folder: Path, *options: str) -> Seen:
    """Train into a folder that is there; all that it holds has to stay as it is."""
    before = contents(folder)
    out = str(folder.relative_to(stage.folder))
    seen = stage.run(train_mnist.main, *OPTIONS, "--out", out, *options)
    assert contents(folder) == before
    return seen


@fault("--out is there already", 1, "runs/x is there already", "--resume it", "--overwrite it")
def out_is_there(stage: Stage) -> Seen:
    return refused_and_kept(stage, stage.copy(stage.half))


@fault("--out is there, and a run is going on in it", 1, "runs/x is there already")
def out_is_in_use(stage: Stage) -> Seen:
    run = stage.copy(stage.half)
    (run / ".minicnn-0123456789abcdef.tmp").touch()  # what it is writing just now
    return refused_and_kept(stage, run)


@fault("--out is a file", 1, "runs is a file, and a run needs a folder")
def out_is_a_file(stage: Stage) -> Seen:
    (stage.folder / "runs").touch()
    return stage.run(train_mnist.main, *OPTIONS, "--out", "runs")


@fault("--overwrite of a folder that is no run", 1, "thesis is no run: it has no config.json")
def overwrite_no_run(stage: Stage) -> Seen:
    thesis = stage.folder / "thesis"
    (thesis / "figures").mkdir(parents=True)
    for name in ("best.pt", "metrics.csv", "figures/1.png", ".minicnn-0123456789abcdef.tmp"):
        (thesis / name).write_text("years of work")
    return refused_and_kept(stage, thesis, "--overwrite")


@fault("--overwrite of another program's folder", 1, "thesis is no run", "another program's")
def overwrite_other_program(stage: Stage) -> Seen:
    thesis = stage.folder / "thesis"
    thesis.mkdir()
    (thesis / "best.pt").write_text("years of work")
    (thesis / "config.json").write_text(json.dumps({"settings": {"lr": 1}}))
    return refused_and_kept(stage, thesis, "--overwrite")


@fault(
    "--device is not there", 2, "argument --device: must be available on this machine, got cuda:99"
)
def no_device(stage: Stage) -> Seen:
    return stage.train("--device", "cuda:99")


@fault("--seed is too large", 2, "argument --seed: must be below 18,446,744,073,709,551,616")
def large_seed(stage: Stage) -> Seen:
    return stage.train("--seed", str(2**64))

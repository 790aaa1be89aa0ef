"""The options of a command are wrong."""

import json
import os
import signal
import time
from pathlib import Path
from unittest import mock

import torch

from examples import test_mnist, train_mnist
from minicnn import data, train

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


@fault("--resume with different data", 1, "images or labels of sample train", "runs/x")
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


@fault("--seed is that of another seed, 2³² later", 2, "--seed: must be below 4,294,967,296, got")
def large_seed(stage: Stage) -> Seen:
    return stage.train("--seed", str(2**32))


OUT_OF_RANGE = {
    "--scale 1": "argument --scale: must be below 1, got 1.0",
    "--shear 90": "argument --shear: must be below 90, got 90.0",
    "--rotate 1e308": "argument --rotate: must be at most 180, got 1e+308",
    "--label-smoothing 1.0001": "argument --label-smoothing: must be at most 1, got 1.0001",
    "--shift 99999999999999999999": "argument --shift: must be at most 27, got 99999999999999999",
    "--test-shift 28": "argument --test-shift: must be at most 27, got 28",
    "--elastic 1e6": "argument --elastic: must be at most 27, got 1000000.0",
    "--average 50": "argument --average: must be at most 1, got 50.0",
    "--lr inf": "argument --lr: must be a finite number, got inf",
    "--save-every nan": "argument --save-every: must be a finite number, got nan",
    "--batch-size 1.5": "argument --batch-size: invalid int value: '1.5'",
    "--epochs 0": "argument --epochs: must be at least 1, got 0",
    "--device gpu": "argument --device: must be available on this machine, got gpu",
    "--model lenet": "argument --model: invalid choice: 'lenet'",
    "--overwrite": "--overwrite needs --out",
}


def refuse(option: str, told: str) -> None:
    @fault(option, 2, told)
    def refused(stage: Stage) -> Seen:
        out = ["--out", "runs/x"] if option != "--overwrite" else []
        seen = stage.run(train_mnist.main, *OPTIONS, *out, *option.split())
        assert not (stage.folder / "runs").exists()
        return seen


for _option, _told in OUT_OF_RANGE.items():
    refuse(_option, _told)


@fault("a batch that does not fit in the memory", 1, "error: not enough memory; smaller batches")
def no_memory(stage: Stage) -> Seen:
    def allocate(*args: object) -> object:
        return torch.empty(2**55)

    with mock.patch.object(train, "make_train_step", return_value=allocate):
        seen = stage.train()
    assert not stage.run_folder.exists()
    return seen


@fault("a run is resumed while it is being trained", 1, "runs/x is in use: another process")
def resumed_twice(stage: Stage) -> Seen:
    options = [*OPTIONS, "--out", "runs/x", "--epochs", "999"]
    process = stage.server.start(stage.folder, *options)
    while not (stage.run_folder / "last.pt").exists():
        time.sleep(0.01)
    seen = stage.resume()
    os.kill(process, signal.SIGTERM)
    assert stage.server.wait() == -signal.SIGTERM
    return seen


def edited(stage: Stage, before: str, after: str) -> Seen:
    """Resume a run whose config.json was edited; then undo that."""
    config = stage.copy(stage.half) / "config.json"
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after))
    kept = contents(stage.folder)
    seen = stage.resume()
    assert contents(stage.folder) == kept
    config.write_text(text)
    stage.check_resumable()
    return seen


EDITS = {
    "seed": ('"seed": 7', '"seed": 0'),
    "lr": ('"lr": 0.02', '"lr": 0.01'),
    "epochs": ('"epochs": 2', '"epochs": 3'),
    "batch_size": ('"batch_size": 60', '"batch_size": 30'),
    "shift": ('"shift": 1', '"shift": 2'),
    "average": ('"average": 0.2', '"average": 0.3'),
}


def edit(name: str, before: str, after: str) -> None:
    @fault(f"{name} was edited in config.json", 1, f"another config.json: settings.{name} was")
    def provoke(stage: Stage) -> Seen:
        return edited(stage, before, after)


for _name, _change in EDITS.items():
    edit(_name, *_change)


@fault("last.pt of a trained run is missing", 1, "it has best.pt, but no last.pt")
def no_last(stage: Stage) -> Seen:
    (stage.copy(stage.whole) / "last.pt").unlink()
    kept = contents(stage.folder)
    seen = stage.resume()
    assert contents(stage.folder) == kept
    return seen


@fault("a run is tested on other digits", 1, "images or labels of sample train and sample test")
def tested_on_others(stage: Stage) -> Seen:
    stage.copy(stage.whole)
    train_split, test = data.load_sample()
    others = train_split, test._replace(labels=(test.labels + 1) % 10), None
    with mock.patch.object(data, "load", return_value=others):
        return run(stage.folder, test_mnist.main, "runs/x")


@fault("last.pt is a pipe", 1, "runs/x/last.pt is not a file")
def last_is_a_pipe(stage: Stage) -> Seen:
    last = stage.copy(stage.whole) / "last.pt"
    last.unlink()
    os.mkfifo(last)
    return stage.resume()


@fault("the name of a folder controls the terminal", 1, r"runs/\x1b[31mx is not a run")
def name_with_escapes(stage: Stage) -> Seen:
    return stage.run(train_mnist.main, "--resume", "runs/\x1b[31mx")

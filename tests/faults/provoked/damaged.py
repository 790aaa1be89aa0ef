"""A file of the run is damaged or missing."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from examples import test_mnist, visualize_mnist

from ..fault import fault
from ..stage import Seen, Stage

DAMAGED = "runs/x/last.pt is damaged"


def resumed_with(stage: Stage, damage: Callable[[Path], object]) -> Seen:
    """Resume a run whose last.pt is damaged; its best.pt must still be usable."""
    run = stage.copy(stage.half)
    damage(run / "last.pt")
    seen = stage.resume()
    assert stage.run(test_mnist.main, "runs/x", "--weights", "best").code == 0
    return seen


@fault("last.pt is truncated", 1, DAMAGED)
def last_cut_off(stage: Stage) -> Seen:
    return resumed_with(stage, lambda last: last.write_bytes(last.read_bytes()[:100_000]))


@fault("a bit of last.pt is flipped", 1, DAMAGED, "do not match the digest")
def last_flipped(stage: Stage) -> Seen:
    def flip(last: Path) -> None:
        contents = bytearray(last.read_bytes())
        weight = torch.load(last)["weights/params/0/weight"].numpy().tobytes()
        contents[contents.index(weight) + 10] ^= 4
        last.write_bytes(contents)

    return resumed_with(stage, flip)


@fault("last.pt is empty", 1, DAMAGED)
def last_empty(stage: Stage) -> Seen:
    return resumed_with(stage, lambda last: last.write_bytes(b""))


class Malicious:
    """Creates a file when it is unpickled; it could do anything."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@fault("last.pt runs code when it is unpickled", 1, DAMAGED)
def last_malicious(stage: Stage) -> Seen:
    marker = stage.folder / "was-run"
    seen = resumed_with(stage, lambda last: last.write_bytes(pickle.dumps(Malicious(marker))))
    assert not marker.exists()
    return seen


@fault("last.pt is from a different run", 1, "with another config.json: settings.model was")
def last_of_another_model(stage: Stage) -> Seen:
    assert stage.train("--model", "mnist_cnn", "--epochs", "1").code == 0
    other = stage.run_folder.rename(stage.folder / "other")
    return resumed_with(stage, lambda last: last.write_bytes((other / "last.pt").read_bytes()))


@fault("last.pt is from a later version", 1, "last.pt has format 99", "reads format 1")
def last_of_another_version(stage: Stage) -> Seen:
    def change(last: Path) -> None:
        contents = torch.load(last)
        contents["/minicnn"]["version"] = 99
        torch.save(contents, last)

    return resumed_with(stage, change)


def resumed_with_config(stage: Stage, damage: Callable[[dict[str, Any]], object]) -> Seen:
    """Resume a run whose config was edited; with the right config it can be resumed."""
    config = stage.copy(stage.half) / "config.json"
    right = config.read_text()
    about = json.loads(right)
    damage(about)
    config.write_text(json.dumps(about))
    seen = stage.resume()
    config.write_text(right)
    stage.check_resumable()
    return seen


CONFIG = "runs/x/config.json is damaged"


@fault("config.json is not JSON", 1, CONFIG)
def config_is_no_json(stage: Stage) -> Seen:
    (stage.copy(stage.half) / "config.json").write_text('{"settings": {')
    return stage.resume()


@fault("config.json is nested too deeply", 1, CONFIG)
def config_is_deep(stage: Stage) -> Seen:
    (stage.copy(stage.half) / "config.json").write_text("[" * 100_000)
    return stage.resume()


@fault("config.json has no settings", 1, CONFIG, "missing or invalid settings")
def config_without_settings(stage: Stage) -> Seen:
    return resumed_with_config(stage, lambda about: about.pop("settings"))


@fault("config.json lacks a setting", 1, CONFIG, "missing settings: lr")
def config_without_lr(stage: Stage) -> Seen:
    return resumed_with_config(stage, lambda about: about["settings"].pop("lr"))


@fault(
    "config.json has a setting that is out of range", 1, CONFIG, "epochs must be at least 1, got 0"
)
def config_out_of_range(stage: Stage) -> Seen:
    return resumed_with_config(stage, lambda about: about["settings"].update(epochs=0))


@fault("config.json does not describe the data", 1, CONFIG, "missing or invalid dataset")
def config_without_data(stage: Stage) -> Seen:
    return resumed_with_config(stage, lambda about: about.update(dataset=None))


@fault("config.json has no versions", 1, CONFIG, "missing or invalid versions")
def config_without_versions(stage: Stage) -> Seen:
    return resumed_with_config(stage, lambda about: about.pop("versions"))


@fault("metrics.csv is damaged", 1, "runs/x/metrics.csv is damaged", "'0.2x'")
def metrics_damaged(stage: Stage) -> Seen:
    metrics = stage.copy(stage.half) / "metrics.csv"
    names, values = metrics.read_text().splitlines()
    metrics.write_text(f"{names}\n0.2x,{values.partition(',')[2]}\n")
    seen = stage.run(visualize_mnist.main, "runs/x")
    stage.check_resumable()  # last.pt has the metrics too
    return seen


@fault("metrics.csv lacks its last column", 1, "runs/x/metrics.csv is damaged", "9 columns")
def metrics_without_column(stage: Stage) -> Seen:
    metrics = stage.copy(stage.half) / "metrics.csv"
    metrics.write_text(metrics.read_text().rpartition(",")[0] + "\n")
    return stage.run(visualize_mnist.main, "runs/x")


@fault("there is no best.pt yet", 1, "runs/x has no best.pt yet")
def no_best_yet(stage: Stage) -> Seen:
    (stage.copy(stage.half) / "best.pt").unlink()  # as before the end of the first epoch
    return stage.run(test_mnist.main, "runs/x", "--weights", "best")


@fault("a file of MNIST is damaged", 1, "train-labels-idx1-ubyte", "damaged")
def mnist_damaged(stage: Stage) -> Seen:
    raw = stage.folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\xea\x60" + bytes(10))
    return stage.train("--dataset", "auto", "--data-dir", "data")

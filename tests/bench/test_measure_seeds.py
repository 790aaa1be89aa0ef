"""Seeds are averaged only with seeds of the same setting; the record says of which."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.train_mnist import PRESETS
from minicnn import data
from tests.bench import measure_seeds

OPTIONS = ["--device", "cpu"]


def result(seed: int, accuracy: float = 0.5) -> dict[str, Any]:
    numbers = {"test_loss": 0.25, "test_accuracy": accuracy, "validation_accuracy": 0.75}
    return {"seed": seed, **numbers, "seconds": 1.5}


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str]]]:
    """The seeds that were trained, with their options; no data is needed and nothing is trained."""
    calls: list[tuple[int, list[str]]] = []

    def measure(seed: int, options: list[str]) -> dict[str, Any]:
        calls.append((seed, options))
        return result(seed, 0.5 + seed / 100)

    monkeypatch.setattr(measure_seeds, "measure", measure)
    sample = data.load_sample()
    monkeypatch.setattr(measure_seeds.data, "load", lambda name, root: (*sample, None))
    return calls


def run(path: Path, *arguments: str, options: list[str] = OPTIONS) -> dict[str, Any]:
    measure_seeds.main(["--save", str(path), *arguments, "--", *options])
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_record_says_what_was_measured(
    tmp_path: Path, measured: list, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "seeds.json"
    options = ["--preset", "quick", "--lr", "0.02", *OPTIONS]
    record = run(path, "--seeds", "3", options=options)
    assert measured == [(seed, options) for seed in range(3)]
    expected = f"--save {path} --seeds 3 -- --preset quick --lr 0.02 --device cpu"
    assert record["command"] == f"python3 -m tests.bench.measure_seeds {expected}"
    settings = record["settings"]
    assert (settings["epochs"], settings["lr"], settings["model"]) == (1, 0.02, "mnist_cnn")
    assert (settings["dataset"], settings["device"]) == ("mnist", "cpu")
    assert not settings.keys() & {"seed", "preset", "data_dir", "out"}
    assert record["images"] == measure_seeds.runs.digest(data.load_sample())
    assert record["torch"] == measure_seeds.torch.__version__
    assert (record["threads"], record["jobs"]) == (measure_seeds.torch.get_num_threads(), 1)
    assert record["mean_test_accuracy"] == pytest.approx(0.51)
    assert record["deviation_of_test_accuracy"] == pytest.approx(0.01)
    assert record["mean_seconds"] == 1.5
    assert [r["seed"] for r in record["results"]] == [0, 1, 2]
    line = "Test accuracy over 3 seeds: mean 51.00%, deviation 1.00%"
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_a_resumed_measurement_is_that_of_one_run(tmp_path: Path, measured: list) -> None:
    once = run(tmp_path / "once.json", "--seeds", "4")
    path = tmp_path / "twice.json"
    run(path, "--seeds", "2")
    measured.clear()
    twice = run(path, "--resume", "--seeds", "4")
    assert [seed for seed, _ in measured] == [2, 3]
    assert twice.pop("command") == once.pop("command").replace("once", "twice")
    assert twice == once


def test_a_missing_seed_is_put_in_its_place(tmp_path: Path, measured: list) -> None:
    path = tmp_path / "seeds.json"
    record = run(path, "--seeds", "3")
    del record["results"][1]
    path.write_text(json.dumps(record))
    measured.clear()
    assert [r["seed"] for r in run(path, "--resume", "--seeds", "3")["results"]] == [0, 1, 2]
    assert [seed for seed, _ in measured] == [1]


def test_a_preset_is_what_it_stands_for(tmp_path: Path, measured: list) -> None:
    path = tmp_path / "seeds.json"
    run(path, "--seeds", "2", options=[*OPTIONS, "--preset", "quick"])
    pairs = [(f"--{name.replace('_', '-')}", f"{x}") for name, x in PRESETS["quick"].items()]
    run(path, "--seeds", "2", "--resume", options=[*OPTIONS, *itertools.chain(*pairs)])
    assert len(measured) == 2


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda record: record.pop(name)


def changed(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda record: record.update({name: value})


def in_result(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda record: record["results"][1].update({name: value})


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another setting": (
        lambda record: record["settings"].update(lr=0.5, epochs=9),
        "is of another measurement: epochs 9 there, 6 here; lr 0.5 there, 0.01 here",
    ),
    "an unknown setting": (
        lambda record: record["settings"].update(colour="red"),
        "is of another measurement: colour red there, nothing here",
    ),
    "a setting that it lacks": (
        lambda record: record["settings"].pop("lr"),
        "is of another measurement: lr nothing there, 0.01 here",
    ),
    "another torch": (changed("torch", "0.4"), "another measurement: torch 0.4 there, "),
    "other threads": (changed("threads", 64), "another measurement: threads 64 there, "),
    "other jobs": (changed("jobs", 7), "is of another measurement: jobs 7 there, 1 here"),
    "other images": (changed("images", "f00d"), "is of another measurement: images f00d there, "),
    "no settings": (without("settings"), "is damaged: missing or invalid settings"),
    "no torch": (without("torch"), "is damaged: missing or invalid torch"),
    "no results": (without("results"), "is damaged: missing or invalid results"),
    "settings of the wrong type": (changed("settings", [1]), "missing or invalid settings"),
    "results of the wrong type": (changed("results", {"seed": 0}), "missing or invalid results"),
    "a result of the wrong type": (changed("results", [3]), "missing or invalid results"),
    "a seed of the wrong type": (in_result("seed", "1"), "missing or invalid results"),
    "a seed that is true": (in_result("seed", True), "missing or invalid results"),
    "a negative seed": (in_result("seed", -1), "missing or invalid results"),
    "a loss of the wrong type": (in_result("test_loss", "0.1"), "missing or invalid results"),
    "an accuracy of nothing": (in_result("test_accuracy", None), "missing or invalid results"),
    "seconds that are NaN": (in_result("seconds", float("nan")), "missing or invalid results"),
    "a seed twice": (in_result("seed", 0), "is damaged: it holds a seed twice, got [0, 0, 2]"),
    "seeds beyond": (in_result("seed", 5), "holds seeds beyond the 3 asked for: [5]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_belong_together_is_not_averaged(
    case: str, tmp_path: Path, measured: list
) -> None:
    change, message = REFUSED[case]
    path = tmp_path / "seeds.json"
    record = run(path, "--seeds", "3")
    change(record)
    path.write_text(json.dumps(record))
    before = path.read_bytes()
    measured.clear()
    with pytest.raises(ValueError, match=r"seeds\.json ") as refused:
        run(path, "--seeds", "3", "--resume")
    assert str(refused.value).startswith(f"{path} ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert measured == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"3", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_one_line(text: bytes, tmp_path: Path, measured: list) -> None:
    path = tmp_path / "seeds.json"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"seeds\.json is damaged: ") as refused:
        run(path, "--resume")
    assert "\n" not in str(refused.value)
    assert measured == []
    assert path.read_bytes() == text


@pytest.mark.parametrize(
    ("option", "name"),
    [
        (["--seed", "1"], "--seed"),
        (["--out=run"], "--out"),
        (["--resu", "run"], "--resume"),
        (["--dataset", "sample"], "--dataset"),
        (["--overwrite"], "--overwrite"),
        (["--help"], "--help"),
    ],
)
def test_options_that_it_sets_itself_are_refused(
    option: list[str],
    name: str,
    tmp_path: Path,
    measured: list,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path / "seeds.json", options=[*OPTIONS, *option])
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith(f"error: {name}: set by measure_seeds itself")
    assert measured == []
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_the_options_is_found_before_training(
    tmp_path: Path, measured: list, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path / "seeds.json", options=["--scale", "1"])
    assert "argument --scale: must be below 1, got 1.0" in capsys.readouterr().err
    assert measured == []


def test_resuming_needs_a_file_and_an_abbreviation_would_be_recorded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        measure_seeds.main(["--resume"])
    assert "--resume needs the file that --save names" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        measure_seeds.main(["--save", str(tmp_path / "seeds.json"), "--res"])
    assert "unrecognized arguments: --res" in capsys.readouterr().err

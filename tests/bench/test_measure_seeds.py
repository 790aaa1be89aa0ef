"""Several seeds of the example: what belongs together is averaged, and nothing else."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from examples import train_mnist
from minicnn import runs
from tests.bench import measure_seeds


@pytest.fixture(autouse=True)
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The command lines of the example, which does not train here; the accuracy is its seed."""
    lines: list[list[str]] = []

    def train(argv: list[str]) -> dict[str, float]:
        lines.append(argv)
        seed = int(argv[argv.index("--seed") + 1])
        return {"test_loss": 0.1, "test_accuracy": 0.9 + seed / 100, "validation_accuracy": 0.9}

    monkeypatch.setattr(train_mnist, "main", train)
    monkeypatch.setattr(sys, "argv", ["measure_seeds.py"])
    monkeypatch.chdir(tmp_path)
    return lines


def measure(*words: str) -> int:
    return runs.run_command(lambda: measure_seeds.main(words))


def record() -> dict[str, Any]:
    return json.loads(Path("out/r.json").read_text())


SAVE = ("--save", "out/r.json")


def test_the_record_has_the_settings_and_every_seed(trained: list[list[str]]) -> None:
    assert measure("--seeds", "3", *SAVE, "--", "--preset", "quick", "--lr", "0.02") == 0
    assert [result["seed"] for result in record()["results"]] == [0, 1, 2]
    assert record()["mean_test_accuracy"] == pytest.approx(0.91)
    assert record()["settings"]["epochs"] == 1
    assert record()["settings"]["lr"] == 0.02
    assert "seed" not in record()["settings"]
    begin = ["--dataset", "mnist", "--preset", "quick", "--lr", "0.02"]
    assert all(line[:6] == begin for line in trained)


def test_a_resumed_measurement_runs_only_the_seeds_that_are_missing(
    trained: list[list[str]],
) -> None:
    assert measure("--seeds", "2", *SAVE) == 0
    assert measure("--seeds", "4", *SAVE, "--resume") == 0
    assert [line[line.index("--seed") + 1] for line in trained] == ["0", "1", "2", "3"]
    assert record()["mean_test_accuracy"] == pytest.approx(0.915)
    assert measure("--seeds", "4", "--save", "out/new.json", "--resume") == 0  # nothing to keep


REFUSED = [
    (["--", "--lr", "0.02"], "settings.lr is 0.01 there, 0.02 here"),
    (["--", "--preset", "quick"], "settings.preset is 'default' there, 'quick' here"),
    (["--seeds", "2"], "must have some of the seeds 0 to 1, got [0, 1, 2]"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_results_that_do_not_belong_together_are_not_averaged(
    words: list[str], told: str, trained: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--seeds", "3", *SAVE) == 0
    before, runs_before = Path("out/r.json").read_bytes(), len(trained)
    capsys.readouterr()
    assert measure(*SAVE, "--resume", *words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("measure_seeds.py: error: out/r.json ")
    assert told in line
    assert Path("out/r.json").read_bytes() == before
    assert len(trained) == runs_before


def test_results_of_another_torch_are_not_averaged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--seeds", "2", *SAVE) == 0
    monkeypatch.setattr(measure_seeds.torch, "__version__", "9.9")
    assert measure("--seeds", "3", *SAVE, "--resume") == 1
    assert "has other results: torch is " in capsys.readouterr().err


DAMAGE = {
    "not JSON": "{",
    "a list": "[]",
    "a number": "3",
    "no results": '{"settings": {}, "torch": ""}',
    "results are no list": '{"settings": {}, "torch": "", "results": 3}',
    "a result is no dict": '{"settings": {}, "torch": "", "results": [1]}',
    "no seed": '{"settings": {}, "torch": "", "results": [{"test_accuracy": 1, "seconds": 1}]}',
    "a seed in words": '{"settings": {}, "torch": "", "results": [{"seed": "0"}]}',
    "no accuracy": '{"settings": {}, "torch": "", "results": [{"seed": 0, "seconds": 1}]}',
    "no settings": '{"torch": "", "results": []}',
    "settings are a number": '{"settings": 1, "torch": "", "results": []}',
    "nested too deeply": "[" * 100_000,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_one_line(
    name: str, trained: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").mkdir()
    Path("out/r.json").write_text(DAMAGE[name])
    assert measure(*SAVE, "--resume") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("measure_seeds.py: error: out/r.json is damaged: ")
    assert trained == []


@pytest.mark.parametrize("option", ["--seed 9", "--see 9", "--out x", "--overwrite --out x"])
def test_an_option_that_is_set_here_is_refused(
    option: str, trained: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--", *option.split()) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("measure_seeds.py: error: measure_seeds itself sets --")
    assert trained == []


@pytest.mark.parametrize("place", ["folder", "file/r.json", "/proc/r.json"])
def test_a_place_that_cannot_be_written_is_found_first(
    place: str, trained: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(SystemExit):
        measure("--save", place)
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"argument --save: must be a file that can be written, got {place}: " in line
    assert trained == []

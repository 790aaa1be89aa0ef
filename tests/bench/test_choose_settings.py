"""Settings are compared on validation digits: pooled, recorded, and without the test digits."""

import ast
import dataclasses
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from examples import train_mnist
from minicnn import data
from tests.bench import choose_settings

ROOT = Path(__file__).parents[2]

SAMPLE = "--dataset sample --model lenet5 --epochs 1 --device cpu"


@pytest.fixture
def no_test_digits(monkeypatch):
    """There are none: whoever looks at them fails."""
    load = data.load
    monkeypatch.setattr(data, "load", lambda *args, **how: (load(*args, **how)[0], None, None))


@pytest.mark.slow
@pytest.mark.usefixtures("no_test_digits")
def test_two_settings_are_compared_on_the_same_folds(tmp_path, capsys):
    path = tmp_path / "results" / "choice.json"
    settings = [SAMPLE, f"{SAMPLE} --lr 0"]
    choose_settings.main(["--splits", "2", "--save", str(path), *settings])
    results = json.loads(path.read_text())["results"]
    assert [result["setting"] for result in results] == settings
    for result in results:
        assert [run["seed"] for run in result["runs"]] == [0, 1]
        assert [run["digits"] for run in result["runs"]] == [667, 667]  # of 4,000
        assert result["errors"] == sum(run["errors"] for run in result["runs"])
        assert result["error_rate"] == result["errors"] / 1334
    learnt, not_learnt = (result["error_rate"] for result in results)
    assert learnt < 0.5 < not_learnt
    report = capsys.readouterr().out.splitlines()[-2:]
    assert [line.partition(": ")[2] for line in report] == settings  # the better one first


@given(folds=st.integers(2, 9))
def test_every_digit_is_in_one_fold_and_not_in_the_training_beside_it(folds):
    count = 40
    whole = data.Split(torch.zeros(count, 1, 1, 1), torch.arange(count), "numbered")
    parts = [choose_settings.divide(whole, folds, fold) for fold in range(folds)]
    for training, held_out in parts:
        assert sorted([*training.labels.tolist(), *held_out.labels.tolist()]) == [*range(count)]
    sizes = [len(held_out.labels) for _, held_out in parts]
    assert max(sizes) - min(sizes) <= 1
    assert sorted(label for _, part in parts for label in part.labels.tolist()) == [*range(count)]


def test_there_are_no_more_trainings_than_folds(capsys):
    with pytest.raises(SystemExit):
        choose_settings.main(["--folds", "2", "--splits", "3", SAMPLE])
    assert "--splits: must be at most 2, the folds, got 3" in capsys.readouterr().err


def test_errors_of_all_folds_are_added_up():
    runs = [
        {"seed": 0, "errors": 3, "digits": 100, "seconds": 1.0},
        {"seed": 1, "errors": 7, "digits": 300, "seconds": 2.0},
    ]
    result = choose_settings.pooled("--lr 1", runs)
    assert (result["errors"], result["digits"], result["mean_seconds"]) == (10, 400, 1.5)
    assert result["error_rate"] == 0.025
    assert result["standard_error"] == pytest.approx((0.025 * 0.975 / 400) ** 0.5)


@pytest.mark.usefixtures("no_test_digits")
def test_what_was_measured_before_a_failure_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "choice.json"
    train_once = choose_settings.train_once

    def train_or_fail(settings, folds):
        if settings.lr == 0:
            raise ValueError("no memory left")
        return train_once(settings, folds)

    monkeypatch.setattr(choose_settings, "train_once", train_or_fail)
    with pytest.raises(ValueError, match="no memory left"):
        choose_settings.main(["--splits", "1", "--save", str(path), SAMPLE, f"{SAMPLE} --lr 0"])
    assert [result["setting"] for result in json.loads(path.read_text())["results"]] == [SAMPLE]


def count_trainings(monkeypatch):
    """Have each training take no time, and note its setting."""
    seen = []

    def train_once(settings, folds):
        seen.append((settings.lr, settings.seed))
        return {"seed": settings.seed, "errors": 1, "digits": 100, "seconds": 1.0}

    monkeypatch.setattr(choose_settings, "train_once", train_once)
    return seen


def test_settings_are_added_to_a_file(tmp_path, monkeypatch):
    seen = count_trainings(monkeypatch)
    command = ["--splits", "2", "--save", str(tmp_path / "choice.json")]
    choose_settings.main([*command, "--lr 0.1"])
    choose_settings.main([*command, "--resume", "--lr 0.1", "--lr 0.2"])
    assert seen == [(0.1, 0), (0.1, 1), (0.2, 0), (0.2, 1)]
    resumed = json.loads((tmp_path / "choice.json").read_text())
    assert [result["setting"] for result in resumed["results"]] == ["--lr 0.1", "--lr 0.2"]
    choose_settings.main([*command, "--lr 0.1", "--lr 0.2"])
    assert json.loads((tmp_path / "choice.json").read_text()) == resumed, "all in one go"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": 3}, "is of another measurement"),
        ({"torch": "1.0"}, "is of another measurement"),
        ({"results": 5}, "is damaged"),
        ({"results": [{"setting": "--lr 0.1"}] * 2}, "is damaged: it holds a setting twice"),
    ],
)
def test_a_file_of_another_measurement_is_not_added_to(change, message, tmp_path, monkeypatch):
    seen = count_trainings(monkeypatch)
    path = tmp_path / "choice.json"
    command = ["--splits", "1", "--save", str(path)]
    choose_settings.main([*command, "--lr 0.1"])
    text = json.dumps({**json.loads(path.read_text()), **change})
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        choose_settings.main([*command, "--resume", "--lr 0.1", "--lr 0.2"])
    assert (path.read_text(), len(seen)) == (text, 1)


def test_no_result_of_a_file_is_dropped(tmp_path, monkeypatch, capsys):
    seen = count_trainings(monkeypatch)
    command = ["--splits", "1", "--save", str(tmp_path / "choice.json")]
    choose_settings.main([*command, "--lr 0.1"])
    with pytest.raises(SystemExit):
        choose_settings.main([*command, "--resume", "--lr 0.2"])
    assert "--resume: 1 settings in" in capsys.readouterr().err
    assert len(seen) == 1


def test_resume_needs_a_file(capsys):
    with pytest.raises(SystemExit):
        choose_settings.main(["--resume", "--lr 0.1"])
    assert "--resume needs the file that --save names" in capsys.readouterr().err


def test_a_mistake_in_any_setting_is_found_before_training(capsys):
    with pytest.raises(SystemExit):
        choose_settings.main([SAMPLE, "--scale 1"])
    captured = capsys.readouterr()
    assert "argument --scale: must be below 1, got 1.0" in captured.err
    assert "step" not in captured.out


def refused(capsys, *settings):
    """The last line of the refusal; nothing was trained before."""
    with pytest.raises(SystemExit) as ended:
        choose_settings.main([SAMPLE, *settings])
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert captured.out == ""
    return captured.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("--preset quick --seed 9", "--seed"),
        ("--out runs/a", "--out"),
        ("--overwrite", "--overwrite"),
        ("--resume runs/a", "--resume"),
        ("--quiet", "--quiet"),
        ("--sho", "--show"),
        ("--save-every=3", "--save-every"),
        ("--quiet --lr 0.1 --seed 0", "--quiet, --seed"),
        ("--help", "--help"),
    ],
)
def test_an_option_without_effect_is_refused_by_name(options, names, capsys):
    line = refused(capsys, f"{SAMPLE} {options}")
    assert line.endswith(f"error: {names}: without effect in a comparison of settings")


def test_every_other_option_has_an_effect():
    """The comparison reads it, or the functions of the example that it calls do."""
    functions = (
        choose_settings.train_once,
        train_mnist.make_augmentation,
        train_mnist.make_optimizer,
    )
    read = {
        node.attr
        for function in functions
        for node in ast.walk(ast.parse(inspect.getsource(function)))
        if isinstance(node, ast.Attribute)
    }
    names = {field.name for field in dataclasses.fields(train_mnist.Settings)}
    assert names - choose_settings.WITHOUT_EFFECT <= read | {"preset"}  # defaults of the others


@pytest.mark.parametrize("setting", ["--preset 'quick", '--model "lenet5', "--lr 0.1\\"])
def test_quotes_that_do_not_close_are_one_line(setting, capsys):
    line = refused(capsys, setting)
    assert f"error: setting {setting!r}: No " in line


PROGRAM = """
import sys
from minicnn import runs
from tests.bench import choose_settings
result = {"errors": 3, "digits": 1000, "seconds": 1.0}
choose_settings.train_once = lambda settings, folds: {"seed": settings.seed, **result}
sys.exit(runs.run_command(lambda: choose_settings.main(["--lr 0.1"])))
"""


@pytest.mark.slow  # a process that imports torch
def test_a_console_that_knows_only_ascii_shows_the_results():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0.300% ? 0.100% wrong, 1 s: --lr 0.1\n"

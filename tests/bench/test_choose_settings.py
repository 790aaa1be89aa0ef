"""Settings are compared on validation digits: pooled, recorded, and without the test digits."""

import io
import json
import sys

import pytest

from minicnn import data, runs
from tests.bench import choose_settings

SAMPLE = "--dataset sample --model lenet5 --epochs 1 --device cpu"


@pytest.fixture
def no_test_digits(monkeypatch):
    """There are none: whoever looks at them fails."""
    load = data.load
    monkeypatch.setattr(data, "load", lambda *args: (load(*args)[0], None, None))


@pytest.mark.slow
@pytest.mark.usefixtures("no_test_digits")
def test_two_settings_are_compared_on_the_same_divisions(tmp_path, capsys):
    path = tmp_path / "results" / "choice.json"
    settings = [SAMPLE, f"{SAMPLE} --lr 0"]
    choose_settings.main(["--splits", "2", "--save", str(path), *settings])
    results = json.loads(path.read_text())["results"]
    assert [result["setting"] for result in results] == settings
    for result in results:
        assert [run["seed"] for run in result["runs"]] == [0, 1]
        assert [run["digits"] for run in result["runs"]] == [666, 666]  # of 4,000
        assert result["errors"] == sum(run["errors"] for run in result["runs"])
        assert result["error_rate"] == result["errors"] / 1332
    learnt, not_learnt = (result["error_rate"] for result in results)
    assert learnt < 0.5 < not_learnt
    report = capsys.readouterr().out.splitlines()[-2:]
    assert [line.partition(": ")[2] for line in report] == settings  # the better one first


def test_errors_of_all_divisions_are_added_up():
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

    def train_or_fail(settings):
        if settings.lr == 0:
            raise ValueError("no memory left")
        return train_once(settings)

    monkeypatch.setattr(choose_settings, "train_once", train_or_fail)
    with pytest.raises(ValueError, match="no memory left"):
        choose_settings.main(["--splits", "1", "--save", str(path), SAMPLE, f"{SAMPLE} --lr 0"])
    assert [result["setting"] for result in json.loads(path.read_text())["results"]] == [SAMPLE]


def test_a_mistake_in_any_setting_is_found_before_training(capsys):
    with pytest.raises(SystemExit):
        choose_settings.main([SAMPLE, "--scale 1"])
    captured = capsys.readouterr()
    assert "argument --scale: must be below 1, got 1.0" in captured.err
    assert "step" not in captured.out


IDLE = ["--seed 9", "--see=9", "--out x", "--resume x", "--quiet", "--show", "--save-every 1"]


@pytest.mark.parametrize("option", IDLE)
def test_an_option_without_effect_is_refused(option, capsys):
    code = runs.run_command(lambda: choose_settings.main([SAMPLE, f"--preset quick {option}"]))
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 1
    assert f"the setting '--preset quick {option}' has options without effect here: --" in line


def test_ill_formed_quotes_are_one_line(capsys):
    code = runs.run_command(lambda: choose_settings.main([SAMPLE, "--preset 'quick"]))
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 1
    assert """the setting "--preset 'quick" cannot be read: No closing quotation""" in line


def test_a_place_that_cannot_be_written_is_found_first(tmp_path, capsys):
    with pytest.raises(SystemExit):
        choose_settings.main(["--save", str(tmp_path), SAMPLE])
    told = f"argument --save: must be a file that can be written, got {tmp_path}: it is a folder"
    assert told in capsys.readouterr().err


def test_a_console_that_can_show_only_ascii_gets_the_results(monkeypatch, tmp_path):
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, "ascii", write_through=True))
    result = {"seed": 0, "errors": 3, "digits": 100, "validation_loss": 0.5, "seconds": 1.0}
    monkeypatch.setattr(choose_settings, "train_once", lambda settings: result)
    words = ["--splits", "1", "--save", str(tmp_path / "c.json"), SAMPLE]
    assert runs.run_command(lambda: choose_settings.main(words)) == 0
    assert console.getvalue() == f"3.000% ? 1.706% wrong, 1 s: {SAMPLE}\n".encode()

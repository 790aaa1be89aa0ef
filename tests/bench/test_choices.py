"""The page of what was compared says what the records say."""

import json
from pathlib import Path

import pytest

from examples import train_mnist
from tests.bench import choices

RESULTS = Path(__file__).parents[2] / "docs" / "results"
RECORDS = sorted(path.stem.removeprefix("choice_") for path in RESULTS.glob("choice_*.json"))


def record(**errors: int) -> dict:
    digits = 10_000
    rates = {setting: count / digits for setting, count in errors.items()}
    return {
        "command": "python3 -m tests.bench.choose_settings",
        "results": [
            {
                "setting": f"--preset quick --epochs 3 {setting}".replace("_", " "),
                "errors": errors[setting],
                "digits": digits,
                "error_rate": rate,
                "standard_error": (rate * (1 - rate) / digits) ** 0.5,
                "mean_seconds": 9.6,
            }
            for setting, rate in rates.items()
        ],
    }


def test_the_page_is_that_of_the_records():
    assert (RESULTS / "choices.md").read_text(encoding="utf-8") == choices.page(RESULTS) + "\n"


def test_every_preset_for_mnist_has_a_record():
    assert {*RECORDS} == {*train_mnist.PRESETS} - {"pictures"}


def test_the_settings_of_the_preset_are_the_chosen_ones_whatever_the_epochs():
    compared = record(**{"": 40, "--shift_0": 80, "--lr_0.02": 45, "--average_0.1": 10})
    verdicts = {
        line.split("`")[1].split("--epochs 3 ")[1]: line.rsplit("| ", 1)[1].removesuffix(" |")
        for line in choices.section("quick", compared).splitlines()
        if line.startswith("| `")
    }
    assert verdicts == {
        "--average 0.1": "better, by 4.2 standard errors",
        "": "chosen",
        "--lr 0.02": "no difference",
        "--shift 0": "worse, by 3.7 standard errors",
    }


def test_a_record_without_the_settings_of_the_preset_is_an_error():
    with pytest.raises(ValueError, match=r"choice_quick.json does not hold the settings of quick"):
        choices.section("quick", record(**{"--shift_0": 80}))


def test_the_command_saves_what_it_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(choices, "RESULTS", tmp_path)
    (tmp_path / "choice_quick.json").write_text(json.dumps(record(**{"": 40})))
    assert choices.main(["--save", str(tmp_path / "choices.md")]) == 0
    text = (tmp_path / "choices.md").read_text()
    assert text == capsys.readouterr().out
    assert "## quick" in text

"""Settings: from one declaration, the options, config.json, and what a resumed run accepts."""

import argparse
import dataclasses
import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from minicnn import data, layers, runs
from minicnn.runs import RunError, setting

PRESETS = {"small": {"epochs": 1, "model": "lenet"}, "usual": {}}


def positive(value: str) -> None:
    if value.startswith("-"):
        raise ValueError(f"device must not be negative, got {value}")


@dataclass(frozen=True)
class Settings(runs.Settings):
    preset: str = setting("usual", "other defaults", choices=PRESETS)
    epochs: int = setting(6, "passes over the images", at_least=1)
    lr: float = setting(0.01, "learning rate", at_least=0, below=1)
    smoothing: float = setting(0.1, "of the labels", at_least=0, at_most=1)
    model: str = setting("vgg", "network", choices=["vgg", "lenet"])
    data_dir: Path = setting(Path("data"), "folder of the data", free_on_resume=True)
    device: str = setting("cpu", "where to compute", check=positive, free_on_resume=True)
    flip: bool = setting(False, "flip the images")
    show: bool = setting(False, "open windows", saved=False, free_on_resume=True)


def fraction(below: float) -> st.SearchStrategy[float]:
    return st.floats(0, below, exclude_max=below < 1)


values = st.fixed_dictionaries(
    {},
    optional={
        "epochs": st.integers(1),
        "lr": st.floats(0, 1, exclude_max=True),
        "smoothing": st.floats(0, 1),
        "model": st.sampled_from(["vgg", "lenet"]),
        "data_dir": st.sampled_from([Path("/tmp/a b"), Path("digits")]),
        "device": st.sampled_from(["cpu", "cuda:1"]),
        "flip": st.booleans(),
    },
)


def as_options(values: dict[str, Any]) -> list[str]:
    options = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            options.append(option)
        elif value is not False:
            options.append(
                f"{option}={value!r}" if isinstance(value, float) else f"{option}={value}"
            )
    return options


def begin(folder: Path, settings: Settings) -> runs.Run:
    about = runs.describe(settings.saved(), data.load_sample(), layers.relu())
    return runs.begin(folder, about)


@given(values)
def test_the_command_line_and_python_make_the_same_settings(values: dict[str, Any]) -> None:
    event(f"{len(values)} settings given")
    assert Settings.parse(as_options(values)) == Settings(**values)


@given(values, values)
def test_a_resumed_run_keeps_its_settings_except_the_free_ones(
    of_run: dict[str, Any], now: dict[str, Any]
) -> None:
    free = {name: value for name, value in now.items() if name in ("data_dir", "device")}
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        begun = Settings(**of_run)
        begin(folder, begun)
        resumed = Settings.parse(["--resume", str(folder), "--show", *as_options(free)])
        kept = {"data_dir": begun.data_dir.absolute(), **free}
        expected = dataclasses.replace(begun, **kept, resume=folder, out=folder, show=True)
        assert resumed == expected


@pytest.mark.parametrize(
    "option", ["--epochs 6", "--lr 0.01", "--flip", "--preset usual", "--out x", "--overwrite"]
)
def test_a_fixed_option_is_refused_on_resume_even_with_its_default(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path / "run", Settings())
    with pytest.raises(SystemExit) as stopped:
        Settings.parse(["--resume", str(tmp_path / "run"), *shlex.split(option)])
    assert stopped.value.code == 2
    assert f"does not allow {option.split()[0]}\n" in capsys.readouterr().err


def test_a_free_option_given_as_its_default_overrides_the_runs_value(tmp_path: Path) -> None:
    begin(tmp_path / "run", Settings(device="cuda:1"))
    resumed = Settings.parse(["--resume", str(tmp_path / "run"), "--device", "cpu"])
    assert resumed.device == "cpu"


@given(values)
def test_the_saved_settings_are_complete_plain_data(values: dict[str, Any]) -> None:
    settings = Settings(**values)
    saved = json.loads(json.dumps(settings.saved()))
    assert saved.keys() == {f.name for f in dataclasses.fields(Settings)} - {
        *("out", "overwrite", "resume", "save_every", "quiet", "show")
    }
    again = Settings(**{**saved, "data_dir": Path(saved["data_dir"])})
    assert again == dataclasses.replace(settings, data_dir=settings.data_dir.absolute())


REFUSED = [
    ("epochs", 0, "must be at least 1, got 0"),
    ("lr", float("nan"), "must be a finite number, got nan"),
    ("lr", float("inf"), "must be a finite number, got inf"),
    ("lr", 1.0, "must be below 1, got 1.0"),
    ("smoothing", 1.0001, "must be at most 1, got 1.0001"),
    ("save_every", -1.0, "must be at least 0, got -1.0"),
    ("device", "-1", "must not be negative, got -1"),
]


@pytest.mark.parametrize(("name", "value", "problem"), REFUSED)
def test_a_value_out_of_range_is_one_line_in_python_on_the_command_line_and_in_a_config(
    name: str, value: Any, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        Settings(**{name: value})
    assert str(refused.value) == f"{name} {problem}"

    option = f"--{name.replace('_', '-')}"
    with pytest.raises(SystemExit) as stopped:
        Settings.parse([f"{option}={value}"])
    assert stopped.value.code == 2
    usage, error = capsys.readouterr().err.splitlines()
    assert usage.endswith("[options]")
    assert error.endswith(f": error: argument {option}: {problem}")

    if name in Settings().saved() and value == value and abs(value if name != "device" else 0) < 9:
        run = begin(tmp_path / "run", Settings())
        config = json.loads(run.config.read_text())
        config["settings"][name] = value
        run.config.write_text(json.dumps(config))
        with pytest.raises(RunError) as damaged:
            Settings.of_run(run.folder)
        assert str(damaged.value) == f"{run.config} is damaged: {name} {problem}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"epochs": "6"}, "epochs must be an int, got '6'"),
        ({"epochs": 6.0}, "epochs must be an int, got 6.0"),
        ({"epochs": True}, "epochs must be an int, got True"),
        ({"lr": None}, "lr must be a number, got None"),
        ({"flip": 1}, "flip must be True or False, got 1"),
        ({"data_dir": 3}, "data_dir must be a path, got 3"),
        ({"model": "alexnet"}, "model must be one of vgg, lenet, got alexnet"),
        ({"rate": 1}, "unknown settings: rate"),
    ],
)
def test_a_damaged_config_is_named_with_its_setting(
    change: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", Settings())
    config = json.loads(run.config.read_text())
    config["settings"].update(change)
    run.config.write_text(json.dumps(config))
    with pytest.raises(RunError) as damaged:
        Settings.parse(["--resume", str(run.folder)])
    assert str(damaged.value) == f"{run.config} is damaged: {problem}"


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", Settings())
    config = json.loads(run.config.read_text())
    del config["settings"]["lr"], config["settings"]["flip"]
    run.config.write_text(json.dumps(config))
    with pytest.raises(RunError, match="is damaged: missing settings: flip, lr"):
        Settings.of_run(run.folder)


@pytest.mark.parametrize("before", [True, False])
def test_an_option_overrides_the_preset_on_either_side_of_it(before: bool) -> None:
    option, preset = ["--epochs", "17"], ["--preset", "small"]
    argv = [*option, *preset] if before else [*preset, *option]
    settings = Settings.parse(argv, presets=PRESETS)
    assert (settings.epochs, settings.model, settings.preset) == (17, "lenet", "small")
    assert Settings.parse([], presets=PRESETS) == Settings()


def test_help_has_every_setting_with_its_help_and_default_and_the_presets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        Settings.parse(["--help"], "Train.\n\nMore.", PRESETS)
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "Train." in text
    assert "More." not in text
    words = " ".join(text.split())
    for f in dataclasses.fields(Settings):
        assert f"--{f.name.replace('_', '-')}" in words
        assert f.metadata["help"] in words
        if f.default not in (None, False):
            assert f"{f.metadata['help']} (default: {f.default})" in words
    assert "small --epochs 1 --model lenet" in words


def test_an_integer_is_accepted_for_a_float() -> None:
    assert Settings(lr=0) == Settings(lr=0.0)
    assert type(Settings(lr=0).lr) is float


@pytest.mark.parametrize(
    ("argv", "preset", "epochs"),
    [
        ([], "usual", Settings().epochs),
        (["--model", "lenet"], "small", 1),
        (["--model", "lenet", "--epochs", "3"], "small", 3),
        (["--model", "lenet", "--preset", "usual"], "usual", Settings().epochs),
    ],
)
def test_the_usual_preset_may_depend_on_other_options(
    argv: list[str], preset: str, epochs: int
) -> None:
    def usual(given: argparse.Namespace) -> str:
        return "small" if given.model == "lenet" else "usual"

    settings = Settings.parse(argv, None, PRESETS, usual)
    assert (settings.preset, settings.epochs) == (preset, epochs)

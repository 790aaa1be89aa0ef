"""What cannot work is refused in one line, before anything is measured or written."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from minicnn import runs
from tests.bench import __main__ as command_line
from tests.bench import choose_settings, measure_seeds, profile, report
from tests.bench.arguments import check_writable, refuse

PARSER = argparse.ArgumentParser("tool")


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def places(folder: Path) -> dict[str, tuple[Path, str]]:
    """Places where nothing can be written, and why."""
    (folder / "file").write_text("kept")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    return {
        "a folder": (folder / "folder", f"{folder / 'folder'} is not a file"),
        "a pipe": (folder / "pipe", f"{folder / 'pipe'} is not a file"),
        "below a file": (folder / "file" / "result.json", "Not a directory"),
        "far below a file": (folder / "file" / "a" / "b" / "result.json", "Not a directory"),
        "too long a name": (folder / ("x" * 300) / "result.json", "File name too long"),
        "where nobody may write": (Path("/proc/nowhere/result.json"), ""),
    }


KINDS = (
    "a folder", "a pipe", "below a file", "far below a file", "too long a name",
    "where nobody may write",
)  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes, /proc and messages of Linux")
@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_cannot_be_written_is_refused(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, reason = places(tmp_path)[kind]
    with pytest.raises(SystemExit) as ended:
        check_writable(PARSER, tmp_path / "good.json", path)
    assert ended.value.code == 2
    assert last_line(capsys).startswith(f"tool: error: --save: {path} cannot be written: {reason}")
    assert (tmp_path / "file").read_text() == "kept"
    assert not (tmp_path / "good.json").exists()


def test_a_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse_all(dir: Path) -> None:  # root may write anywhere
        raise PermissionError(13, "Permission denied", str(dir / "random"))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse_all)
    with pytest.raises(SystemExit):
        check_writable(PARSER, tmp_path / "new" / "result.json")
    expected = f"tool: error: --save: {tmp_path}/new/result.json cannot be written: "
    assert last_line(capsys) == expected + "Permission denied"


def test_a_place_that_can_be_written_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.json").write_text("old")
    monkeypatch.chdir(tmp_path)
    check_writable(
        PARSER, tmp_path / "old.json", tmp_path / "a" / "b" / "new.json", Path("relative.json")
    )
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


COMMANDS: dict[str, Callable[[list[str]], object]] = {
    "choose_settings": lambda save: choose_settings.main([*save, "--dataset sample"]),
    "measure_seeds": measure_seeds.main,
    "profile": profile.main,
    "bench": lambda save: command_line.main([*save, "--quick"]),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_finds_it_before_it_measures(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(*_: object, **__: object) -> None:
        raise AssertionError("measured first")

    monkeypatch.setattr(choose_settings, "train_once", measure)
    monkeypatch.setattr(measure_seeds, "measure", measure)
    monkeypatch.setattr(profile, "profile", measure)
    monkeypatch.setattr(command_line, "measure", measure)
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "result"
    with pytest.raises(SystemExit):
        COMMANDS[command](["--save", str(path)])
    line = last_line(capsys)
    assert f"error: --save: {path}" in line
    assert line.endswith("cannot be written: Not a directory")


@pytest.mark.parametrize("name", ["bench.json", "bench.md", "bench.png", "bench.svg"])
def test_each_file_of_the_benchmark_is_checked(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(SystemExit):
        command_line.parse_arguments(["--save", str(tmp_path)])
    assert last_line(capsys).endswith(f"cannot be written: {tmp_path / name} is not a file")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--seed", "3"], "--seed"),
        (["--seed=3"], "--seed"),
        (["--lr", "0.1", "--see", "3"], "--seed"),
        (["--save-every", "3"], "--save-every"),
        (["--quiet", "--lr", "0.1", "--seed", "3"], "--quiet, --seed"),
        (["-h"], "--help"),
        (["--help"], "--help"),
    ],
)
def test_an_option_is_refused_however_it_is_written(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        refuse(PARSER, options, {"seed", "quiet", "save_every", "help"}, "no effect")
    assert ended.value.code == 2
    assert last_line(capsys) == f"tool: error: {named}: no effect"


def test_other_options_are_not_refused() -> None:
    refuse(PARSER, ["--scale", "0.1", "--preset", "quick", "--shear", "-1"], {"seed"}, "no effect")


@pytest.mark.parametrize("text", ["", "{", "3", "[]", "{}", '{"rows": 3}', '{"rows": [{"a": 1}]}'])
def test_a_damaged_record_of_the_guard_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bench\.json is no record of tests\.bench: ") as refused:
        report.load(path)
    assert "\n" not in str(refused.value)


def test_the_benchmark_ends_with_the_exit_code_of_its_guard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for code in (0, 1):
        monkeypatch.setattr(command_line, "main", lambda code=code: code)
        assert runs.run_command(command_line.command) == code

"""The folder of a run: created where nothing can be lost, found again, and safely cleared."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread

from minicnn import runs, viz
from minicnn.runs import Run, RunError
from minicnn.runs.folder import claim, is_claimed, release

OURS = {"versions": {"minicnn": "0.1.0"}, "settings": {"lr": 0.01}}
LEFTOVERS = (".minicnn-0123456789abcdef.tmp", "figures/.minicnn-0123456789abcdef.tmp")
OF_A_RUN = (
    *("metrics.csv", "last.pt", "best.pt", "report.html", "explorer.html", "figures/curves.png"),
    *LEFTOVERS,
)
OF_OTHERS = ("thesis.tex", "model.pt", "figures/curves.svg", "checkpoints/last.pt", "curves.png")
CONFIGS = (None, "", "{}", '{"settings": {"lr": 1}}', '{"versions": []}', json.dumps(OURS))


def fill(folder: Path, names: set[str], config: str | None) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}")
    if config is not None:
        (folder / "config.json").write_text(config)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@given(st.sets(st.sampled_from(OF_A_RUN + OF_OTHERS)), st.sampled_from(CONFIGS), st.booleans())
def test_begin_removes_nothing_that_a_run_has_not_written(
    names: set[str], config: str | None, overwrite: bool
) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        fill(folder, names, config)
        before = contents(folder)
        # The leftovers of a program that was killed before it wrote its config do not count.
        is_free = before.keys() <= set(LEFTOVERS[:1])
        if not is_free and not (overwrite and config == json.dumps(OURS)):
            with pytest.raises(RunError):
                runs.begin(folder, {"new": True}, overwrite)
            assert contents(folder) == before
            return
        runs.begin(folder, {"new": True}, overwrite)
        kept = {name: text for name, text in before.items() if name in OF_OTHERS}
        assert contents(folder) == {**kept, "config.json": '{\n  "new": true\n}\n'}


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain))
def test_a_config_is_read_back_unchanged(config: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as parent:
        run = runs.begin(Path(parent) / "a" / "run", config)
        assert repr(runs.read_config(runs.find(str(run.folder)))) == repr(config)


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_partly_cleared_run_can_still_be_overwritten(tmp_path: Path, failing: int) -> None:
    fill(tmp_path, set(OF_A_RUN + OF_OTHERS), json.dumps(OURS))
    unlink, calls = Path.unlink, 0

    def unlink_or_stop(path: Path, missing_ok: bool = False) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with mock.patch.object(Path, "unlink", unlink_or_stop), pytest.raises(KeyboardInterrupt):
        runs.begin(tmp_path, {}, overwrite=True)
    assert contents(tmp_path) != {}
    runs.begin(tmp_path, {}, overwrite=True)
    assert contents(tmp_path).keys() == {*OF_OTHERS, "config.json"}


def test_an_existing_folder_is_refused_and_the_message_lists_the_options(tmp_path: Path) -> None:
    fill(tmp_path, {"last.pt"}, json.dumps(OURS))
    with pytest.raises(RunError, match=f"{tmp_path} already exists: .*--out.*--resume.*--over"):
        runs.begin(tmp_path, {})


def test_the_temporary_file_of_a_running_program_is_kept(tmp_path: Path) -> None:
    fill(tmp_path, {"last.pt", *LEFTOVERS}, json.dumps(OURS))
    with pytest.raises(RunError):
        runs.begin(tmp_path, {})
    assert {*LEFTOVERS} < contents(tmp_path).keys()


def test_an_empty_folder_can_be_used(tmp_path: Path) -> None:
    config = {"settings": {"lr": 1, "a": 2}, "dataset": {}, "begun": "2026-01-01"}
    bound = '{"settings": {"lr": 1, "a": 2}, "dataset": {}}'
    assert runs.begin(tmp_path, config) == Run(tmp_path, bound)


def test_a_file_cannot_be_the_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    with pytest.raises(RunError, match="notes is a file, but a run needs a folder"):
        runs.begin(tmp_path / "notes", {}, overwrite=True)
    with pytest.raises(RunError, match="notes is not a run: it is a file"):
        runs.find(tmp_path / "notes")


def test_only_a_folder_with_a_config_is_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nowhere is not a run: the folder does not exist"):
        runs.find(tmp_path / "nowhere")
    (tmp_path / "last.pt").touch()
    with pytest.raises(RunError, match=r"is not a run: it has no config\.json"):
        runs.find(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "3", "null", "\ud800", "[" * 100_000])
def test_a_damaged_config_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(RunError, match=rf"{tmp_path}/config\.json is damaged: "):
        runs.read_config(Run(tmp_path))


def test_a_sweep_keeps_the_files_of_a_run(tmp_path: Path) -> None:
    fill(tmp_path, set(OF_A_RUN + OF_OTHERS), "{}")
    runs.sweep(Run(tmp_path))
    assert contents(tmp_path).keys() == {*OF_A_RUN, *OF_OTHERS, "config.json"} - {*LEFTOVERS}


def test_every_file_of_a_run_is_in_its_folder() -> None:
    run = Run(Path("runs/x"))
    names = [run.config, run.metrics, run.last, run.best, run.figures, run.report, run.explorer]
    assert {path.parent for path in names} == {run.folder}
    assert len(set(names)) == 7


def test_each_figure_is_a_file_of_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    figures = {name: Figure((inches, 1), dpi=50) for name, inches in (("a", 1), ("b", 2))}
    runs.save_figures(run, figures)
    widths = {path.stem: imread(path).shape[1] for path in run.figures.iterdir()}
    assert widths == {"a": 50, "b": 100}


def test_dated_folders_are_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [runs.dated_folder() for _ in range(3)]
    assert all(folder.is_dir() and folder.parent == Path("runs") for folder in folders)
    names = {folder.name for folder in folders}
    assert len(names) == 3
    assert all(name[:2] == "20" for name in names)


CLAIM = """
import sys
from pathlib import Path
from minicnn.runs.folder import claim
claim(Path(sys.argv[1]))
print("claimed", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot lock a folder")
def test_a_folder_is_claimed_by_one_process_until_it_ends(tmp_path: Path) -> None:
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CLAIM, str(tmp_path)], **pipes) as other:
        assert other.stdout
        assert other.stdout.readline() == "claimed\n"
        with pytest.raises(RunError) as refused:
            claim(tmp_path)
        assert str(refused.value) == f"{tmp_path} is in use: another process is training this run"
        other.kill()
        other.wait()
        claim(tmp_path)
        claim(tmp_path)  # this process has it already
        release(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot lock a folder")
def test_a_claimed_folder_that_was_removed_or_exchanged_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    claim(folder)
    assert is_claimed(folder)
    folder.rename(tmp_path / "elsewhere")
    assert not is_claimed(folder)
    folder.mkdir()
    assert not is_claimed(folder)
    claim(folder)
    assert is_claimed(folder)
    release(folder)


def test_figures_are_shown_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr(viz, "show", shown.extend)
    runs.show_figures({"b": 1, "a": 2})
    assert shown == [1, 2]


def test_where_no_window_can_be_opened_there_is_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "agg")
    runs.show_figures({"curves": Figure()})
    assert capsys.readouterr() == (
        "",
        "NOTE: no window can be opened here (matplotlib's backend is agg)\n",
    )

"""The command line: list, start, check."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from minicnn.exercises.__main__ import main
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.submission import UnreadableError

RIGHT = "def relu_backward(grad, input):\n    return grad * (input > 0)\n"
WRONG = "def dropout(input, uniform, p, training):\n    return input\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["list"]])
def test_it_lists_the_exercises(arguments: list[str], capsys) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"{name} " in out for name in EXERCISES)
    assert "python3 -m minicnn.exercises start NAME" in out


@pytest.mark.parametrize("word", ["start", "new"])
def test_start_writes_the_stub_and_the_next_command(word: str, elsewhere: Path, capsys) -> None:
    assert main([word, "unfold"]) == 0
    text = (elsewhere / "unfold.py").read_text(encoding="utf-8")
    assert text == EXERCISES["unfold"].stub.file("unfold.py")
    assert "def unfold(" in text
    assert text.endswith("raise NotImplementedError\n")
    assert "check unfold.py" in capsys.readouterr().out


def test_start_accepts_another_file_name(elsewhere: Path) -> None:
    assert main(["start", "unfold", "mine.py"]) == 0
    assert "check mine.py" in (elsewhere / "mine.py").read_text(encoding="utf-8")


def test_start_never_overwrites(elsewhere: Path, capsys) -> None:
    (elsewhere / "unfold.py").write_text("my work")
    assert main(["start", "unfold"]) == 2
    assert (elsewhere / "unfold.py").read_text() == "my work"
    assert "already exists and was not changed" in capsys.readouterr().out


def test_start_suggests_a_similar_name(capsys) -> None:
    assert main(["start", "unfolt"]) == 2
    assert "Did you mean unfold?" in capsys.readouterr().out


def test_start_reports_a_file_that_cannot_be_written(capsys) -> None:
    assert main(["start", "unfold", "no/such/folder.py"]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (RIGHT, 0, "relu_backward: right."),
        (WRONG, 1, "dropout: not right yet."),
        (RIGHT + WRONG, 1, "1 of 2 right."),
        ("x = input()\n" + RIGHT, 2, "EOFError"),
    ],
)
@pytest.mark.slow
def test_check_returns_0_if_every_exercise_is_right(
    text: str, code: int, words: str, elsewhere: Path, capsys
) -> None:
    (elsewhere / "mine.py").write_text(text)
    assert main(["check", "mine.py"]) == code
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(("count", "summary"), [(1, ""), (2, "2 of 2 right.\n")])
def test_several_exercises_are_counted(count: int, summary: str, monkeypatch, capsys) -> None:
    verdicts = [SimpleNamespace(right=True)] * count
    monkeypatch.setattr("minicnn.exercises.check.check_file", lambda *_: verdicts)
    assert main(["check", "mine.py"]) == 0
    assert capsys.readouterr().out == summary


def test_verdicts_on_several_files_say_which_file_they_are_about(monkeypatch, capsys) -> None:
    def check_file(path: Path, show) -> list[SimpleNamespace]:
        if path.name == "none.py":
            raise UnreadableError("The file does not exist.")
        show("dropout: right.")
        return [SimpleNamespace(right=True)]

    monkeypatch.setattr("minicnn.exercises.check.check_file", check_file)
    assert main(["check", "a.py", "none.py", "b.py"]) == 2
    assert capsys.readouterr().out == (
        "In a.py:\n\ndropout: right.\n\n"
        "In none.py:\n\nThe file does not exist.\n\n"
        "In b.py:\n\ndropout: right.\n\n"
    )
    assert main(["check", "a.py"]) == 0
    assert capsys.readouterr().out == "dropout: right.\n\n"


def test_a_package_that_is_missing_is_not_taken_for_hypothesis(monkeypatch) -> None:
    def check(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("minicnn.exercises.check.check_file", check)
    with pytest.raises(ModuleNotFoundError, match="torch"):
        main(["check", "mine.py"])


@pytest.mark.slow
def test_check_of_several_files_returns_the_worst(elsewhere: Path) -> None:
    (elsewhere / "mine.py").write_text(RIGHT)
    assert main(["check", "mine.py", "none.py"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["start", "unfold"],
        ["check", "none.py"],
        ["check", "--json", "none.py"],
        ["status"],
        ["hint", "unfold"],
        ["train"],
        ["classroom", "room"],
        ["grade", "room"],
    ],
)
def test_without_hypothesis_it_names_the_extra(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    for name in list(sys.modules):
        if name.startswith(("minicnn.exercises.", "minicnn.testing")):
            monkeypatch.delitem(sys.modules, name)
    assert main(arguments) == 2
    assert "pip install -e '.[test]'" in capsys.readouterr().out

"""What is right and what is next, hints in three steps, verdicts for other programs."""

import json
import re
from pathlib import Path

import pytest

from minicnn.exercises import check, status
from minicnn.exercises.__main__ import main
from minicnn.exercises.catalogue import EXERCISES, chapter
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.report import WIDTH, report, wrapped
from minicnn.exercises.submission import UnreadableError

from .grading import hand_in
from .test_exercises import every_exercise
from .wrong.wrong_answer import right_answer

RIGHT = "def relu_backward(grad, input):\n    return grad * (input > 0)\n"
WRONG = RIGHT.replace(">", ">=")
COMMAND = "python3 -m minicnn.exercises"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    return tmp_path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge files in this process, which starts at once."""

    def judge_file(submission, path, names, show):
        text = path.read_text()
        if "def (" in text:
            raise UnreadableError("This is not valid Python: invalid syntax")
        for name in names:
            if f"def {name}(" in text:
                yield hand_in(name, text, folder / "notes", examples=6, shrinks=0)

    class Nothing:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    (folder / "notes").mkdir()
    for module in (check, status):
        monkeypatch.setattr(module, "judge_file", judge_file)
    monkeypatch.setattr(status, "Submission", Nothing)


# --- Status -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
def test_status_says_what_is_right_and_what_is_next(folder: Path, capsys) -> None:
    first = next(iter(EXERCISES))
    (folder / f"{first}.py").write_text(right_answer(first))
    (folder / "relu_backward.py").write_text(WRONG)
    (folder / "dropout.py").write_text(EXERCISES["dropout"].stub.file("dropout.py"))
    (folder / "unfold.py").write_text("def (")
    assert main(["status"]) == 2
    second, width = list(EXERCISES.values())[1], max(map(len, EXERCISES))
    assert capsys.readouterr().out == (
        f"{first:{width}}  right\n"
        "unfold.py: This is not valid Python: invalid syntax\n"
        f"{'relu_backward':{width}}  not right yet: wrong with zeros\n"
        f"{'dropout':{width}}  not written yet\n"
        "\n"
        f"1 of {len(EXERCISES)} right.\n"
        f"Next: {second.name}, {second.task} ({chapter(second.chapter)}).\n"
        f"    {COMMAND} start {second.name}\n"
    )


@pytest.mark.usefixtures("here")
def test_status_of_a_file_continues_with_the_function_that_is_not_right(folder, capsys) -> None:
    names = list(EXERCISES)
    answers = {name: right_answer(name) for name in names}
    answers[names[2]] = EXERCISES[names[2]].stub.file("any.py")
    (folder / "mine.py").write_text("\n\n".join(answers.values()))
    assert main(["status", "mine.py"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(names)]] == names
    assert lines[2].endswith("  not written yet")
    assert lines[-3] == f"{len(names) - 1} of {len(names)} right."
    assert lines[-1] == f"    {COMMAND} check mine.py"


@pytest.mark.usefixtures("here")
def test_status_at_the_end_names_the_capstone(folder, capsys, monkeypatch) -> None:
    monkeypatch.setattr(status, "EXERCISES", {"relu_backward": EXERCISES["relu_backward"]})
    (folder / "relu_backward.py").write_text(RIGHT)
    assert main(["status"]) == 0
    assert capsys.readouterr().out == (
        "relu_backward  right\n\n1 of 1 right.\n"
        f"All done. Train with your own functions: {COMMAND} train\n"
    )


@pytest.mark.slow
def test_status_of_an_empty_folder_and_of_real_files(folder: Path, capsys) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith(f"\n0 of {len(EXERCISES)} right.\nNext: ")
    (folder / "relu_backward.py").write_text(WRONG)
    assert main(["status"]) == 0
    assert re.match("relu_backward +not right yet: wrong with z", capsys.readouterr().out)
    assert main(["status", "none.py"]) == 2
    assert capsys.readouterr().out.startswith("none.py: The file does not exist.\n")


@pytest.mark.slow
def test_of_two_functions_of_one_name_the_last_counts(folder: Path) -> None:
    (folder / "one.py").write_text(WRONG)
    (folder / "two.py").write_text(RIGHT)
    for files, right in ((["one.py", "two.py"], True), (["two.py", "one.py"], False)):
        shown: list[str] = []
        assert status.status([Path(file) for file in files], shown.append)
        assert shown[-2].endswith("  right") == right
        assert shown[-3] == f"relu_backward is in {files[0]} and {files[1]}: {files[1]} counts."


# --- Hints --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
def test_hints_come_one_after_the_other(folder: Path, capsys) -> None:
    (folder / "relu_backward.py").write_text(WRONG)
    hints = EXERCISES["relu_backward"].hints
    assert main(["hint", "relu_backward"]) == 0
    assert capsys.readouterr().out == (
        wrapped(f"Hint 1 of 3: {hints[0]}", indent="  ")
        + f"\nThe next one: {COMMAND} hint relu_backward 2\n"
    )
    (folder / "mine.py").write_text(WRONG)
    assert main(["hint", "relu_backward", "2", "--file", "mine.py"]) == 0
    assert capsys.readouterr().out == (
        wrapped(f"Hint 2 of 3: {hints[1]}", indent="  ")
        + f"\nThe next one: {COMMAND} hint relu_backward 3 --file mine.py\n"
    )
    assert main(["hint", "relu_backward", "3"]) == 0
    read = f"Read {chapter('softmax-and-cross-entropy')} again, with a pencil."
    words = f"{wrapped(f'Hint 3 of 3: {hints[2]}', indent='  ')}\nThat was the last one. {read}\n"
    assert capsys.readouterr().out == words


@pytest.mark.usefixtures("here")
def test_a_hint_is_no_longer_than_a_line(folder: Path, capsys) -> None:
    long = max(EXERCISES.values(), key=lambda exercise: len(exercise.hints[2]))
    (folder / "mine.py").write_text(f"def {long.name}(*_):\n    return 0\n")
    assert main(["hint", long.name, "3", "--file", "mine.py"]) == 0
    lines = capsys.readouterr().out.splitlines()[:-1]
    assert len(lines) > 1
    assert all(len(line) <= WIDTH for line in lines)
    assert " ".join(" ".join(lines).split()) == f"Hint 3 of 3: {long.hints[2]}"


@pytest.mark.usefixtures("here")
def test_a_hint_needs_an_attempt(folder: Path, capsys) -> None:
    assert main(["hint", "unfold"]) == 1
    needs = f"A hint needs an attempt. {{}}: {COMMAND} {{}}\n"
    assert capsys.readouterr().out == needs.format("Begin", "start unfold unfold.py")
    main(["start", "unfold"])
    capsys.readouterr()
    assert main(["hint", "unfold"]) == 1
    expected = needs.format("Write something, then", "check unfold.py")
    assert capsys.readouterr().out == expected


@pytest.mark.usefixtures("here")
def test_what_is_right_needs_no_hint(folder: Path, capsys) -> None:
    (folder / "relu_backward.py").write_text(RIGHT)
    assert main(["hint", "relu_backward", "3"]) == 0
    assert capsys.readouterr().out == "relu_backward is right: it needs no hint.\n"


@pytest.mark.usefixtures("here")
def test_a_hint_for_a_file_that_cannot_be_read_says_why(folder: Path, capsys) -> None:
    (folder / "unfold.py").write_text("def (")
    assert main(["hint", "unfold"]) == 2
    assert capsys.readouterr().out == "unfold.py: This is not valid Python: invalid syntax\n"


@pytest.mark.parametrize("step", ["0", "4", "x", "1.5"])
def test_there_are_three_hints(step: str, capsys) -> None:
    with pytest.raises(SystemExit) as found:
        main(["hint", "unfold", step])
    assert found.value.code == 2
    assert "error: argument step: invalid " in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", [["start"], ["hint"], ["classroom", "room"]])
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("unfolt", "Did you mean unfold?"),
        ("con2d_forward", "Did you mean conv2d_forward?"),
        ("?", f"The list of all: {COMMAND}"),
    ],
)
def test_a_misspelt_name_is_answered_with_a_suggestion(command, name, meant, folder, capsys):
    assert main([*command, name]) == 2
    assert capsys.readouterr().out == f"There is no exercise {name!r}. {meant}\n"
    assert list(folder.iterdir()) == []


@every_exercise
def test_hints_are_three_and_get_longer_or_more_direct(exercise: Exercise) -> None:
    assert len(set(exercise.hints)) == 3
    assert all(len(hint) > 40 and hint.endswith((".", "?")) for hint in exercise.hints)


# --- After success ------------------------------------------------------------------------------


@every_exercise
def test_after_success_it_is_explained_and_compared(exercise: Exercise, folder: Path) -> None:
    text = report(hand_in(exercise.name, right_answer(exercise.name), folder, 2))
    words, fast = " ".join(text.split()), exercise.fast
    assert f" Why: {exercise.why} " in f"{words} "
    if fast is None:
        assert " Compare: " not in words
        return
    assert words.endswith(f" Compare: {fast.name} ({fast.file}) {fast.how}.")
    assert (Path(status.__file__).parents[2] / fast.file).is_file()
    assert exercise.why.endswith(".")


# --- JSON ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_check_as_json_is_one_object_with_all_verdicts(folder: Path, capsys) -> None:
    (folder / "mine.py").write_text(f"print('{{}}')\n{RIGHT}{right_answer('unfold')}")
    (folder / "wrong.py").write_text(WRONG)
    assert main(["check", "--json", "mine.py"]) == 0
    (mine,) = json.loads(capsys.readouterr().out)["files"]
    for exercise in mine["exercises"]:
        timing = exercise.pop("timing")  # None on a machine that is too busy to measure it
        assert timing is None or list(timing) == ["seconds", "minicnn", "on", "stopped"]
    assert mine == {
        "file": "mine.py",
        "error": None,
        "exercises": [
            {"name": name, "chapter": where, "right": True, "points": points, "of": points}
            | {"wrong_with": None, "message": None, "hint": None}
            for name, where, points in (
                ("unfold", "04-windows-without-copying", 9),
                ("relu_backward", "08-softmax-and-cross-entropy", 4),
            )
        ],
    }
    assert main(["check", "--json", "mine.py", "wrong.py"]) == 1
    wrong = json.loads(capsys.readouterr().out)["files"][1]["exercises"][0]
    assert wrong == {
        "name": "relu_backward",
        "chapter": "08-softmax-and-cross-entropy",
        "right": False,
        "points": 1,
        "of": 4,
        "wrong_with": "zeros",
        "message": "the result is wrong at [0]: expected 0, got 1.",
        "hint": "Right except at x = 0: what does the docstring say about it?",
        "timing": None,
    }
    assert main(["check", "--json", "none.py", "wrong.py"]) == 2
    none, _ = json.loads(capsys.readouterr().out)["files"]
    assert none == {"file": "none.py", "error": "The file does not exist.", "exercises": []}

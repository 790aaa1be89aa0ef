"""The folder that a teacher hands out, and the grades of what comes back."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from minicnn.exercises import check, classroom
from minicnn.exercises.__main__ import main
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.judge import Verdict
from minicnn.exercises.learner import read
from minicnn.exercises.notebook import notebook
from minicnn.exercises.submission import UnreadableError

from .wrong.wrong_answer import right_answer

SLIDES = "<!doctype html>\n"
RELU = "def relu_backward(grad, input):\n    return grad * (input {} 0)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    monkeypatch.setattr(classroom, "deck", lambda: SLIDES)  # they have tests of their own
    return tmp_path


def rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened))


def test_the_folder_has_stubs_points_and_what_to_do(folder: Path, capsys) -> None:
    assert main(["classroom", "course/room"]) == 0
    count = len(EXERCISES)
    words = f"course/room: {count} exercises. course/room/README.md says what next.\n"
    assert capsys.readouterr().out == words
    room = folder / "course" / "room"
    assert {path.stem for path in (room / "release").iterdir()} == set(EXERCISES)
    for name, exercise in EXERCISES.items():
        text = (room / "release" / f"{name}.py").read_text(encoding="utf-8")
        assert text == exercise.stub.file(f"{name}.py")
    head, *listed = rows(room / "points.csv")
    assert head == ["exercise", "points", "chapter", "task"]
    assert [row[0] for row in listed] == list(EXERCISES)
    assert all(int(row[1]) == len(EXERCISES[row[0]].probes) for row in listed)
    readme = (room / "README.md").read_text(encoding="utf-8")
    total = sum(int(row[1]) for row in listed)
    assert f"\n| **all** | {total} |  |  |\n" in readme
    assert "python3 -m minicnn.exercises grade course/room\n" in readme
    assert len(re.findall(r"^\| \w+ \| \d+ \| \d\d-[\w-]+ \|", readme, re.MULTILINE)) == count
    assert list((room / "submitted").iterdir()) == []
    assert (room / "slides.html").read_text(encoding="utf-8") == SLIDES
    source = room / "nbgrader" / "source" / "exercises"
    assert {path.name for path in source.iterdir()} == {f"{name}.ipynb" for name in EXERCISES}
    for name, exercise in EXERCISES.items():
        assert (source / f"{name}.ipynb").read_text(encoding="utf-8") == notebook(exercise)
    config = (room / "nbgrader" / "nbgrader_config.py").read_text(encoding="utf-8")
    assert "c.CourseDirectory.course_id = " in config
    assert "have the solutions**; do\nnot hand them out" in readme
    parts = {"README.md", "points.csv", "slides.html", "release", "submitted", "nbgrader"}
    assert {path.name for path in room.iterdir()} == parts
    assert [path.name for path in room.parent.iterdir()] == ["room"]
    assert "`slides.html` has the slides for the two-hour course." in readme
    assert "if a learner has an\nexercise in two files, the last one in the order of" in readme


def test_some_exercises_in_the_order_of_the_chapters(folder: Path) -> None:
    assert main(["classroom", "room", "unfold", "conv2d_forward"]) == 0
    assert [row[0] for row in rows(folder / "room" / "points.csv")[1:]] == [
        name for name in EXERCISES if name in ("unfold", "conv2d_forward")
    ]


def test_the_slides_come_with_the_whole_set_only(folder: Path) -> None:
    assert main(["classroom", "some", "relu_backward", "log_softmax"]) == 0
    assert not (folder / "some" / "slides.html").exists()
    assert "slides" not in (folder / "some" / "README.md").read_text(encoding="utf-8")
    assert main(["classroom", "all", *EXERCISES]) == 0
    assert (folder / "all" / "slides.html").exists()


def test_only_the_folder_is_required(capsys) -> None:
    with pytest.raises(SystemExit) as found:
        main(["classroom"])
    assert found.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(": error: the following arguments are required: folder")


def test_a_folder_that_exists_is_not_changed(folder: Path, capsys) -> None:
    (folder / "room").mkdir()
    assert main(["classroom", "room"]) == 2
    assert capsys.readouterr().out == "room already exists and was not changed.\n"
    assert list((folder / "room").iterdir()) == []
    (folder / "file").write_text("")
    assert main(["classroom", "file/room"]) == 2
    assert capsys.readouterr().out == "file/room cannot be written: Not a directory.\n"


@pytest.mark.parametrize("what", ["file", "full folder", "link to nothing"])
def test_whatever_has_the_name_stays_as_it_is(what: str, folder: Path, capsys) -> None:
    room = folder / "room"
    if what == "file":
        room.write_text("mine")
    elif what == "full folder":
        room.mkdir()
        (room / "mine").write_text("mine")
    else:
        room.symlink_to("nowhere")
    before = sorted(folder.rglob("*"))
    assert main(["classroom", "room"]) == 2
    assert capsys.readouterr().out == "room already exists and was not changed.\n"
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("written", range(0, 9, 2))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_half_way_leaves_nothing(
    written: int, error: BaseException, folder: Path, monkeypatch, capsys
) -> None:
    write, done = Path.write_text, []

    def full(path: Path, *arguments: Any, **options: Any) -> int:
        done.append(path)
        if len(done) > written:
            raise error
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    if isinstance(error, OSError):
        assert main(["classroom", "new/course/room"]) == 2
        words = "new/course/room cannot be written: No space left on device.\n"
        assert capsys.readouterr().out == words
    else:
        with pytest.raises(KeyboardInterrupt):
            main(["classroom", "new/course/room"])
    assert len(done) == written + 1
    assert list(folder.iterdir()) == []


def test_a_failure_leaves_what_was_there_before(folder: Path, monkeypatch) -> None:
    (folder / "course" / "other").mkdir(parents=True)

    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fails)
    assert main(["classroom", "course/room"]) == 2
    assert [path.name for path in (folder / "course").iterdir()] == ["other"]


def test_what_cannot_be_graded_is_said_in_a_line(folder: Path, capsys) -> None:
    assert main(["grade", "none"]) == 2
    made = "a folder that `python3 -m minicnn.exercises classroom` has written"
    assert capsys.readouterr().out == f"none must be {made}: it has no release/.\n"
    main(["classroom", "room", "unfold"])
    capsys.readouterr()
    assert main(["grade", "room"]) == 2
    words = "room/submitted must have a folder for each learner: it has none.\n"
    assert capsys.readouterr().out == words
    assert not (folder / "room" / "grades.csv").exists()


@pytest.mark.slow
def test_grades_are_the_points_of_each_learner(folder: Path, capsys) -> None:
    main(["classroom", "room", "relu_backward", "log_softmax"])
    handed_in = {
        ("ada", "all.py"): RELU.format(">") + right_answer("log_softmax"),
        ("bob", "relu_backward.py"): RELU.format(">="),
        ("bob", "broken.py"): "def (",
        ("eve", "mine.py"): "import os\n" + RELU.format(">") + "os._exit(0)\n",
        ("zoe", "notes.txt"): "nothing",
    }
    for (learner, name), text in handed_in.items():
        (folder / "room" / "submitted" / learner).mkdir(exist_ok=True)
        (folder / "room" / "submitted" / learner / name).write_text(text)
    capsys.readouterr()
    assert main(["grade", "room"]) == 0
    assert capsys.readouterr().out == (
        "ada: 11 of 11 points\n"
        "bob: 1 of 11 points\n"
        "bob: broken.py: This is not valid Python: invalid syntax\n"
        "eve: 0 of 11 points\n"
        "eve: mine.py: Importing the file ended Python (exit code 0).\n"
        "zoe: 0 of 11 points\n"
        "zoe: notes.txt was not read: only .py files directly in the folder are.\n"
        "room/grades.csv: 4 learners. Messages: room/feedback.\n"
    )
    assert rows(folder / "room" / "grades.csv") == [
        ["learner", "points", "of", "relu_backward", "log_softmax"],
        ["ada", "11", "11", "4", "7"],
        ["bob", "1", "11", "1", "0"],
        ["eve", "0", "11", "0", "0"],
        ["zoe", "0", "11", "0", "0"],
    ]
    feedback = {path.stem: path.read_text() for path in (folder / "room" / "feedback").iterdir()}
    assert feedback["ada"].startswith("relu_backward: right. ")
    assert "broken.py: This is not valid Python: " in feedback["bob"]
    assert "relu_backward: not right yet.\n" in feedback["bob"]
    assert feedback["bob"].endswith("\n\nNot handed in: log_softmax.\n")
    assert "Importing the file ended Python (exit code 0).\n" in feedback["eve"]
    assert feedback["zoe"] == (
        "notes.txt was not read: only .py files directly in the folder are.\n\n"
        "Not handed in: relu_backward, log_softmax.\n"
    )


@pytest.fixture
def graded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a file's functions for right, and judge nothing."""

    class Nothing:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def judge_file(submission, path, names, show):
        text = read(path)
        if "def (" in text:
            raise UnreadableError("This is not valid Python: invalid syntax:\n  line 1:  def (")
        for name in names:
            if f"def {name}(" in text:
                yield Verdict(EXERCISES[name], tuple((p, 1) for p in EXERCISES[name].probes))

    monkeypatch.setattr(classroom, "Submission", Nothing)
    monkeypatch.setattr(check, "judge_file", judge_file)


UNREAD = "was not read: only .py files directly in the folder are."
TWICE = "relu_backward is in a.py and b.py: b.py counts."
OTHER = "Not among the exercises of this course: unfold."
HANDED_IN: dict[tuple[str, ...], list[str]] = {  # files: what is said of them
    ("eve/relu_backward.ipynb",): [f"relu_backward.ipynb {UNREAD}"],
    ("eve/RELU_BACKWARD.PY",): [f"RELU_BACKWARD.PY {UNREAD}"],
    ("eve/relu_backward",): [f"relu_backward {UNREAD}"],
    ("eve/deep/relu_backward.py",): [f"deep/ {UNREAD}"],
    ("eve/two\nlines.txt",): [f"two?lines.txt {UNREAD}"],
    ("eve/broken.py",): ["broken.py: This is not valid Python: invalid syntax"],
    ("eve/folder.py/relu_backward.py",): [f"folder.py/ {UNREAD}"],
    ("eve/a.py", "eve/b.py"): [TWICE],
    ("eve/a.py", "eve/b.py", "eve/c.ipynb", "eve/broken.py"): [
        f"c.ipynb {UNREAD}",
        TWICE,
        "broken.py: This is not valid Python: invalid syntax",
    ],
    ("eve/unfold.py",): [OTHER],
    ("eve/.DS_Store", "eve/__pycache__/a.pyc", "eve/.ipynb_checkpoints/a.ipynb"): [],
    ("eve/a.py",): [],
}


@pytest.mark.usefixtures("graded_here")
@pytest.mark.parametrize("files", HANDED_IN, ids=lambda files: "+".join(map(ascii, files)))
def test_whatever_is_handed_in_is_graded_or_named(files, folder: Path, capsys) -> None:
    main(["classroom", "room", "relu_backward"])
    for name in files:
        path = folder / "room" / "submitted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "def unfold(" if path.name == "unfold.py" else "def relu_backward("
        path.write_text("def (" if path.name == "broken.py" else text)
    capsys.readouterr()
    assert main(["grade", "room"]) == 0
    first, *notes, _ = capsys.readouterr().out.splitlines()
    assert first == f"eve: {4 if 'eve/a.py' in files else 0} of 4 points"
    said = HANDED_IN[files]
    assert sorted(notes) == sorted(f"eve: {note}" for note in said)
    feedback = (folder / "room" / "feedback" / "eve.txt").read_text()
    assert all(note in feedback for note in said)


@pytest.mark.usefixtures("graded_here")
def test_a_file_that_is_in_no_learners_folder_is_named(folder: Path, capsys) -> None:
    main(["classroom", "room", "relu_backward"])
    (folder / "room" / "submitted" / "ada").mkdir()
    (folder / "room" / "submitted" / "loose.py").write_text("def relu_backward(")
    (folder / "room" / "submitted" / ".DS_Store").write_text("")
    capsys.readouterr()
    assert main(["grade", "room"]) == 0
    assert capsys.readouterr().out == (
        "ada: 0 of 4 points\n"
        "room/submitted/loose.py was not read: it is in no learner's folder.\n"
        "room/grades.csv: 1 learners. Messages: room/feedback.\n"
    )

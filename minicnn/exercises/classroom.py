"""For teachers: a folder with all that a class needs, and the grades of what was handed in.

    FOLDER/README.md                    the points as a table, and what to do
    FOLDER/points.csv                   the exercises, each with its points and chapter
    FOLDER/slides.html                  slides for the two-hour course, beside all exercises
    FOLDER/release/NAME.py              the stubs, for the learners
    FOLDER/submitted/LEARNER/*.py       put here what was handed in
    FOLDER/grades.csv                   written by `grade`: the points of each learner
    FOLDER/feedback/LEARNER.txt         written by `grade`: the messages of the grader
    FOLDER/nbgrader/                    the same exercises as a course of nbgrader, with notebooks

The layout is that of nbgrader, with files of Python in the place of notebooks.
"""

import csv
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES, chapter
from minicnn.exercises.check import judge_files, readable_name
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.notebook import notebook
from minicnn.exercises.report import report
from minicnn.exercises.submission import Submission
from minicnn.exercises.two_hours import deck

COMMAND = "python3 -m minicnn.exercises"
NBGRADER = """\
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "minicnn"
c.ExecutePreprocessor.timeout = 120  # seconds for a cell
"""
README = """\
# Exercises

`release/` has a file for each exercise. A learner fills in the function, and checks it with

    {command} check NAME.py

An exercise has a point for each group of cases, from easy to hard; the grader stops at the first
group that fails. No particular solution is required.

Put what a learner hands in into `submitted/LEARNER/`, in `.py` files of any name, and grade all
with

    {command} grade {folder}

It writes `grades.csv`, and the messages of the grader for each learner into `feedback/`. The cases
are always the same, so a second run gives the same grades.

Notebooks, other files and folders inside `submitted/LEARNER/` are not read, and if a learner has an
exercise in two files, the last one in the order of their names counts. A line on the screen and in
the feedback reports each such case.

One file is graded with `{command} check --json FILE`: one object of JSON, and the exit code 0 if
everything is right, 1 if something is wrong, 2 if a file could not be read.

{slides}## With nbgrader

`nbgrader/` is a course of nbgrader with one assignment, `exercises`: a notebook for each exercise,
with a point for each group of cases. **The notebooks in `nbgrader/source/` have the solutions**; do
not hand them out. In the folder `nbgrader/`,

    nbgrader generate_assignment exercises

writes those for the learners, without the solutions, into `nbgrader/release/`, and
`nbgrader autograde exercises` grades what is in `nbgrader/submitted/LEARNER/exercises/`. Here the
groups of cases are checked one by one, also those after one that fails.

## Points

{table}
"""
SLIDES = """\
`slides.html` has the slides for the two-hour course. Open it in a browser: the arrow keys turn the
pages, `n` shows the notes, and printing gives a page for each slide.

"""


class ClassroomError(Exception):
    """The folder cannot be used; the message is for the teacher."""


def points(exercise: Exercise) -> int:
    """Return the points of an exercise: one for each group of cases.

    Example:
        >>> points(EXERCISES["relu_backward"])
        4
    """
    return len(exercise.probes)


def classroom(folder: Path, names: Iterable[str] = ()) -> list[Exercise]:
    """Write a folder with all that a class needs.

    Args:
        folder: a new folder.
        names: the names of the exercises; if there are none, all of them.

    Returns:
        The exercises.

    Raises:
        ClassroomError: the folder exists or cannot be written; nothing is left of it.
    """
    if os.path.lexists(folder):
        raise ClassroomError(f"{folder} already exists and was not changed.")
    chosen = [EXERCISES[name] for name in EXERCISES if name in (set(names) or EXERCISES)]
    texts = contents(folder, chosen)
    missing = [parent for parent in folder.parents if not parent.exists()]  # the inmost first
    # Under another name until it is complete, so that a folder of this name is never a part of one.
    unfinished = folder.parent / f".minicnn-{secrets.token_hex(8)}.tmp"
    try:
        (unfinished / "submitted").mkdir(parents=True)
        for name, text in texts.items():
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / name).write_text(text, encoding="utf-8", newline="")
        unfinished.rename(folder)
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        with suppress(OSError):
            for parent in missing:
                parent.rmdir()
        if isinstance(error, OSError):
            raise ClassroomError(f"{folder} cannot be written: {error.strerror}.") from None
        raise
    return chosen


def contents(folder: Path, exercises: list[Exercise]) -> dict[str, str]:
    """Return the text of each file of the folder, by its name in it.

    The slides are about the whole set of exercises: they come with no smaller one.

    Example:
        >>> list(contents(Path("room"), [EXERCISES["unfold"]]))[:2]
        ['release/unfold.py', 'nbgrader/source/exercises/unfold.ipynb']
    """
    rows = [(e.name, str(points(e)), chapter(e.chapter), e.task) for e in exercises]
    total = str(sum(map(points, exercises)))
    head = ("exercise", "points", "chapter", "task")
    lines = [head, ("---",) * 4, *rows, ("**all**", total, "", "")]
    table = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    listed = io.StringIO()
    csv.writer(listed).writerows([head, *rows])
    slides = {"slides.html": deck()} if len(exercises) == len(EXERCISES) else {}
    about = SLIDES if slides else ""
    return {
        **{f"release/{e.name}.py": e.stub.file(f"{e.name}.py") for e in exercises},
        **{f"nbgrader/source/exercises/{e.name}.ipynb": notebook(e) for e in exercises},
        "nbgrader/nbgrader_config.py": NBGRADER,
        "points.csv": listed.getvalue(),
        **slides,
        "README.md": README.format(command=COMMAND, folder=folder, table=table, slides=about),
    }


def grade(folder: Path, show: Callable[[str], None]) -> int:
    """Grade what was handed in: each learner's files in a process of their own.

    Args:
        folder: a folder that `classroom` has written.
        show: called with a line for each learner, and with one for whatever was not graded.

    Returns:
        The number of learners.

    Raises:
        ClassroomError: it is no such folder, nothing was handed in, or it cannot be written.
    """
    names = [name for name in EXERCISES if (folder / "release" / f"{name}.py").is_file()]
    if not names:
        raise ClassroomError(
            f"{folder} must be a folder that `{COMMAND} classroom` has written: it has no release/."
        )
    handed_in = sorted(folder.glob("submitted/*"))
    learners = [path for path in handed_in if path.is_dir()]
    if not learners:
        raise ClassroomError(
            f"{folder}/submitted must have a folder for each learner: it has none."
        )
    of = sum(points(EXERCISES[name]) for name in names)
    try:
        (folder / "feedback").mkdir(exist_ok=True)
        with (folder / "grades.csv").open("w", encoding="utf-8", newline="") as file:
            grades = csv.writer(file)
            grades.writerow(["learner", "points", "of", *names])
            for learner in learners:
                won, notes, text = graded(learner, names)
                total = sum(won.values())
                grades.writerow([learner.name, total, of, *(won[name] for name in names)])
                feedback = folder / "feedback" / f"{learner.name}.txt"
                feedback.write_text(text, encoding="utf-8")
                show(f"{readable_name(Path(learner.name))}: {total} of {of} points")
                for note in notes:
                    show(f"{readable_name(Path(learner.name))}: {note}")
    except OSError as error:
        raise ClassroomError(f"{error.filename} cannot be written: {error.strerror}.") from None
    for path in handed_in:
        if path not in learners and not _of_the_system(path):
            show(f"{readable_name(path)} was not read: it is in no learner's folder.")
    return len(learners)


def graded(learner: Path, names: list[str]) -> tuple[dict[str, int], list[str], str]:
    """Return the points of a learner for each exercise, a line for each thing that a teacher has to
    know of, and the messages of the grader.

    Whatever is in the learner's folder is graded, or is in a line: nothing is passed over in
    silence.
    """
    texts: list[str] = []
    entries = sorted(learner.iterdir())
    files = [path for path in entries if path.suffix == ".py" and not path.is_dir()]
    for path in entries:
        if path not in files and not _of_the_system(path):
            name = readable_name(Path(path.name)) + ("/" if path.is_dir() else "")
            texts.append(f"{name} was not read: only .py files directly in the folder are.")
    with Submission() as submission:
        judged = judge_files(submission, files, texts.append)[0] if files else {}
    others = ", ".join(name for name in judged if name not in names)
    texts += [f"Not among the exercises of this course: {others}."] if others else []
    for place in (learner.absolute(), learner):  # the learner knows the names of files, not of it
        texts = [text.replace(f"{readable_name(place)}{os.sep}", "") for text in texts]
    # The first line of each: what follows quotes the learner's file.
    notes = [text.partition("\n")[0].removesuffix(":") for text in texts]
    won = {name: len(judged[name].verdict.passed) if name in judged else 0 for name in names}
    texts += [report(judged[name].verdict) for name in names if name in judged]
    missing = ", ".join(name for name in names if name not in judged)
    texts += [f"Not handed in: {missing}."] if missing else []
    return won, notes, "\n\n".join(texts) + "\n"


def _of_the_system(path: Path) -> bool:
    """Return whether no learner has made a file: .DS_Store, .ipynb_checkpoints, __pycache__."""
    return path.name.startswith(".") or path.name == "__pycache__"

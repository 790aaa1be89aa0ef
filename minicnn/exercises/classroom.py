"""For teachers: a folder to hand out, and the grades of what was handed in.

    FOLDER/release/NAME.py              the stubs, for the learners
    FOLDER/points.csv                   the exercises, each with its points and chapter
    FOLDER/README.md                    the same as a table, and what to do
    FOLDER/submitted/LEARNER/*.py       put here what was handed in
    FOLDER/grades.csv                   written by `grade`: the points of each learner
    FOLDER/feedback/LEARNER.txt         written by `grade`: the messages of the grader

The layout is that of nbgrader, with files of Python in the place of notebooks.
"""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES, chapter
from minicnn.exercises.check import judge_files
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.report import report
from minicnn.exercises.submission import Submission

COMMAND = "python3 -m minicnn.exercises"
README = """\
# Exercises

`release/` has a file for each exercise. A learner fills in the function, and checks it with

    {command} check NAME.py

An exercise has a point for each group of cases, from easy to hard; the grader stops at the first
group that fails. No particular solution is required.

Put what a learner hands in into `submitted/LEARNER/`, in files of any name, and grade all with

    {command} grade {folder}

It writes `grades.csv`, and the messages of the grader for each learner into `feedback/`. The cases
are always the same, so a second run gives the same grades.

One file is graded with `{command} check --json FILE`: one object of JSON, and the exit code 0 if
everything is right, 1 if something is wrong, 2 if a file could not be read.

{table}
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
    """Write a folder to hand out.

    Args:
        folder: a new folder.
        names: the names of the exercises; if there are none, all of them.

    Returns:
        The exercises.

    Raises:
        ClassroomError: the folder exists or cannot be written.
    """
    chosen = [EXERCISES[name] for name in EXERCISES if name in (set(names) or EXERCISES)]
    rows = [(e.name, str(points(e)), chapter(e.chapter), e.task) for e in chosen]
    total = str(sum(map(points, chosen)))
    head = ("exercise", "points", "chapter", "task")
    lines = [head, ("---",) * 4, *rows, ("**all**", total, "", "")]
    table = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    try:
        folder.mkdir(parents=True)
        for part in ("release", "submitted"):
            (folder / part).mkdir()
        for exercise in chosen:
            exercise.stub.write(folder / "release" / f"{exercise.name}.py")
        with (folder / "points.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        text = README.format(command=COMMAND, folder=folder, table=table)
        (folder / "README.md").write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ClassroomError(f"{folder} already exists and was not changed.") from None
    except OSError as error:
        raise ClassroomError(f"{folder} cannot be written: {error.strerror}.") from None
    return chosen


def grade(folder: Path, show: Callable[[str], None]) -> int:
    """Grade what was handed in: each learner's files in a process of their own.

    Args:
        folder: a folder that `classroom` has written.
        show: called with a line for each learner.

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
    learners = sorted(path for path in folder.glob("submitted/*") if path.is_dir())
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
                won, text = graded(learner, names)
                total = sum(won.values())
                grades.writerow([learner.name, total, of, *(won[name] for name in names)])
                feedback = folder / "feedback" / f"{learner.name}.txt"
                feedback.write_text(text, encoding="utf-8")
                show(f"{learner.name}: {total} of {of} points")
    except OSError as error:
        raise ClassroomError(f"{error.filename} cannot be written: {error.strerror}.") from None
    return len(learners)


def graded(learner: Path, names: list[str]) -> tuple[dict[str, int], str]:
    """Return the points of a learner for each exercise, and the messages of the grader."""
    texts: list[str] = []
    files = sorted(learner.glob("*.py"))
    with Submission() as submission:
        judged = judge_files(submission, files, texts.append)[0] if files else {}
    won = {name: len(judged[name].verdict.passed) if name in judged else 0 for name in names}
    texts += [report(judged[name].verdict) for name in names if name in judged]
    missing = ", ".join(name for name in names if name not in judged)
    texts += [f"Not handed in: {missing}."] if missing else []
    return won, "\n\n".join(texts) + "\n"

"""The command line of the exercises; see the docstring of the package."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from minicnn.exercises.arguments import parse

RIGHT, WRONG, UNREADABLE = 0, 1, 2  # exit codes
NO_HYPOTHESIS = """\
The exercises need hypothesis, which comes with the extra "test":
    pip install -e '.[test]'        (in the folder of the repository)"""


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return the exit code."""
    options = parse(arguments)
    if hasattr(sys.stdout, "reconfigure"):  # a console without a character prints "?"
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        return COMMANDS[options.command](options)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        print(NO_HYPOTHESIS)
        return UNREADABLE


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def show_list(options: argparse.Namespace) -> int:
    """Print the exercises."""
    from minicnn.exercises.catalogue import listing

    print(listing())
    print("\nTo begin: python3 -m minicnn.exercises start NAME")
    return RIGHT


def start(options: argparse.Namespace) -> int:
    """Write the stub of an exercise, unless the file exists."""
    from minicnn.exercises.catalogue import EXERCISES, chapter, unknown

    if options.name not in EXERCISES:
        print(unknown(options.name))
        return UNREADABLE
    exercise = EXERCISES[options.name]
    path = options.file or Path(f"{options.name}.py")
    try:
        exercise.stub.write(path)
    except FileExistsError:
        print(f"{path} already exists and was not changed. Give another file name to start again.")
        return UNREADABLE
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}.")
        return UNREADABLE
    print(
        f"{path}: {exercise.task} ({chapter(exercise.chapter)}).\n"
        f"Fill it in, then: python3 -m minicnn.exercises check {path}"
    )
    return RIGHT


def check(options: argparse.Namespace) -> int:
    """Check every exercise in each of the files and print the verdicts."""
    if options.json:
        return check_as_json(options.files)
    several = len(options.files) > 1
    return max(check_one(path, several) for path in options.files)


def check_one(path: Path, several: bool) -> int:
    """Check every exercise in a file, one of several or the only one, and print the verdicts."""
    from minicnn.exercises.check import check_file, readable_name
    from minicnn.exercises.submission import UnreadableError

    if several:
        say(f"In {readable_name(path)}:\n")
    try:
        verdicts = check_file(path, lambda text: say(f"{text}\n"))
    except UnreadableError as error:
        print(f"{error}\n" if several else f"{readable_name(path)}: {error}")
        return UNREADABLE
    right = sum(verdict.right for verdict in verdicts)
    if len(verdicts) > 1:
        print(f"{right} of {len(verdicts)} right." + ("\n" if several else ""))
    return RIGHT if right == len(verdicts) else WRONG


def check_as_json(paths: list[Path]) -> int:
    """Check every exercise in each of the files and print one object of JSON."""
    from minicnn.exercises.check import check_file, record
    from minicnn.exercises.submission import UnreadableError

    code, files = RIGHT, []
    for path in paths:
        found: dict[str, Any] = {"file": str(path), "error": None, "exercises": []}
        try:
            found["exercises"] = list(map(record, check_file(path, lambda text: None)))
        except UnreadableError as error:
            found["error"] = str(error)
            code = UNREADABLE
        files.append(found)
        if not all(exercise["right"] for exercise in found["exercises"]):
            code = max(code, WRONG)
    print(json.dumps({"files": files}, indent=2))
    return code


def status(options: argparse.Namespace) -> int:
    """Show what is right and what is next."""
    from minicnn.exercises.status import status

    return RIGHT if status(options.files, say) else UNREADABLE


def hint(options: argparse.Namespace) -> int:
    """Show a hint."""
    from minicnn.exercises.catalogue import EXERCISES, unknown
    from minicnn.exercises.check import readable_name
    from minicnn.exercises.status import hint
    from minicnn.exercises.submission import UnreadableError

    if options.name not in EXERCISES:
        print(unknown(options.name))
        return UNREADABLE
    path = options.file or Path(f"{options.name}.py")
    try:
        return RIGHT if hint(EXERCISES[options.name], options.step, path, say) else WRONG
    except UnreadableError as error:
        print(f"{readable_name(path)}: {error}")
        return UNREADABLE


def train(options: argparse.Namespace) -> int:
    """Train with the functions that are right, and compare with minicnn."""
    from minicnn.data import DataError
    from minicnn.exercises import capstone
    from minicnn.exercises.submission import UnreadableError

    try:
        trained = capstone.train(options.files, options.minutes, say)
    except capstone.TrainingError as error:
        print(error)
        return WRONG
    except (DataError, UnreadableError) as error:
        print(error)
        return UNREADABLE
    return RIGHT if trained else UNREADABLE


def cheatsheet(options: argparse.Namespace) -> int:
    """Print the cheat sheet."""
    from minicnn.exercises.cheatsheet import sheet

    print(sheet())
    return RIGHT


def classroom(options: argparse.Namespace) -> int:
    """Write a folder for a class."""
    from minicnn.exercises.catalogue import EXERCISES, unknown
    from minicnn.exercises.classroom import ClassroomError, classroom

    for name in options.names:
        if name not in EXERCISES:
            print(unknown(name))
            return UNREADABLE
    try:
        exercises = classroom(options.folder, options.names)
    except ClassroomError as error:
        print(error)
        return UNREADABLE
    folder = options.folder
    print(f"{folder}: {len(exercises)} exercises. {folder}/README.md says what next.")
    return RIGHT


def grade(options: argparse.Namespace) -> int:
    """Grade what was handed in."""
    from minicnn.exercises.classroom import ClassroomError, grade

    try:
        learners = grade(options.folder, say)
    except ClassroomError as error:
        print(error)
        return UNREADABLE
    print(f"{options.folder}/grades.csv: {learners} learners. Messages: {options.folder}/feedback.")
    return RIGHT


COMMANDS = {
    None: show_list,
    "list": show_list,
    "start": start,
    "new": start,
    "check": check,
    "status": status,
    "hint": hint,
    "train": train,
    "cheatsheet": cheatsheet,
    "classroom": classroom,
    "grade": grade,
}

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped")

"""The arguments of the command line."""

import argparse
from pathlib import Path

from minicnn.exercises import __doc__ as description

OWN_FILES = "your files (default: each NAME.py in the current folder)"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python3 -m minicnn.exercises",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")

    commands.add_parser("list", help="list the exercises, as without a command")

    begin = commands.add_parser("start", aliases=["new"], help="write a file to fill in")
    begin.add_argument("name", help="name of the exercise")
    begin.add_argument("file", nargs="?", type=Path, help="file to write (default: NAME.py)")

    judge = commands.add_parser("check", help="check the exercises in files")
    judge.add_argument("files", nargs="+", type=Path, metavar="file")
    judge.add_argument("--json", action="store_true", help="print the verdicts as JSON")

    done = commands.add_parser("status", help="show what is right and what is next")
    done.add_argument("files", nargs="*", type=Path, metavar="file", help=OWN_FILES)

    hint = commands.add_parser("hint", help="show a hint, after an attempt")
    hint.add_argument("name", help="name of the exercise")
    hint.add_argument(
        "step", nargs="?", type=int, choices=(1, 2, 3), default=1, help="1, 2 or 3 (default: 1)"
    )
    hint.add_argument("--file", type=Path, help="file with the attempt (default: NAME.py)")

    trained = commands.add_parser("train", help="train a network with your own functions")
    trained.add_argument("files", nargs="*", type=Path, metavar="file", help=OWN_FILES)
    trained.add_argument(
        "--minutes",
        type=minutes,
        default=5.0,
        help="time for the training with your functions (default: 5); slow ones take fewer steps",
    )

    commands.add_parser("cheatsheet", help="print formula, shapes and gradient of each op")

    room = commands.add_parser("classroom", help="for teachers: write a folder for a class")
    room.add_argument("folder", type=Path, help="new folder")
    room.add_argument(  # with a default: without one argparse calls it required
        "names", nargs="*", default=[], metavar="name", help="exercises (default: all)"
    )

    grade = commands.add_parser("grade", help="for teachers: grade what was handed in")
    grade.add_argument("folder", type=Path, help="folder that classroom has written")
    return parser.parse_args(arguments)


def minutes(text: str) -> float:
    """Read a time.

    Example:
        >>> minutes("0.5")
        0.5
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return value

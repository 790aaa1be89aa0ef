"""The command line of the exercises; see the docstring of the package."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from minicnn.exercises import __doc__ as description

RIGHT, WRONG, UNREADABLE = 0, 1, 2  # exit codes
OWN_FILES = "your files (default: each NAME.py in the current folder)"
NO_HYPOTHESIS = """\
The exercises need hypothesis, which comes with the extra "test":
    pip install 'minicnn[test]'        (in a checkout: pip install -e '.[test]')"""


def main(arguments: list[str]) -> int:
    """List, start or check; return the exit code."""
    options = parse(arguments)
    if hasattr(sys.stdout, "reconfigure"):  # a console without a character prints "?"
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    # By default hypothesis writes its database to the current folder.
    notes = Path(tempfile.gettempdir()) / "minicnn-exercises"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(notes))
    try:
        if options.command in ("start", "new"):
            return start(options.name, options.file)
        if options.command == "check":
            return max(check(path) for path in options.files)
        if options.command == "train":
            return train(options.files, options.minutes)
        return show_list()
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        print(NO_HYPOTHESIS)
        return UNREADABLE


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python3 -m minicnn.exercises",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    begin = commands.add_parser("start", aliases=["new"], help="write a file to fill in")
    begin.add_argument("name", help="name of the exercise")
    begin.add_argument("file", nargs="?", type=Path, help="file to write (default: NAME.py)")
    judge = commands.add_parser("check", help="check the exercises in files")
    judge.add_argument("files", nargs="+", type=Path, metavar="file")
    trained = commands.add_parser("train", help="train a network with your own functions")
    trained.add_argument("files", nargs="*", type=Path, metavar="file", help=OWN_FILES)
    trained.add_argument(
        "--minutes",
        type=minutes,
        default=5.0,
        help="time for the training with your functions (default: 5); slow ones take fewer steps",
    )
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


def show_list() -> int:
    """Print the exercises."""
    from minicnn.exercises.catalogue import listing

    print(listing())
    print("\nTo begin: python3 -m minicnn.exercises start NAME")
    return RIGHT


def start(name: str, file: Path | None = None) -> int:
    """Write the stub of an exercise, unless the file exists."""
    from difflib import get_close_matches

    from minicnn.exercises.catalogue import EXERCISES, chapter

    if name not in EXERCISES:
        near = get_close_matches(name, EXERCISES, 1)
        print(f"There is no exercise {name!r}." + (f" Did you mean {near[0]}?" if near else ""))
        return UNREADABLE
    path = file or Path(f"{name}.py")
    try:
        EXERCISES[name].stub.write(path)
    except FileExistsError:
        print(f"{path} already exists and was not changed. Give another file name to start again.")
        return UNREADABLE
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}.")
        return UNREADABLE
    print(
        f"{path}: {EXERCISES[name].task} ({chapter(EXERCISES[name].chapter)}).\n"
        f"Fill it in, then: python3 -m minicnn.exercises check {path}"
    )
    return RIGHT


def check(path: Path) -> int:
    """Check every exercise in a file and print the verdicts."""
    from minicnn.exercises.check import check_file, readable_name
    from minicnn.exercises.submission import UnreadableError

    try:
        verdicts = check_file(path, lambda text: print(f"{text}\n", flush=True))
    except UnreadableError as error:
        print(f"{readable_name(path)}: {error}")
        return UNREADABLE
    right = sum(verdict.right for verdict in verdicts)
    if len(verdicts) > 1:
        print(f"{right} of {len(verdicts)} right.")
    return RIGHT if right == len(verdicts) else WRONG


def train(files: list[Path], minutes: float) -> int:
    """Train with the functions that are right, and compare with minicnn."""
    from minicnn.data import DataError
    from minicnn.exercises import capstone
    from minicnn.exercises.submission import UnreadableError

    try:
        trained = capstone.train(files, minutes, lambda text: print(text, flush=True))
    except capstone.TrainingError as error:
        print(error)
        return WRONG
    except (DataError, UnreadableError) as error:
        print(error)
        return UNREADABLE
    return RIGHT if trained else UNREADABLE


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped")

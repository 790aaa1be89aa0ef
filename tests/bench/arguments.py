"""What the command lines of the tools check before anything runs."""

import argparse
import contextlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from minicnn import checks


def at_least(minimum: int) -> Callable[[str], int]:
    """Return an argparse type: a whole number of at least ``minimum``."""

    def parse(text: str) -> int:
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        return int(text)

    parse.__name__ = "int"  # for argparse's message: "invalid int value"
    return parse


def check_writable(parser: argparse.ArgumentParser, *paths: Path) -> None:
    """End the program if a file that --save stands for could not be written; write nothing.

    A measurement takes minutes or hours, and its results should not be lost at the end.
    """
    for path in paths:
        try:
            with contextlib.suppress(FileNotFoundError):
                path.stat()  # too long a name, a loop of links, a file in place of a folder
            checks.file(path)
            folder = next(parent for parent in path.absolute().parents if parent.exists())
            with tempfile.TemporaryFile(dir=folder):  # permissions alone do not tell everything
                pass
        except OSError as error:
            parser.error(f"--save: {path} cannot be written: {error.strerror or error}")


def parse_save(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse a command line with the option --save for a file of text, which must be writable."""
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the text there too")
    args = parser.parse_args(argv)
    if args.save:
        check_writable(parser, args.save)
    return args


def publish(text: str, path: Path | None) -> None:
    """Print a text, and write it if there is a path."""
    print(text)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


def refuse(
    parser: argparse.ArgumentParser, options: Sequence[str], names: Iterable[str], reason: str
) -> None:
    """End the program if ``options`` hold one of these, also abbreviated, for a ``reason``."""
    known = argparse.ArgumentParser(parser.prog, argparse.SUPPRESS, add_help=False)
    for name in sorted(names):
        flags = ["-h", "--help"] if name == "help" else [f"--{name.replace('_', '-')}"]
        known.add_argument(*flags, nargs="?", const=True, dest=name)
    found, _ = known.parse_known_args(options)
    given = [name.replace("_", "-") for name, value in vars(found).items() if value is not None]
    if given:
        parser.error(f"{', '.join(f'--{name}' for name in given)}: {reason}")

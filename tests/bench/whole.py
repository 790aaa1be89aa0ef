"""Whole processes: our example against the usual script, imports and data loading included.

Both print the test accuracy after every epoch (ours through `watched`), and the clock runs from the
start of the process to that line. Ours and theirs take turns, seed after seed.
"""

import re
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import minicnn
from minicnn import data
from tests.bench.children import Line, lines_of
from tests.bench.measure import Case, Meter
from tests.bench.row import Measured, UnmeasuredError

EXAMPLE = Path(minicnn.__file__).parents[1] / "examples" / "train_mnist.py"
REFERENCE = Path(__file__).with_name("reference.py")
IN_A_HURRY = ("--epochs", "1")  # options of the example
TARGET = 0.99


Lines = tuple[Line, ...]


class Runs(NamedTuple):
    """What the processes of one seed printed, and when."""

    hurried: Lines
    default: Lines
    usual: Lines


class Race(NamedTuple):
    """How long a process took, in seconds, and the test accuracy that it had then."""

    seconds: float
    accuracy: float


def until_target(meter: Meter) -> Measured:
    """Compare the time until 99.0 % of the test digits are right."""
    case, accuracies = compare(all_runs(meter.processes), "hurried", stop_at_target)
    return Measured([case], _note(*accuracies))


def default_settings(meter: Meter) -> Measured:
    """Compare the whole runs at their default settings; ours has to be the more accurate one."""
    case, accuracies = compare(all_runs(meter.processes), "default", at_the_end)
    return Measured([case], _note(*accuracies), holds=accuracies[0] > accuracies[1])


@cache  # both rows are about the same runs of the usual script, which take half an hour
def all_runs(processes: int) -> tuple[Runs, ...]:
    """Run all processes, a seed after the other."""
    _require_data_and_example()
    runners = {
        "hurried": lambda seed: _example(seed, ["-m", "tests.bench.watched"], IN_A_HURRY),
        "usual": _reference,
        "default": lambda seed: _example(seed, [], ()),
    }
    return tuple(Runs(**in_turn(runners, seed)) for seed in range(processes))


def in_turn(runners: dict[str, Callable[[int], Lines]], seed: int) -> dict[str, Lines]:
    """Run a process of each kind; with the next seed, the one that was first comes last."""
    names = list(runners)
    first = seed % len(names)
    return {name: runners[name](seed) for name in names[first:] + names[:first]}


def compare(
    runs: Iterable[Runs], ours: str, judge: Callable[[Lines], Race]
) -> tuple[Case, tuple[float, float]]:
    """Return the times of our runs and of the usual ones, and the mean accuracy of each side."""
    sides = [[judge(getattr(each, side)) for each in runs] for side in (ours, "usual")]
    our_seconds, their_seconds = (tuple(race.seconds for race in side) for side in sides)
    our_accuracy, their_accuracy = (fmean(race.accuracy for race in side) for side in sides)
    return Case("process", our_seconds, their_seconds), (our_accuracy, their_accuracy)


def stop_at_target(lines: Lines) -> Race:
    """Return when a process first printed a test accuracy of the target or more.

    Raises:
        UnmeasuredError: it ended before that.

    Example:
        >>> lines = [(9.0, "Test, 9 images: accuracy 98.70%"), (12.0, "Test: accuracy 99.02%")]
        >>> stop_at_target((*lines, (15.0, "Test: accuracy 99.10%"), (16.0, "")))
        Race(seconds=12.0, accuracy=0.9902)
    """
    best = 0.0
    for seconds, line in lines:
        accuracy = _test_accuracy(line)
        if accuracy is not None and accuracy >= TARGET:
            return Race(seconds, accuracy)
        best = max(best, accuracy or 0.0)
    raise UnmeasuredError(f"a run ended below {TARGET:.1%} of the test digits, at {best:.2%}")


def at_the_end(lines: Lines) -> Race:
    """Return when a process ended, and the last test accuracy that it printed.

    Example:
        >>> at_the_end(((9.0, "Test: accuracy 98.7%"), (9.5, "Bye."), (10.0, "")))
        Race(seconds=10.0, accuracy=0.987)
    """
    seconds, texts = zip(*lines, strict=True)
    accuracies = [accuracy for text in texts if (accuracy := _test_accuracy(text)) is not None]
    if not accuracies:
        raise UnmeasuredError("a run ended without a test accuracy")
    return Race(seconds[-1], accuracies[-1])


def _test_accuracy(line: str) -> float | None:
    found = re.match(r"Test\b.*\baccuracy (\d+(?:\.\d+)?)%", line)
    # Rounded, for 99.02 / 100 is not the float nearest to 0.9902.
    return None if found is None else round(float(found[1]) / 100, 6)


def _note(ours: float, theirs: float) -> str:
    return f"mean test accuracy {ours:.2%} against {theirs:.2%}"


def _example(seed: int, before: list[str], options: tuple[str, ...]) -> Lines:
    with tempfile.TemporaryDirectory() as folder:
        command = [*before, str(EXAMPLE), "--dataset", "mnist", *options, "--seed", str(seed)]
        return tuple(lines_of([*command, "--out", f"{folder}/run"]))


def _reference(seed: int) -> Lines:
    options = ["--data-dir", str(data.data_dir()), "--seed", str(seed)]
    return tuple(lines_of([str(REFERENCE), *options]))


def _require_data_and_example() -> None:
    if not EXAMPLE.exists():
        raise UnmeasuredError(f"needs the examples, and {EXAMPLE} is not there")
    try:
        data.load_mnist(download=False)
    except data.MissingDataError as error:
        raise UnmeasuredError(f"needs MNIST: {error}") from error

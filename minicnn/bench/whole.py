"""Whole processes: our example against the usual script, imports and data loading included.

Both print the test accuracy after every epoch (ours through `watched`), and the clock runs from the
start of the process to that line. The runs alternate, each with a seed of its own.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import minicnn
from minicnn import data
from minicnn.bench.children import Line, lines_of
from minicnn.bench.measure import Case, Meter
from minicnn.bench.row import Measured, UnmeasuredError

EXAMPLE = Path(minicnn.__file__).parents[1] / "examples" / "train_mnist.py"
REFERENCE = Path(__file__).with_name("reference.py")
IN_A_HURRY = ("--epochs", "1")  # options of the example
TARGET = 0.99


class Race(NamedTuple):
    """How long a process took, in seconds, and the test accuracy that it had then."""

    seconds: float
    accuracy: float


Runner = Callable[[int], Race]  # of a seed


def until_target(meter: Meter) -> Measured:
    """Compare the time until 99.0 % of the test digits are right."""
    _require_data_and_example()

    def ours(seed: int) -> Race:
        return _example(seed, ["-m", "minicnn.bench.watched"], IN_A_HURRY, stop_at_target)

    case, accuracies = alternate(ours, lambda seed: _reference(seed, stop_at_target), meter)
    return Measured([case], _note(*accuracies))


def default_settings(meter: Meter) -> Measured:
    """Compare the whole runs at their default settings; ours has to be the more accurate one."""
    _require_data_and_example()
    case, accuracies = alternate(
        lambda seed: _example(seed, [], (), at_the_end),
        lambda seed: _reference(seed, at_the_end),
        meter,
    )
    return Measured([case], _note(*accuracies), holds=accuracies[0] > accuracies[1])


def alternate(ours: Runner, theirs: Runner, meter: Meter) -> tuple[Case, tuple[float, float]]:
    """Run the processes in turn; return their times, and the mean accuracy of each side."""
    races: tuple[list[Race], list[Race]] = ([], [])
    for seed in range(meter.processes):
        for side in (0, 1) if seed % 2 == 0 else (1, 0):
            races[side].append((ours, theirs)[side](seed))
    our_seconds, their_seconds = (tuple(race.seconds for race in side) for side in races)
    our_accuracy, their_accuracy = (fmean(race.accuracy for race in side) for side in races)
    return Case("process", our_seconds, their_seconds), (our_accuracy, their_accuracy)


def stop_at_target(lines: Iterator[Line]) -> Race:
    """Return when a process first printed a test accuracy of the target or more.

    Raises:
        UnmeasuredError: it ended before that.

    Example:
        >>> lines = [(9.0, "Test, 9 images: accuracy 98.70%"), (12.0, "Test: accuracy 99.02%")]
        >>> stop_at_target(iter([*lines, (15.0, "Test: accuracy 99.10%"), (16.0, "")]))
        Race(seconds=12.0, accuracy=0.9902)
    """
    best = 0.0
    for seconds, line in lines:
        accuracy = _test_accuracy(line)
        if accuracy is not None and accuracy >= TARGET:
            return Race(seconds, accuracy)
        best = max(best, accuracy or 0.0)
    raise UnmeasuredError(f"a run ended below {TARGET:.1%} of the test digits, at {best:.2%}")


def at_the_end(lines: Iterator[Line]) -> Race:
    """Return when a process ended, and the last test accuracy that it printed.

    Example:
        >>> at_the_end(iter([(9.0, "Test: accuracy 98.7%"), (9.5, "Bye."), (10.0, "")]))
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


def _example(
    seed: int, before: list[str], options: tuple[str, ...], judge: Callable[[Iterator[Line]], Race]
) -> Race:
    with tempfile.TemporaryDirectory() as folder:
        command = [*before, str(EXAMPLE), "--dataset", "mnist", *options]
        with closing(lines_of([*command, "--seed", str(seed), "--out", folder])) as lines:
            return judge(lines)


def _reference(seed: int, judge: Callable[[Iterator[Line]], Race]) -> Race:
    command = [str(REFERENCE), "--data-dir", str(data.data_dir()), "--seed", str(seed)]
    with closing(lines_of(command)) as lines:
        return judge(lines)


def _require_data_and_example() -> None:
    if not EXAMPLE.exists():
        raise UnmeasuredError(f"needs the examples, and {EXAMPLE} is not there")
    try:
        data.load_mnist(download=False)
    except data.MissingDataError as error:
        raise UnmeasuredError(f"needs MNIST: {error}") from error

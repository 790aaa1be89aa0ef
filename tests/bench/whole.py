"""Whole processes: our example against the usual script, imports and data loading included.

Both print the test accuracy after every epoch, and the clock runs from the start of the process to
that line. The example itself evaluates the test digits once, at its end. So it is run by this
module,

    python -m tests.bench.whole examples/train_mnist.py --epochs 1 --shift 1

which evaluates the test digits, for the stopwatch alone, whenever the script evaluates its
validation digits; the time that this takes is counted as the script's.
"""

import os
import re
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

from minicnn import data, train
from tests.bench.measure import Case, Meter
from tests.bench.row import Measured, UnmeasuredError

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_mnist.py"
# A module: started by its path, it would find tests/bench/profile.py in place of Python's profile.
REFERENCE = ("-m", "tests.bench.reference")
HURRIED = ("--epochs", "1", "--shift", "1")  # options of the example
TARGET = 0.99

Line = tuple[float, str]  # seconds since the process was started, and what it printed
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
    return compare(runs_of(meter.run), "hurried", stop_at_target)


def default_settings(meter: Meter) -> Measured:
    """Compare the whole runs at their default settings; ours has to be the more accurate one."""
    measured = compare(runs_of(meter.run), "default", at_the_end)
    ours, theirs = measured.numbers
    return measured._replace(holds=ours > theirs)


@cache  # both rows use the same run of the usual script, which takes a quarter of an hour
def runs_of(seed: int) -> Runs:
    """Run the processes of one seed."""
    _require_data_and_example()
    runners = {
        "hurried": lambda seed: _example(seed, ["-m", "tests.bench.whole"], HURRIED),
        "usual": _reference,
        "default": lambda seed: _example(seed, [], ()),
    }
    return Runs(**in_turn(runners, seed))


def in_turn(runners: dict[str, Callable[[int], Lines]], seed: int) -> dict[str, Lines]:
    """Run a process of each kind; with the next seed, the one that was first comes last."""
    names = list(runners)
    first = seed % len(names)
    return {name: runners[name](seed) for name in names[first:] + names[:first]}


def compare(runs: Runs, ours: str, judge: Callable[[Lines], Race]) -> Measured:
    """Compare our run with the usual one: the time, and in the note the accuracy."""
    our_race, their_race = judge(getattr(runs, ours)), judge(runs.usual)
    return Measured(
        [Case("process", (our_race.seconds,), (their_race.seconds,))],
        "test accuracy {:.2%} against {:.2%}",
        (our_race.accuracy, their_race.accuracy),
    )


def stop_at_target(lines: Lines) -> Race:
    """Return when a process first printed a test accuracy of at least the target.

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


def lines_of(
    arguments: list[str], clock: Callable[[], float] = time.perf_counter
) -> Generator[Line, None, None]:
    """Run a Python process and yield each line that it prints, with its time.

    Closing the generator ends the process.

    Args:
        arguments: of the interpreter, such as ["-m", "module"].
        clock: returns seconds.

    Yields:
        (seconds since the start, line); finally (seconds, "") when the process has ended.

    Raises:
        UnmeasuredError: it failed; the message has the end of its error output.

    Example:
        >>> [line for _, line in lines_of(["-c", "print(1); print(2)"])]
        ['1', '2', '']
    """
    threads = str(torch.get_num_threads())
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    # Errors go to a file: a pipe that is not read would fill up and block the process.
    with tempfile.TemporaryFile("w+") as errors:
        start = clock()
        process = subprocess.Popen(
            [sys.executable, "-u", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
        assert process.stdout is not None  # it was asked for
        try:
            for line in process.stdout:
                yield clock() - start, line.rstrip("\n")
            code = process.wait()
            ended = clock() - start
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if code != 0:
            errors.seek(0)
            words = errors.read().strip()[-500:]
            raise UnmeasuredError(f"{' '.join(arguments)} failed ({code}): {words}")
    yield ended, ""


def _example(seed: int, before: list[str], options: tuple[str, ...]) -> Lines:
    with tempfile.TemporaryDirectory() as folder:
        command = [*before, str(EXAMPLE), "--dataset", "mnist", *options, "--seed", str(seed)]
        return tuple(lines_of([*command, "--out", f"{folder}/run"]))


def _reference(seed: int) -> Lines:
    options = ["--data-dir", str(data.data_dir()), "--seed", str(seed)]
    return tuple(lines_of([*REFERENCE, *options]))


def _require_data_and_example() -> None:
    if not EXAMPLE.exists():
        raise UnmeasuredError(f"needs the examples, and {EXAMPLE} is not there")
    try:
        data.load_mnist(download=False)
    except data.MissingDataError as error:
        raise UnmeasuredError(f"needs MNIST: {error}") from error


def evaluate_test_digits_too() -> None:
    """Make ``train.evaluate`` also print the accuracy on the test digits."""
    evaluate = train.evaluate

    @cache
    def test_digits() -> data.Split:
        return data.load_mnist(download=False)[1]

    def watched(net: Any, params: Any, state: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        result = evaluate(net, params, state, *args, **kwargs)
        test = test_digits()
        seen = evaluate(net, params, state, data.batches(test, 1000))
        print(f"Test, {len(test.labels):,} images, watched: accuracy {seen['accuracy']:.2%}")
        return result

    train.evaluate = watched


def main() -> None:
    """Run a script as Python does, but with the test digits evaluated too."""
    evaluate_test_digits_too()
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

"""Check a file: every exercise in it, one after the other."""

import os
from collections.abc import Callable
from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.deadline import GRACE, SECONDS, Watchman
from minicnn.exercises.judge import Verdict, judge
from minicnn.exercises.learner import exercises_in, load
from minicnn.exercises.report import report

STUCK = (
    "{name}: it has not come back after {seconds:.0f} seconds, and cannot be interrupted.\n"
    "  Does a bare `except:` catch everything, or does it wait for something?"
)


def check_file(path: Path, show: Callable[[str], None] = print) -> list[Verdict]:
    """Judge the exercises in a learner's file, and show each verdict as it comes.

    Args:
        path: the file.
        show: is given each report.

    Returns:
        The verdicts, in the order of the book.

    Raises:
        UnreadableError: there is no exercise to be had from the file.
    """

    def stuck(name: str) -> Callable[[], None]:
        return lambda: show(STUCK.format(name=name, seconds=SECONDS + GRACE))

    path = Path(os.path.abspath(path))
    with Watchman(stuck(path.name)) as watchman:
        module = load(path, watchman)
    verdicts = []
    for name, function in exercises_in(module, EXERCISES).items():
        verdicts.append(judge(EXERCISES[name], function, stuck=stuck(name)))
        show(report(verdicts[-1]))
    return verdicts

"""Check every exercise in a file."""

import os
from collections.abc import Callable
from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.deadline import GRACE, SECONDS, Watchman
from minicnn.exercises.judge import Verdict, judge
from minicnn.exercises.learner import exercises_in, load
from minicnn.exercises.report import report

STUCK = (
    "{name}: it has not returned after {seconds:.0f} seconds and cannot be interrupted.\n"
    "  Is there a bare `except:` that catches everything, or does it wait for input?"
)


def check_file(path: Path, show: Callable[[str], None] = print) -> list[Verdict]:
    """Check the exercises in a learner's file and show each verdict as soon as it is known.

    Args:
        path: the learner's file.
        show: called with the text of each report.

    Returns:
        The verdicts, in the order of the chapters.

    Raises:
        UnreadableError: the file cannot be run, or contains no exercise.
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

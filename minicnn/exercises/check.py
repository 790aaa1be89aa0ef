"""Check every exercise in a file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from minicnn.exercises.submission import Submission

if TYPE_CHECKING:
    from minicnn.exercises.judge import Verdict


def check_file(path: Path, show: Callable[[str], None] = print) -> "list[Verdict]":
    """Check the exercises in a learner's file and show each verdict as soon as it is known.

    Args:
        path: the learner's file.
        show: called with the text of each report.

    Returns:
        The verdicts, in the order of the chapters, at least one.

    Raises:
        UnreadableError: the file cannot be run, or contains no exercise.
    """
    path = Path(os.path.abspath(path))
    with Submission() as submission:
        # The new process imports torch, which takes seconds; in the meantime this one does too.
        from minicnn.exercises.catalogue import EXERCISES
        from minicnn.exercises.judge import judge
        from minicnn.exercises.learner import read
        from minicnn.exercises.report import quoted, report

        names, printed = submission.load(path, read(path), EXERCISES)
        if printed:
            show("\n".join(["The file printed:", *quoted(printed)]))
        verdicts = []
        for name in names:
            verdicts.append(judge(EXERCISES[name], submission.answers(name)))
            show(report(verdicts[-1]))
    return verdicts

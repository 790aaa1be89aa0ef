"""Check every exercise in a file, or in the files of a folder."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.exercises.submission import Submission, UnreadableError

if TYPE_CHECKING:
    from minicnn.exercises.judge import Verdict

Show = Callable[[str], None]


class Judged(NamedTuple):
    """The verdict on a function, and the file that it is in."""

    file: Path
    verdict: "Verdict"


def check_file(path: Path, show: Show = print) -> "list[Verdict]":
    """Check the exercises in a learner's file and show each verdict as soon as it is known.

    Functions that are right are timed at the end: whatever a file does then, the verdicts stand.

    Args:
        path: the learner's file.
        show: called with the text of each report, and at the end with the times.

    Returns:
        The verdicts, in the order of the chapters, at least one.

    Raises:
        UnreadableError: the file cannot be run, or contains no exercise.
    """
    with Submission() as submission:
        # The new process imports torch, which takes seconds; in the meantime this one does too.
        from minicnn.exercises.catalogue import EXERCISES
        from minicnn.exercises.report import report, times
        from minicnn.exercises.stopwatch import timed

        verdicts = []
        for verdict in judge_file(submission, path, EXERCISES, show):
            verdicts.append(verdict)
            show(report(verdict))
        for i, verdict in enumerate(verdicts):
            if verdict.right:
                verdicts[i] = replace(verdict, timing=timed(verdict.exercise, submission))
        if text := times(verdicts):
            show(text)
    return verdicts


def judge_file(
    submission: Submission, path: Path, names: Iterable[str], show: Show
) -> "Iterator[Verdict]":
    """Judge the exercises with these names in a file, one after the other.

    Args:
        submission: the process to run the file in.
        path: the file.
        names: the exercises to look for.
        show: called with what the file prints when it is imported.

    Yields:
        A verdict for each exercise in the file, at least one.

    Raises:
        UnreadableError: the file cannot be run, or contains none of the exercises.
    """
    from minicnn.exercises.catalogue import EXERCISES
    from minicnn.exercises.judge import judge
    from minicnn.exercises.learner import read
    from minicnn.exercises.report import quoted

    path = Path(os.path.abspath(path))
    found, printed = submission.load(path, read(path), names)
    if printed:
        show("\n".join(["The file printed:", *quoted(printed)]))
    for name in found:
        yield judge(EXERCISES[name], submission.answers(name))


def judge_files(
    submission: Submission,
    files: list[Path],
    show: Show,
    each: "Callable[[Verdict], None]" = lambda verdict: None,
) -> tuple[dict[str, Judged], bool]:
    """Judge a learner's exercises in one process; of two functions of one name the last counts.

    Which one that is, is shown: it may not be the one that was meant.

    Args:
        submission: the process to run the files in.
        files: the files; if there are none, each NAME.py of the current folder is searched for the
            exercise NAME.
        show: called with a text for each file that is not readable, and with a line for each
            exercise that is in several files.
        each: called with each verdict as soon as it is known.

    Returns:
        The verdicts by exercise, and whether all files could be read.
    """
    from minicnn.exercises.catalogue import EXERCISES

    searched = [(file, list(EXERCISES)) for file in files] or [
        (Path(f"{name}.py"), [name]) for name in EXERCISES if Path(f"{name}.py").exists()
    ]
    judged: dict[str, Judged] = {}
    all_readable = True
    for file, names in searched:
        try:
            for verdict in judge_file(submission, file, names, lambda text: None):
                name = verdict.exercise.name
                if name in judged:
                    first, last = readable_name(judged[name].file), readable_name(file)
                    show(f"{name} is in {first} and {last}: {last} counts.")
                judged[name] = Judged(file, verdict)
                each(verdict)
        except UnreadableError as error:
            show(f"{readable_name(file)}: {error}")
            all_readable = False
    return judged, all_readable


def record(verdict: "Verdict") -> dict[str, Any]:
    """Return a verdict as plain data, for other programs.

    Returns:
        The "name" of the exercise, its "chapter", whether it is "right", the "points" that it has
        won and those that it is worth ("of"): one for each group of cases. If it is wrong, the
        "message", the group that it is "wrong_with" and a "hint"; else None for each of them.
        If it is right, its "timing": the "seconds" of a call, those of "minicnn", the shapes that
        it was measured "on", and whether it was "stopped" then; None if it was not measured.
    """
    from minicnn.exercises.catalogue import chapter

    timing = verdict.timing
    fault = verdict.trial.fault if verdict.trial else None
    return {
        "name": verdict.exercise.name,
        "chapter": chapter(verdict.exercise.chapter),
        "right": verdict.right,
        "points": len(verdict.passed),
        "of": len(verdict.exercise.probes),
        "wrong_with": verdict.probe.name if verdict.probe else None,
        "message": fault.words if fault else None,
        "hint": verdict.diagnosis.hint if verdict.diagnosis else None,
        "timing": timing
        and {
            "seconds": timing.yours,
            "minicnn": timing.ours,
            "on": timing.on,
            "stopped": timing.stopped,
        },
    }


def readable_name(path: Path) -> str:
    """Return the name of a file in one line.

    Example:
        >>> readable_name(Path("two\\nlines.py"))
        'two?lines.py'
    """
    return "".join(c if c.isprintable() else "?" for c in str(path))

"""How far a learner is, and hints in three steps."""

from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES, chapter
from minicnn.exercises.check import Show, judge_file, judge_files, readable_name
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.judge import Verdict
from minicnn.exercises.report import wrapped
from minicnn.exercises.submission import Submission

COMMAND = "python3 -m minicnn.exercises"


def status(files: list[Path], show: Show) -> bool:
    """Check a learner's exercises, and show which are right and what is next.

    Nothing is remembered from one call to the next: every function is checked anew.

    Args:
        files: the learner's files; if there are none, each NAME.py of the current folder.
        show: called with each part of the report.

    Returns:
        Whether all files could be read.
    """
    width = max(map(len, EXERCISES))

    def each(verdict: Verdict) -> None:
        show(f"{verdict.exercise.name:{width}}  {state(verdict)}")

    with Submission() as submission:
        judged, all_readable = judge_files(submission, files, show, each)
    right = [name for name, one in judged.items() if one.verdict.right]
    lines = [f"\n{len(right)} of {len(EXERCISES)} right."]
    following = next((name for name in EXERCISES if name not in right), None)
    if following is None:
        lines.append(f"All done. Train with your own functions: {COMMAND} train")
    else:
        file = judged[following].file if following in judged else None
        todo = f"check {readable_name(file)}" if file else f"start {following}"
        exercise = EXERCISES[following]
        lines.append(f"Next: {following}, {exercise.task} ({chapter(exercise.chapter)}).")
        lines.append(f"    {COMMAND} {todo}")
    show("\n".join(lines))
    return all_readable


def state(verdict: Verdict) -> str:
    """Tell in a few words what a verdict says.

    Example:
        >>> state(Verdict(EXERCISES["relu_backward"], ()))
        'right'
    """
    if verdict.probe is None:
        return "right"
    if not attempted(verdict):
        return "not written yet"
    return f"not right yet: wrong with {verdict.probe.name}"


def attempted(verdict: Verdict) -> bool:
    """Return whether there is more than the stub."""
    return bool(verdict.passed) or not verdict.diagnosis or verdict.diagnosis.topic != "unwritten"


def hint(exercise: Exercise, step: int, file: Path, show: Show) -> bool:
    """Show one of the three hints, after an attempt.

    Args:
        exercise: the exercise.
        step: the number of the hint, 1 to 3.
        file: the learner's file with an attempt.
        show: called with the text.

    Returns:
        Whether there was an attempt.

    Raises:
        UnreadableError: the file cannot be run, or does not contain the exercise.
    """
    first = f"A hint needs an attempt. {{}}: {COMMAND} {{}}"
    if not file.exists():
        show(first.format("Begin", f"start {exercise.name} {readable_name(file)}"))
        return False
    with Submission() as submission:
        (verdict,) = judge_file(submission, file, [exercise.name], lambda text: None)
    if not attempted(verdict):
        show(first.format("Write something, then", f"check {readable_name(file)}"))
        return False
    if verdict.right:
        show(f"{exercise.name} is right: it needs no hint.")
        return True
    title = f"Hint {step} of {len(exercise.hints)}: "
    show(wrapped(title + exercise.hints[step - 1], indent="  "))
    if step < len(exercise.hints):
        here = "" if file == Path(f"{exercise.name}.py") else f" --file {readable_name(file)}"
        show(f"The next one: {COMMAND} hint {exercise.name} {step + 1}{here}")
    else:
        show(f"That was the last one. Read {chapter(exercise.chapter)} again, with a pencil.")
    return True

"""Format a verdict as text."""

import re
import textwrap
from collections.abc import Iterable
from typing import Any

from minicnn.exercises.judge import Verdict
from minicnn.exercises.trial import Trial
from minicnn.exercises.words import values

WIDTH = 92
ABOUT_ALL_CASES = {"ready-made", "arguments"}  # faults for which no case is shown
MOST_PRINTED = 8  # lines


def report(verdict: Verdict) -> str:
    """Return what passed, and why it is right; or the smallest failing case and a hint.

    Example:
        >>> from functools import partial
        >>> from minicnn.exercises.calls import call
        >>> from minicnn.exercises.judge import judge
        >>> from minicnn.exercises.tasks.output_size import EXERCISE
        >>> answer = partial(call, lambda size, kernel_size, *_: size - kernel_size)
        >>> print(report(judge(EXERCISE, answer)))
        output_size: not right yet.
          Wrong with: a window of one cell
        <BLANKLINE>
          The smallest failing case:
            size = 1, kernel_size = 1, stride = 1, padding = 0, dilation = 1
        <BLANKLINE>
          The result is wrong: expected 1, got 0.
        <BLANKLINE>
          Hint: One too few: that is the number of moves. The start is a position as well.
    """
    name = verdict.exercise.name
    if verdict.trial is None or verdict.probe is None or verdict.diagnosis is None:
        cases = sum(count for _, count in verdict.passed)
        tried = ", ".join(f"{probe.name} ({count})" for probe, count in verdict.passed)
        right = wrapped(f"{name}: right. {cases} cases agree with torch: {tried}.", indent="  ")
        lines = [right, _line("Why", verdict.exercise.why)]
        if fast := verdict.exercise.fast:
            lines.append(_line("Compare", f"{fast.name} ({fast.file}) {fast.how}."))
        return "\n".join(lines)
    fault = verdict.trial.fault
    kind, words = (fault.kind, fault.words) if fault else ("", "")
    if kind == "unwritten" and not verdict.passed:
        return f"{name}: not written yet. {verdict.diagnosis.hint}"
    lines = [f"{name}: not right yet."]
    if kind not in ABOUT_ALL_CASES:
        if verdict.passed:
            lines.append(_line("Right so far", "; ".join(p.name for p, _ in verdict.passed)))
        lines += [_line("Wrong with", verdict.probe.name), "", *_case(verdict)]
    lines += [
        "",
        *_indented([re.sub("^the ", "The ", words)]),
        "",
        _line("Hint", verdict.diagnosis.hint),
    ]
    return "\n".join(lines)


def times(verdicts: Iterable[Verdict]) -> str:
    """Return a line for each function that was timed.

    Example:
        >>> from minicnn.exercises.stopwatch import Timing
        >>> from minicnn.exercises.tasks.unfold import EXERCISE
        >>> print(times([Verdict(EXERCISE, (), timing=Timing(0.05, 0.001, "input (4, 3, 9, 9)"))]))
        The time of a call:
          unfold: yours 50 ms, minicnn's 1 ms on input (4, 3, 9, 9), 50 times as long
    """
    lines = [_line(one.exercise.name, str(one.timing)) for one in verdicts if one.timing]
    return "\n".join(["The time of a call:", *lines]) if lines else ""


def _case(verdict: Verdict) -> list[str]:
    """Show the arguments, and the expected and actual result if they are tensors."""
    trial, names = verdict.trial, verdict.exercise.returns
    assert trial is not None
    fault = trial.fault
    lines = ["  The smallest failing case:"]
    lines += _indented(values(trial.case.arguments), 4)
    if fault and fault.kind in ("values", "shape", "dtype") and _is_tensor(trial, fault.part):
        for title, value in (("Expected", trial.expected), ("Yours", trial.got)):
            part = value[fault.part] if isinstance(value, (tuple, list)) else value
            lines += ["", *_indented(values({f"{title}, {names[fault.part]}": part}))]
    return lines + (["", "  It printed:", *quoted(trial.printed)] if trial.printed else [])


def quoted(text: str) -> list[str]:
    """Return the first lines of what a learner's code printed, indented.

    Example:
        >>> quoted("here\\nand there")
        ['    here', '    and there']
    """
    lines = text.splitlines()
    more = ["…"] if len(lines) > MOST_PRINTED else []
    return _indented([*lines[:MOST_PRINTED], *more], 4)


def _is_tensor(trial: Trial, part: int) -> bool:
    value: Any = trial.expected
    value = value[part] if isinstance(value, tuple) else value
    return not isinstance(value, (int, float))


def _line(title: str, text: str) -> str:
    return wrapped(f"{title}: {text}", "  ", "    ")


def wrapped(text: str, first: str = "", indent: str = "") -> str:
    """Break a text into lines that fit; the first and the others begin with what is given.

    Example:
        >>> print(wrapped("one two " * 12, indent="  "))
        one two one two one two one two one two one two one two one two one two one two one two one
          two
    """
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )


def _indented(lines: list[str], by: int = 2) -> list[str]:
    return [textwrap.indent(line, " " * by) for line in lines]

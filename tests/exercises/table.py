"""The table of all wrong answers, and what the grader says to each."""

from typing import NamedTuple

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.judge import Verdict

from .wrong import WRONG_ANSWERS, WrongAnswer

COMMAND = "python -m tests.exercises --save docs/results/grader.md"
HEAD = f"""\
# What the grader says to wrong answers

`{COMMAND}` hands in {len(WRONG_ANSWERS)} wrong answers to {len(EXERCISES)} exercises, and
wrote this table: what is wrong with each, the probe that finds it, how the message begins, and the
hint. Above these the learner sees the smallest case, with what was expected and what came.

"""
COLUMNS = ("exercise", "wrong answer", "wrong with", "message", "hint")
LONGEST = 110  # characters of a message


class Row(NamedTuple):
    """What is in the table of a wrong answer."""

    exercise: str
    mistake: str
    probe: str
    message: str
    hint: str


def row(answer: WrongAnswer, verdict: Verdict) -> Row:
    """Shorten a verdict."""
    if verdict.probe is None or verdict.trial is None or verdict.diagnosis is None:
        return Row(answer.exercise, answer.mistake, "", "right", "")
    fault = verdict.trial.fault
    message = " ".join(fault.words.split()) if fault else ""
    if len(message) > LONGEST:
        message = message[: LONGEST - 1] + "…"
    return Row(answer.exercise, answer.mistake, verdict.probe.name, message, verdict.diagnosis.hint)


def markdown(rows: list[Row]) -> str:
    """Lay the table out."""
    lines = [_line(COLUMNS), _line(("---",) * len(COLUMNS))]
    for r in rows:
        texts = [cell.replace("|", "\\|").replace("*", "\\*") for cell in r[1:]]
        lines.append(_line((f"`{r.exercise}`", *texts)))
    return HEAD + "\n".join(lines) + "\n"


def names(text: str) -> list[tuple[str, str]]:
    """Read (exercise, wrong answer) of every row of such a table."""
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [(cells[0].strip("`"), cells[1].replace("\\*", "*")) for cells in rows]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"

"""The table of all wrong answers with the message of the grader for each."""

from typing import NamedTuple

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.judge import Verdict

from .wrong import WRONG_ANSWERS, WrongAnswer

COMMAND = "python -m tests.exercises --save docs/results/grader.md"
HEAD = f"""\
# Messages of the grader for wrong answers

`{COMMAND}` grades {len(WRONG_ANSWERS)} wrong answers to {len(EXERCISES)} exercises and
writes this table: the mistake, the probe that finds it, the start of the message, and the hint. The
learner also sees the smallest failing case, with the expected and the actual result.

"""
COLUMNS = ("exercise", "wrong answer", "wrong with", "message", "hint")
LONGEST = 110  # maximal length of a message


class Row(NamedTuple):
    """The row of a wrong answer in the table."""

    exercise: str
    mistake: str
    probe: str
    message: str
    hint: str


def row(answer: WrongAnswer, verdict: Verdict) -> Row:
    """Summarise a verdict in a row."""
    if verdict.probe is None or verdict.trial is None or verdict.diagnosis is None:
        return Row(answer.exercise, answer.mistake, "", "right", "")
    fault = verdict.trial.fault
    message = " ".join(fault.words.split()) if fault else ""
    if len(message) > LONGEST:
        message = message[: LONGEST - 1] + "…"
    return Row(answer.exercise, answer.mistake, verdict.probe.name, message, verdict.diagnosis.hint)


def markdown(rows: list[Row]) -> str:
    """Format the rows as a table."""
    lines = [_line(COLUMNS), _line(("---",) * len(COLUMNS))]
    for r in rows:
        texts = [cell.replace("|", "\\|").replace("*", "\\*") for cell in r[1:]]
        lines.append(_line((f"`{r.exercise}`", *texts)))
    return HEAD + "\n".join(lines) + "\n"


def names(text: str) -> list[tuple[str, str]]:
    """Read (exercise, wrong answer) from every row of such a table."""
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [(cells[0].strip("`"), cells[1].replace("\\*", "*")) for cells in rows]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"

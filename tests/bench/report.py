"""Results as text: lines for the terminal, JSON to keep, a Markdown table made from it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.row import Result


def record(results: Sequence[Result], command: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Put results beside the command that measured them and the machine's facts, for JSON."""
    return {"command": command, "machine": facts, "rows": [asdict(result) for result in results]}


def save(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON, which has no words for NaN and infinity: there are none."""
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def load(path: Path) -> list[Result]:
    """Read the results of a record that was saved."""
    return results_of(json.loads(path.read_text(encoding="utf-8")))


def results_of(record: dict[str, Any]) -> list[Result]:
    """Read the results back out of a record."""
    return [Result(**row) for row in record["rows"]]


def markdown(record: dict[str, Any]) -> str:
    """Lay a record out as a Markdown table, with notes and the command below.

    Args:
        record: as `record` makes it, or as it comes out of the JSON file.

    Returns:
        Markdown; the same record always gives the same text.

    Example:
        >>> result = Result("conv2d", "torch", 1.6, 2.5, True, 1.5, 1.42, 1.58, 2.3, "3×3", 15)
        >>> facts = {"cpu": "some CPU", "threads": 2, "torch": "2.9.0"}
        >>> print(markdown(record([result], "python -m tests.bench", facts)))
        | what | against | ratio | quartiles | goal | reached |
        |---|---|---|---|---|---|
        | conv2d | torch | 1.50, worst 2.30 | 1.42 to 1.58 | ≤ 1.6, worst ≤ 2.5 | yes |
        <BLANKLINE>
        Measured by `python -m tests.bench` with 2 threads on some CPU, torch 2.9.0.
    """
    results, machine = results_of(record), record["machine"]
    lines = ["| what | against | ratio | quartiles | goal | reached |", "|---|---|---|---|---|---|"]
    for result in results:
        reached = "yes" if result.reached else "**no**"
        numbers = ratio(result), quartiles(result), goal(result)
        lines.append(f"| {' | '.join([result.what, result.against, *numbers, reached])} |")
    lines.append("")
    lines += [f"- {result.what}: {result.note}." for result in results if result.note]
    if lines[-1]:
        lines.append("")
    lines.append(
        f"Measured by `{record['command']}` with {machine['threads']} threads on {machine['cpu']}, "
        f"torch {machine['torch']}."
    )
    return "\n".join(lines)


def line(result: Result) -> str:
    """Lay a result out in one line of the terminal.

    Example:
        >>> line(Result("linear", "torch", 1.05, None, False, 1.1, 1.08, 1.12, 1.1, "", 15))
        'MISSED   linear: 1.10 (1.08 to 1.12), goal ≤ 1.05, against torch'
    """
    head = f"{'reached' if result.reached else 'MISSED':<8} {result.what}:"
    if result.ratio is None:
        return f"{head} {result.note}"
    note = f" [{result.note}]" if result.note else ""
    middle = f"{ratio(result)} ({quartiles(result)}), goal {goal(result)}"
    return f"{head} {middle}, against {result.against}{note}"


def ratio(result: Result) -> str:
    """Write the ratio, and where it has a goal the worst case's."""
    if result.ratio is None or result.worst is None:
        return "not measured"
    worst = f", worst {number(result.worst)}" if result.worst_goal is not None else ""
    return f"{number(result.ratio)}{worst}"


def quartiles(result: Result) -> str:
    """Write the spread."""
    if result.low is None or result.high is None:
        return ""
    return f"{number(result.low)} to {number(result.high)}"


def goal(result: Result) -> str:
    """Write the goal, and the worst case's if there is one."""
    worst = f", worst ≤ {result.worst_goal:g}" if result.worst_goal is not None else ""
    return f"≤ {result.goal:g}{worst}"


def number(ratio: float) -> str:
    """Write a ratio with two decimals, or more of them where it is small.

    Example:
        >>> number(1.345), number(0.75), number(0.0512)
        ('1.34', '0.75', '0.051')
    """
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"

"""Results as lines for the terminal, as JSON, as a Markdown table and as a bar chart."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from minicnn.viz import style
from minicnn.viz.settings import Figure, drawing
from tests.bench.row import Result

if TYPE_CHECKING:  # minicnn.viz imports matplotlib, whatever the user's settings of it are
    from matplotlib.axes import Axes

FILES = ("bench.json", "bench.md", "bench.png", "bench.svg")  # of a saved measurement


def facts() -> dict[str, Any]:
    """Describe the machine: processor, threads, versions, and the load by other processes.

    ``load`` is the mean number of runnable processes in the last minute.

    Example:
        >>> sorted(facts())
        ['cores', 'cpu', 'instructions', 'load', 'python', 'system', 'threads', 'torch']
    """
    return {
        "cpu": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def record(results: Sequence[Result], command: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Put results beside the command that measured them and the facts about the machine."""
    return {"command": command, "machine": facts, "rows": [asdict(result) for result in results]}


def save(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON, which cannot represent NaN and infinity: there are none."""
    path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def load(path: Path) -> list[Result]:
    """Read the results of a record that was saved.

    Raises:
        ValueError: the file holds no such record.
        OSError: it cannot be read.
    """
    try:
        return results_of(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} is no record of tests.bench: {reason}") from None


def results_of(record: dict[str, Any]) -> list[Result]:
    """Read the results back out of a record."""
    return [Result(**row) for row in record["rows"]]


def markdown(record: dict[str, Any]) -> str:
    """Format a record as a Markdown table, with notes and the command below.

    Args:
        record: made by `record`, or read from the JSON file.

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
        Quartiles are those of the repetitions within one run.
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
    runs = max((result.runs for result in results), default=1)
    of = f"{runs} runs, each in a fresh process" if runs > 1 else "the repetitions within one run"
    lines.append(f"Quartiles are those of {of}.")
    return "\n".join(lines)


BRIEF = {  # the rows that a user asks for, by name: what the README calls them
    "training step of the default model, batch 256": "a training step of the default network",
    "evaluation of 10,000 test digits": "the evaluation of 10,000 digits",
    "peak memory of training, process": "peak memory of training",
    "whole process until 99.0%": "the whole process, until a test accuracy of 99.0 %",
    "whole process, default settings": "the whole process, default settings",
}


def brief(record: dict[str, Any]) -> str:
    """Format the rows of a record that a user asks for, as the README's table."""
    lines = ["| what | against | ratio | spread |", "|---|---|---|---|"]
    for result in results_of(record):
        if result.what in BRIEF:
            cells = BRIEF[result.what], result.against, ratio(result), quartiles(result)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def line(result: Result) -> str:
    """Format a result as one line for the terminal.

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
    """Format the ratio, and the worst case's where that has a goal."""
    if result.ratio is None or result.worst is None:
        return "not measured"
    worst = f", worst {number(result.worst)}" if result.worst_goal is not None else ""
    return f"{number(result.ratio)}{worst}"


def quartiles(result: Result) -> str:
    """Format the spread."""
    if result.low is None or result.high is None:
        return ""
    return f"{number(result.low)} to {number(result.high)}"


def goal(result: Result) -> str:
    """Format the goal, and the worst case's if there is one."""
    worst = f", worst ≤ {result.worst_goal:g}" if result.worst_goal is not None else ""
    return f"≤ {result.goal:g}{worst}"


def number(ratio: float) -> str:
    """Format a ratio with two decimals, or with two significant digits where it is small.

    Example:
        >>> number(1.345), number(0.75), number(0.0512)
        ('1.34', '0.75', '0.051')
    """
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


@drawing
def bars(results: Sequence[Result]) -> Figure:
    """Draw a bar for each ratio, a line between its quartiles, and a tick at its goal.

    Args:
        results: unmeasured ones are left out.

    Returns:
        The figure. Bars are blue where the goal was reached and orange where it was missed.

    Raises:
        ValueError: no measured result.

    Example:
        >>> result = Result("conv2d", "torch", 1.6, None, True, 1.5, 1.42, 1.58, 1.5, "", 15)
        >>> bars([result]).axes[0].get_yticklabels()[0].get_text()
        'conv2d'
    """
    measured = [result for result in results if result.ratio is not None]
    if not measured:
        raise ValueError("results must hold at least one that was measured, got none")
    figure = style.new_figure(
        style.WIDTH,
        1.0 + 0.26 * len(measured),
        "Ours / theirs: the shorter the better",
        "Thick tick: goal. Blue: reached. Orange: missed. Thin line: quartiles.",
    )
    axes = figure.subplots()
    style.chart(axes)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    for place, result in enumerate(measured):
        _bar(axes, place, result)
    axes.axvline(1.0, color=style.MUTED, linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(measured)), [result.what for result in measured])
    axes.invert_yaxis()
    axes.margins(x=0.08, y=0.02)
    axes.set_xlim(left=0)
    return figure


def save_chart(folder: Path, results: Sequence[Result]) -> None:
    """Write the chart as bench.png and bench.svg."""
    figure = bars(results)
    figure.savefig(folder / "bench.png")
    figure.savefig(folder / "bench.svg", metadata={"Date": None})  # the same chart, the same file


def _processor() -> str:
    """Return the processor's model: from a file on Linux, from the platform elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _bar(axes: "Axes", place: int, result: Result) -> None:
    if result.ratio is None or result.low is None or result.high is None:
        return
    colour = style.BLUE if result.reached else style.ORANGE
    axes.barh(place, result.ratio, height=0.62, color=colour)
    axes.plot([result.low, result.high], [place, place], color=style.INK, linewidth=0.9)
    axes.plot([result.goal] * 2, [place - 0.42, place + 0.42], color=style.INK, linewidth=2.2)
    axes.annotate(
        ratio(result),
        (max(result.ratio, result.high, result.goal), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
        color=style.INK,
    )

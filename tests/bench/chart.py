"""The table as a bar chart: how long ours take if torch's take 1."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minicnn.viz import style
from tests.bench import report
from tests.bench.row import Result


def bars(results: Sequence[Result]) -> Figure:
    """Draw a bar for each ratio, a whisker between its quartiles, and a tick at its goal.

    Args:
        results: those that were not measured are left out.

    Returns:
        The figure. Bars are blue where the goal was reached and orange where it was missed.

    Raises:
        ValueError: no result that was measured.

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
        "Dark tick: goal. Blue: reached. Orange: missed. Thin line: quartiles.",
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


def save(folder: Path, results: Sequence[Result]) -> None:
    """Write the chart as bench.png and bench.svg."""
    figure = bars(results)
    figure.savefig(folder / "bench.png")
    with rc_context({"svg.hashsalt": "minicnn"}):  # with it, the same chart is the same file
        figure.savefig(folder / "bench.svg", metadata={"Date": None})


def _bar(axes: Axes, place: int, result: Result) -> None:
    if result.ratio is None or result.low is None or result.high is None:
        return
    colour = style.BLUE if result.reached else style.ORANGE
    axes.barh(place, result.ratio, height=0.62, color=colour)
    axes.plot([result.low, result.high], [place, place], color=style.INK, linewidth=0.9)
    axes.plot([result.goal] * 2, [place - 0.42, place + 0.42], color=style.INK, linewidth=2.2)
    axes.annotate(
        report.ratio(result),
        (max(result.ratio, result.high, result.goal), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
        color=style.INK,
    )

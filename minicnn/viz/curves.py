"""Learning curves: loss and accuracy after each epoch."""

import math
from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..checks import number, probability
from . import style
from .settings import drawing

COLOURS = {"train": style.ORANGE, "validation": style.BLUE}


@drawing
def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw loss and accuracy against the epoch, and the learning rate if it was recorded.

    Args:
        history: One row per epoch, with ``epoch``, ``train_loss``, ``train_accuracy``,
            ``validation_loss``, ``validation_accuracy`` and optionally ``learning_rate``.
            Accuracies are fractions in [0, 1]. A loss that is not finite leaves a gap.

    Returns:
        The figure; its axes are loss, accuracy and, if recorded, the learning rate.

    Raises:
        TypeError: A row is not a mapping, or a value is not a number.
        ValueError: The history is empty, a row lacks a key, or a value is out of range.

    Example:
        >>> losses = {"train_loss": 0.3, "validation_loss": 0.2}
        >>> accuracies = {"train_accuracy": 0.9, "validation_accuracy": 0.95}
        >>> figure = learning_curves([{"epoch": 1, **losses, **accuracies}])
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['Loss', 'Accuracy']
    """
    columns = _columns(history)
    panels = {
        "Loss": ({split: columns[f"{split}_loss"] for split in COLOURS}, "{:.4f}"),
        "Accuracy": ({split: columns[f"{split}_accuracy"] for split in COLOURS}, "{:.2%}"),
    }
    if "learning_rate" in columns:
        panels["Learning rate"] = ({"": columns["learning_rate"]}, "{:.2g}")

    heights = [2.2, 2.2, 1.1][: len(panels)]
    figure = style.new_figure(style.WIDTH, 0.8 + sum(heights), "Learning curves")
    stacked = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights)
    for axes, (title, (curves, number_format)) in zip(stacked, panels.items(), strict=True):
        style.heading(axes, title)
        _draw(axes, columns["epoch"], curves, number_format)
        if title == "Accuracy":
            axes.yaxis.set_major_formatter(style.percent_tick)
        elif axes.dataLim.ymin >= 0:  # losses and learning rates are compared with zero
            axes.set_ylim(bottom=0)
    stacked[-1].set_xlabel("epoch", fontsize=style.LABEL, color=style.MUTED)
    stacked[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def _columns(history: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the checked rows as columns."""
    if not isinstance(history, Sequence):
        raise TypeError(f"history must be a sequence of rows, got {type(history).__name__}")
    if not history:
        raise ValueError("history must hold at least one row, got none")
    for i, row in enumerate(history):
        if not isinstance(row, Mapping):
            raise TypeError(f"history[{i}] must be a mapping, got {row!r}")
    checks: dict[str, Callable[[str, float], float]] = {"epoch": _finite}
    for split in COLOURS:
        checks |= {f"{split}_loss": _real, f"{split}_accuracy": probability}
    if "learning_rate" in history[0]:
        checks["learning_rate"] = _finite
    for i, row in enumerate(history):
        if missing := sorted(checks.keys() - row.keys()):
            raise ValueError(f"history[{i}] must have {', '.join(missing)}, got {sorted(row)}")
    return {
        key: [check(f"history[{i}][{key!r}]", row[key]) for i, row in enumerate(history)]
        for key, check in checks.items()
    }


def _finite(name: str, value: float) -> float:
    return number(name, value, math.isfinite, "finite")


def _real(name: str, value: float) -> float:
    return number(name, value, lambda v: True, "a number")


def _draw(
    axes: Axes, epochs: list[float], curves: Mapping[str, list[float]], number_format: str
) -> None:
    """Draw each curve, with its name and last value beside its end in the same colour."""
    style.chart(axes)
    ends = []
    for label, values in curves.items():
        # matplotlib breaks a line at NaN, but infinity would stretch the axis.
        values = [v if math.isfinite(v) else math.nan for v in values]
        colour = COLOURS.get(label, style.MUTED)
        axes.plot(
            epochs, values, color=colour, linewidth=1.8, marker="o", markersize=4, clip_on=False
        )
        ends += [(v, x, label, colour) for x, v in zip(epochs, values, strict=True) if v == v][-1:]
    axes.margins(x=0.015, y=0.12)
    # The lower label is below its point and the upper one above, so that they cannot overlap.
    for rank, (value, epoch, label, colour) in enumerate(sorted(ends)):
        axes.annotate(
            f"{label} {number_format.format(value)}".strip(),
            (epoch, value),
            xytext=(12, 0),
            textcoords="offset points",
            va="center" if len(ends) == 1 else ("top", "bottom")[rank],
            fontsize=style.LABEL,
            color=colour,
        )

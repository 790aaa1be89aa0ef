"""The confusion matrix: which classes are confused with each other."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from . import style
from .arrays import array, tensor
from .settings import drawing

MAX_WRITTEN = 20  # classes; with more, the counts would take half a minute to draw, and 31 inches


@drawing
def confusion_matrix(matrix: Tensor, class_names: Sequence[str] | None = None) -> Figure:
    """Draw a confusion matrix: how many examples of each true class were predicted as each class.

    A good classifier's mistakes are few compared with its correct predictions, so the diagonal has
    no colour and the colour scale ends at the largest share of mistakes. With more than 20 classes
    the cells are small, and the counts are not written:

        share[i, j] = matrix[i, j] / Σ_k matrix[i, k]   for i ≠ j

    Args:
        matrix: Counts, an integer tensor (K, K); rows: true classes, columns: predicted classes.
        class_names: K names; by default the class indices.

    Returns:
        The figure; its axes are the matrix and, if there are mistakes, the colour bar.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The matrix is empty, not square, or holds a negative count.

    Example:
        >>> import torch
        >>> figure = confusion_matrix(torch.tensor([[8, 2], [0, 10]]))
        >>> figure.get_suptitle()
        'Confusion matrix: 18 of 20 correct (90.00%)'
    """
    counts = _checked(matrix)
    names = style.class_labels(class_names, len(counts))
    total, correct = counts.sum(), np.trace(counts)
    # A class without examples has no mistakes: 0 / 1.
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    np.fill_diagonal(shares, np.nan)
    worst = np.nanmax(shares, initial=0.0)

    written = len(counts) <= MAX_WRITTEN
    side = max(3.6, 0.5 * len(counts)) if written else 0.17 * max(len(counts), 60)
    title = f"Confusion matrix: {correct:,} of {total:,} correct ({correct / max(total, 1):.2%})"
    figure = style.new_figure(side + 1.8, side + 1.2, title)
    axes = figure.add_subplot()
    style.strip(axes)
    limits = (0.0, float(worst) or 1.0)
    style.picture(axes, shares, limits, style.AMOUNT.with_extremes(bad=style.FAINT))
    if written:
        _write_counts(axes, counts, shares > 0.6 * worst)
    _label(axes, names)
    if worst > 0:
        label = "mistakes, as a share of the true class"
        bar = style.colour_bar(figure, axes, limits, style.AMOUNT, label)
        bar.ax.yaxis.set_major_formatter(style.percent_tick)
    return figure


def _checked(matrix: Tensor) -> np.ndarray:
    matrix = tensor("matrix", matrix, "K K")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix must be square, got shape {tuple(matrix.shape)}")
    if matrix.is_floating_point() or matrix.dtype == torch.bool:
        raise TypeError(f"matrix must hold integer counts, got {matrix.dtype}")
    if matrix.min() < 0:
        raise ValueError(f"matrix must not hold negative counts, got {int(matrix.min())}")
    return array("matrix", matrix).astype(np.int64)


def _write_counts(axes: Axes, counts: np.ndarray, dark: np.ndarray) -> None:
    """Write each count in its cell: white on a dark cell, and faint if it is 0."""
    look = {"fontsize": style.LABEL, "ha": "center", "va": "center"}
    for (row, column), n in np.ndenumerate(counts):
        colour = style.PAPER if dark[row, column] else style.INK
        alpha = 0.25 if n == 0 else 1.0
        axes.text(column, row, f"{n:,}", color=colour, alpha=alpha, **look)


def _label(axes: Axes, names: list[str]) -> None:
    places = range(len(names))
    slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    fitting = 5 if len(names) <= MAX_WRITTEN else 1  # characters above a column
    axes.set_xticks(places, names, **(slant if max(map(len, names)) > fitting else {}))
    axes.set_yticks(places, names)
    style.quiet_ticks(axes)
    # White lines between the cells.
    axes.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, linewidth=1.5, linestyle="-")
    axes.set_xlabel("predicted class", fontsize=style.HEADING, color=style.INK)
    axes.set_ylabel("true class", fontsize=style.HEADING, color=style.INK)

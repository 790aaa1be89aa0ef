"""The reliability diagram: the accuracy of predictions against their confidence."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from . import style
from .arrays import array, tensor
from .settings import drawing

MAX_WRITTEN = 20  # bins; with more, there is no room to write their counts


@drawing
def reliability_diagram(
    counts: Tensor, confidence: Tensor, accuracy: Tensor, error: Tensor
) -> Figure:
    """Draw the accuracy against the confidence in each bin, and the number of predictions below.

    On the diagonal the network is calibrated; below it, the network is overconfident.

    Args:
        counts: Number of predictions in each of M bins of equal width over [0, 1], int64 (M,).
        confidence: Mean confidence in each bin, (M,), in [0, 1]; ignored for empty bins.
        accuracy: Accuracy in each bin, (M,), in [0, 1]; ignored for empty bins.
        error: The expected calibration error, (), in [0, 1].

    Returns:
        The figure; its axes are the accuracies and the counts.

    Raises:
        TypeError: An argument is not a tensor, or the counts are not int64.
        ValueError: A shape is wrong, a count is negative or all are 0, or a value is outside
            [0, 1].

    Example:
        >>> import torch
        >>> from minicnn import insight
        >>> logits = torch.tensor([[9.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
        >>> figure = reliability_diagram(*insight.calibration(logits, torch.tensor([0, 1, 0])))
        >>> figure.get_suptitle()
        'Reliability: expected calibration error 25.4%'

    Reference: C. Guo et al., "On Calibration of Modern Neural Networks", 2017, figure 1.
    """
    n = _checked_counts(counts)
    sure = _shares("confidence", tensor("confidence", confidence, "M"), n)
    right = _shares("accuracy", tensor("accuracy", accuracy, "M"), n)
    gap = _shares("error", tensor("error", error, "").reshape(1), np.ones(1))[0]

    title = f"Reliability: expected calibration error {style.percent(gap)}"
    note = "Blue bar: accuracy. Orange line: mean confidence."
    figure = style.new_figure(6.0, 5.6, title, note)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    middles = (np.arange(len(n)) + 0.5) / len(n)
    _draw_shares(upper, middles[n > 0], sure[n > 0], right[n > 0], 1 / len(n))
    _draw_counts(lower, middles, n)
    return figure


def _checked_counts(counts: Tensor) -> np.ndarray:
    counts = tensor("counts", counts, "M")
    if counts.dtype != torch.int64:
        raise TypeError(f"counts must be int64, got {counts.dtype}")
    if counts.min() < 0 or counts.max() == 0:
        raise ValueError(f"counts must be at least 0 and not all 0, got {counts.tolist()}")
    return counts.cpu().numpy()


def _shares(name: str, value: Tensor, counts: np.ndarray) -> np.ndarray:
    if len(value) != len(counts):
        raise ValueError(f"{name} must have length {len(counts)}, as counts, got {len(value)}")
    shares = array(name, value.cpu().where(torch.from_numpy(counts) > 0, 0.0))
    if shares.min() < 0 or shares.max() > 1:
        raise ValueError(f"{name} must be in [0, 1], got {shares.min():.3g} to {shares.max():.3g}")
    return shares


def _draw_shares(
    axes: Axes, middles: np.ndarray, sure: np.ndarray, right: np.ndarray, width: float
) -> None:
    style.chart(axes)
    style.heading(axes, "Accuracy")
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.8, linestyle="--", zorder=1)
    axes.bar(middles, right, width=0.86 * width, color=style.BLUE, zorder=2)
    half = 0.43 * width
    axes.hlines(sure, middles - half, middles + half, color=style.ORANGE, linewidth=2.5, zorder=3)
    # A little space above 1, for the lines at a confidence of 1.
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(style.percent_tick)


def _draw_counts(axes: Axes, middles: np.ndarray, counts: np.ndarray) -> None:
    style.chart(axes)
    style.heading(axes, f"{counts.sum():,} predictions")
    axes.bar(middles, counts, width=0.86 / len(counts), color=style.MUTED, zorder=2)
    axes.set_ylim(0, 1.3 * counts.max())
    axes.set_yticks([])
    if len(counts) <= MAX_WRITTEN:
        text = {"fontsize": style.SMALL, "color": style.MUTED, "ha": "center", "va": "bottom"}
        for x, n in zip(middles, counts, strict=True):
            axes.annotate(f"{n:,}", (x, n), (0, 2), textcoords="offset points", **text)
    axes.xaxis.set_major_formatter(style.percent_tick)
    label = "confidence: the probability of the predicted class"
    axes.set_xlabel(label, fontsize=style.LABEL, color=style.MUTED)

"""Histograms of the activations of the layers, and of the gradients of the parameters."""

from collections.abc import Callable, Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from . import style
from .arrays import array
from .settings import drawing

BINS = 100
ROW = 0.55  # inches high


@drawing
def activation_histograms(activations: Iterable[tuple[str, Tensor]]) -> Figure:
    """Draw a histogram of the activations of each layer.

    Zeros, which relu produces in large numbers, are counted beside the histogram and not in it. All
    rows share the scale of activations; each has its own scale of frequency.

    Args:
        activations: For each layer its name and its output, in the order of the layers.

    Returns:
        The figure; its axes are one row per layer.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There are no layers, an output is empty, or a value is not finite.

    Example:
        >>> import torch
        >>> figure = activation_histograms([("relu", torch.tensor([0.0, 0.0, 1.0, 3.0]))])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['relu', '50.0% are 0\\nmean 1, std 1.22']

    Reference: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, figure 6.
    """
    rows = _checked("activations", activations)

    def words(values: np.ndarray) -> str:
        zero = style.percent(np.mean(values == 0))
        return f"{zero} are 0\nmean {values.mean():.3g}, std {values.std():.3g}"

    label = "nonzero activations"
    return _draw("Activations", rows, lambda values: values, words, label)


@drawing
def gradient_histograms(gradients: Iterable[tuple[str, Tensor]]) -> Figure:
    """Draw a histogram of the gradient magnitudes of each parameter, on a log scale.

    If the rows move to the left towards the first layer, the gradients vanish; if they move to the
    right, the gradients explode. Zeros are counted beside the histogram. All rows share the scale
    of magnitudes; each has its own scale of frequency.

    Args:
        gradients: For each parameter its name and its gradient, in the order of the layers.

    Returns:
        The figure; its axes are one row per parameter.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There are no parameters, a gradient is empty, or a value is not finite.

    Example:
        >>> import torch
        >>> figure = gradient_histograms([("0/weight", torch.tensor([0.0, 0.3, -0.4]))])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0/weight', '33.3% are 0\\nroot mean square 0.289']

    Reference: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, figure 7.
    """
    rows = _checked("gradients", gradients)

    def words(values: np.ndarray) -> str:
        zero = style.percent(np.mean(values == 0))
        return f"{zero} are 0\nroot mean square {np.sqrt(np.mean(values**2)):.3g}"

    def size(values: np.ndarray) -> np.ndarray:
        return np.log10(np.abs(values))

    figure = _draw("Gradients", rows, size, words, "magnitude of the nonzero gradients")
    sizes = figure.axes[-1].xaxis
    sizes.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    sizes.set_major_formatter(style.power_of_ten)
    return figure


def _checked(argument: str, named: Iterable[tuple[str, Tensor]]) -> list[tuple[str, np.ndarray]]:
    rows = []
    for i, pair in enumerate(named):
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise TypeError(
                f"{argument}[{i}] must be a pair (name, tensor), got {type(pair).__name__}"
            )
        name = f"{argument}[{i}], {pair[0]!r},"
        if not isinstance(pair[1], Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(pair[1]).__name__}")
        if not pair[1].numel():
            raise ValueError(f"{name} must not be empty, got shape {tuple(pair[1].shape)}")
        rows.append((pair[0], array(name, pair[1]).ravel()))
    if not rows:
        raise ValueError(f"{argument} must hold at least one pair (name, tensor), got none")
    return rows


def _draw(
    title: str,
    rows: list[tuple[str, np.ndarray]],
    transform: Callable[[np.ndarray], np.ndarray],
    words: Callable[[np.ndarray], str],
    label: str,
) -> Figure:
    """Draw a histogram of each row's nonzero values, after ``transform``."""
    drawn = [transform(values[values != 0]) for _, values in rows]
    edges = np.linspace(*_range(drawn), BINS + 1)
    note = "All rows share the horizontal scale; the heights are normalised. "
    note += "At most 1% of each row is outside the range."
    figure = style.new_figure(style.WIDTH, 0.9 + ROW * len(rows), title, note)
    stacked = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, values), shown in zip(stacked, rows, drawn, strict=True):
        _draw_row(axes, np.histogram(shown, edges)[0], edges, name, words(values))
    stacked[0].set_xlim(edges[0], edges[-1])
    stacked[-1].tick_params(labelbottom=True)
    stacked[-1].set_xlabel(label, fontsize=style.LABEL, color=style.MUTED)
    return figure


def _range(drawn: list[np.ndarray]) -> tuple[float, float]:
    """Return limits that exclude the extremes of every row, which would stretch the axis."""
    ends = [np.quantile(values, [0.005, 0.995]) for values in drawn if len(values)]
    low, high = (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else (-1.0, 1.0)
    # If all values are equal, they are in the middle.
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _draw_row(axes: Axes, counts: np.ndarray, edges: np.ndarray, name: str, words: str) -> None:
    style.chart(axes)
    axes.grid(False)
    axes.set(yticks=[], ylim=(0, 1.05 * (counts.max() or 1)))
    axes.tick_params(labelbottom=False)
    axes.stairs(counts, edges, fill=True, color=style.BLUE, zorder=2)
    look = {"transform": axes.transAxes, "va": "center", "clip_on": False}
    axes.text(
        -0.015, 0.4, style.plain(name), ha="right", fontsize=style.HEADING, color=style.INK, **look
    )
    axes.text(1.015, 0.4, words, fontsize=style.SMALL, color=style.MUTED, **look)

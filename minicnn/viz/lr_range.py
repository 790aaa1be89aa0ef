"""The learning-rate range test: the loss against a learning rate that grows at every step."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from torch import Tensor

from ..checks import positive
from . import style
from .arrays import array, tensor
from .settings import drawing


@drawing
def lr_range_test(lrs: Tensor, losses: Tensor, suggested: float | None = None) -> Figure:
    """Draw the losses of a range test on a logarithmic scale of learning rates.

    The curve ends when a loss exceeds 1.5 times the first one.

    Args:
        lrs: The learning rates, (steps,), above 0, strictly increasing.
        losses: The loss at each learning rate, (steps,).
        suggested: A learning rate to mark, such as that of `insight.steepest_lr`, or None.

    Returns:
        The figure, with one axes.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, the first loss is not finite, or the rates do not increase.

    Example:
        >>> import torch
        >>> lrs, losses = torch.tensor([1e-3, 1e-2, 1e-1]), torch.tensor([2.3, 1.0, 0.7])
        >>> figure = lr_range_test(lrs, losses, suggested=1e-2)
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0.01']

    Reference: L. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, figure 3.
    """
    rates = array("lrs", tensor("lrs", lrs, "steps"))
    if len(rates) < 2 or rates[0] <= 0 or (np.diff(rates) <= 0).any():
        raise ValueError(f"lrs must be at least two increasing rates above 0, got {rates.tolist()}")
    values = tensor("losses", losses, "steps").cpu().double().numpy()
    if values.shape != rates.shape:
        raise ValueError(f"losses must have the shape of lrs, {rates.shape}, got {values.shape}")
    if not np.isfinite(values[0]):
        raise ValueError(f"losses must start with a finite loss, got {values[0]}")

    note = "The loss of each batch, while the learning rate grows at every step."
    figure = style.new_figure(6.0, 3.8, "Learning-rate range test", note)
    axes = figure.add_subplot()
    style.chart(axes)
    style.heading(axes, "Loss")
    # The axis starts at zero. Losses that explode would flatten all others, and the losses after
    # them are meaningless.
    drawn = np.where(np.isfinite(values), values, np.nan)
    low = min(0.0, np.nanmin(drawn))
    high = low + (1.5 * (values[0] - low) or 1.0)
    end = np.append(values > high, True).argmax() + 1
    axes.plot(rates[:end], drawn[:end], color=style.BLUE, linewidth=1.5)
    axes.set(xscale="log", xlim=rates[[0, -1]], ylim=(low, high))
    # The usual labels are formulas, which are not parsed here.
    axes.xaxis.set_major_formatter(lambda rate, place: style.power_of_ten(np.log10(rate), place))
    axes.xaxis.set_minor_formatter(LogFormatter())
    axes.set_xlabel("learning rate", fontsize=style.LABEL, color=style.MUTED)
    if suggested is not None:
        _mark(axes, positive("suggested", suggested))
    return figure


def _mark(axes: Axes, rate: float) -> None:
    axes.axvline(rate, color=style.ORANGE, linewidth=1.2)
    look = {"fontsize": style.LABEL, "color": style.ORANGE, "ha": "center", "va": "bottom"}
    above = {"xytext": (0, 2), "textcoords": "offset points"}
    axes.annotate(f"{rate:.2g}", (rate, 1), xycoords=("data", "axes fraction"), **above, **look)

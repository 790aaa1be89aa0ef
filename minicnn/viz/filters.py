"""Filters: the weights of a convolution, before and after training."""

import math

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from . import style
from .arrays import array, tensor
from .settings import drawing
from .tiles import draw_tiles, signed_limits

MAX_FILTERS = 64
PANEL = 3.5  # inches wide


@drawing
def filters(weight_before: Tensor, weight_after: Tensor | None = None) -> Figure:
    """Draw the filters of a convolution, or the same filters before and after training.

    White is a weight of 0, red is above 0 and blue below, on one scale for both panels. A filter
    with several input channels is one tile, its channels from left to right.

    Args:
        weight_before: The filters (O, C, kH, kW).
        weight_after: The same filters after training, of the same shape; None draws one panel.

    Returns:
        The figure; its axes are one panel per argument, then the colour bar.

    Raises:
        TypeError: An argument is not a tensor.
        ValueError: A shape is wrong, or a weight is not finite.

    Example:
        >>> import torch
        >>> before = torch.ones(4, 1, 5, 5)
        >>> [axes.get_title(loc="left") for axes in filters(before, 2 * before).axes]
        ['before training', 'after training', '']

    Reference: A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
    Networks", 2012, figure 3.
    """
    before = array("weight_before", tensor("weight_before", weight_before, "O C kH kW"))
    panels = {"": before[:MAX_FILTERS]}
    if weight_after is not None:
        after = array("weight_after", tensor("weight_after", weight_after, "O C kH kW"))
        if after.shape != before.shape:
            expected = f"the shape of weight_before, {before.shape}"
            raise ValueError(f"weight_after must have {expected}, got {after.shape}")
        panels = {"before training": panels[""], "after training": after[:MAX_FILTERS]}

    total, channels, height, width = before.shape
    count = min(total, MAX_FILTERS)
    columns = _columns(count, channels)
    tile_width = PANEL / columns
    tile_height = tile_width * height / (channels * (width + 1) - 1)
    rows = math.ceil(count / columns)
    figure = style.new_figure(
        PANEL * len(panels) + 1.0, tile_height * rows + 0.9, *_words(*before.shape)
    )
    limits = signed_limits(*panels.values())
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, weight) in zip(row, panels.items(), strict=True):
        draw_tiles(axes, _side_by_side(weight), columns, limits)
        style.heading(axes, name)
    style.colour_bar(figure, row, limits, style.SIGNED, "weight")
    return figure


def _words(total: int, channels: int, height: int, width: int) -> tuple[str, str]:
    """Return the title and the note."""
    count = f"{total} filters" if total > 1 else "1 filter"
    if total > MAX_FILTERS:
        count = f"First {MAX_FILTERS} of {total:,} filters"
    note = "White: a weight of 0. Red: above 0. Blue: below 0."
    if channels > 1:
        note += f"\nIn each tile: the filter's {channels} channels, from left to right."
    return f"{count}, {height} × {width}", note


def _side_by_side(weight: np.ndarray) -> np.ndarray:
    """Return filters (O, C, kH, kW) as tiles (O, kH, C · (kW + 1) − 1), NaN columns between."""
    parted = np.pad(weight, ((0, 0), (0, 0), (0, 0), (0, 1)), constant_values=np.nan)
    return np.concatenate(list(parted.swapaxes(0, 1)), axis=-1)[..., :-1]


def _columns(count: int, channels: int) -> int:
    """Return the number of tiles per row: about a square, with as few empty places as possible."""
    side = math.ceil(math.sqrt(count / channels))
    return min(range(side, side + 3), key=lambda columns: -count % columns)

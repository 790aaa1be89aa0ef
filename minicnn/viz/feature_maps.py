"""Feature maps: the output of each layer for one image."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from . import style
from .arrays import array, pictures, tensor
from .settings import drawing
from .tiles import draw_tiles, signed_limits

MAX_CHANNELS = 12  # per layer: one row of tiles, so that a channel keeps its column


@drawing
def feature_maps(image: Tensor, activations: Iterable[tuple[str, Tensor]]) -> Figure:
    """Draw an image and the output channels of each layer for it.

    White is an activation of 0, red is above 0 and blue below. The channels of a layer share one
    scale, shown at the end of the row; each layer has its own.

    Args:
        image: The input (C, H, W), C = 1 or 3.
        activations: For each layer its name and its output (C, H, W), in the order of the layers.

    Returns:
        The figure; its axes are the image, and then for each layer its tiles and its colour bar.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There are no layers, a shape is wrong, or a value is not finite.

    Example:
        >>> import torch
        >>> image = torch.eye(8).unsqueeze(0)
        >>> figure = feature_maps(image, [("conv2d", image.expand(16, 8, 8)), ("relu", image)])
        >>> [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
        ['input: 8 × 8', 'conv2d: first 12 of 16 channels, 8 × 8', 'relu: 1 channel, 8 × 8']

    Reference: M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks",
    2014.
    """
    picture = pictures("image", tensor("image", image, "C H W").unsqueeze(0))
    layers = _checked(activations)

    note = "White: 0. Red: above 0. Blue: below 0. Each layer has its own scale."
    figure = style.new_figure(style.WIDTH, 1.0 + 0.86 * (1 + len(layers)), "Feature maps", note)
    rows = figure.subplots(1 + len(layers), 1, squeeze=False)[:, 0]
    style.heading(rows[0], f"input: {_size(picture[0, ..., 0])}")
    draw_tiles(rows[0], picture, MAX_CHANNELS, (0, 1), style.INTENSITY)
    for axes, (name, maps) in zip(rows[1:], layers, strict=True):
        shown = maps[:MAX_CHANNELS]
        limits = signed_limits(shown)
        style.heading(axes, f"{style.plain(name)}: {_count(len(maps))}, {_size(maps[0])}")
        draw_tiles(axes, shown, MAX_CHANNELS, limits)
        bar = style.colour_bar(figure, axes, limits, style.SIGNED, aspect=8)
        bar.set_ticks([limits[0], 0, limits[1]])
        bar.ax.yaxis.set_major_formatter("{x:.2g}")
    return figure


def _checked(activations: Iterable[tuple[str, Tensor]]) -> list[tuple[str, np.ndarray]]:
    layers = []
    for i, pair in enumerate(activations):
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise TypeError(
                f"activations[{i}] must be a pair (name, tensor), got {type(pair).__name__}"
            )
        argument = f"activations[{i}], {pair[0]!r},"
        layers.append((pair[0], array(argument, tensor(argument, pair[1], "C H W"))))
    if not layers:
        raise ValueError("activations must hold at least one layer, got none")
    return layers


def _size(plane: np.ndarray) -> str:
    return f"{plane.shape[0]} × {plane.shape[1]}"


def _count(channels: int) -> str:
    if channels > MAX_CHANNELS:
        return f"first {MAX_CHANNELS} of {channels:,} channels"
    return "1 channel" if channels == 1 else f"{channels} channels"

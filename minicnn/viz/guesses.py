"""Predictions for images without labels, with saliency maps."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..functional.activation import softmax
from . import style
from .answers import CELL, COLUMNS, MIN_COLUMNS, draw_bars, draw_image
from .arrays import array, pictures, tensor
from .settings import drawing

MAX_CAPTION = 20  # characters, which are as wide as an image


@drawing
def guesses(
    images: Tensor,
    logits: Tensor,
    maps: Tensor,
    *,
    captions: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw images with the predictions, their saliency maps and the class probabilities.

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        logits: The network's outputs, (N, K).
        maps: The `insight.saliency` of the predicted classes, (N, H, W), at least 0; each map has
            its own scale.
        captions: N lines of text, such as file names; None for none.
        class_names: K names; by default the class indices.

    Returns:
        The figure; its axes are, for each image, the image, the map, the bars.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, or a value is not finite.

    Example:
        >>> image, scores = torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 9.0]])
        >>> figure = guesses(image, scores, maps=torch.rand(1, 8, 8))
        >>> figure.axes[0].get_title(loc="left")
        '1'
    """
    shown = pictures("images", tensor("images", images, "N C H W"))
    scores = torch.from_numpy(array("logits", tensor("logits", logits, "N K")))
    heats = array("maps", tensor("maps", maps, "N H W"))
    texts = [""] * len(shown) if captions is None else list(captions)
    if not len(shown) == len(scores) == len(heats) == len(texts):
        sizes = f"{len(shown)}, {len(scores)}, {len(heats)} and {len(texts)}"
        raise ValueError(f"images, logits, maps and captions must have equal lengths, got {sizes}")
    names = style.class_labels(class_names, scores.shape[1])
    probability = softmax(scores, dim=1).numpy()

    columns = min(max(len(shown), MIN_COLUMNS), COLUMNS)
    rows = -(-len(shown) // columns)
    note = "Below each image: how much the prediction depends on each pixel (saliency).\n"
    note += "Bars: the probability of each class, from 0 to 100%."
    figure = style.new_figure(CELL * columns, 4.8 * rows + 0.7, "Predictions", note)
    grid = figure.add_gridspec(4 * rows, columns, height_ratios=[1.4, 1.4, 1, 0.08] * rows)
    for n, picture in enumerate(shown):
        row, column = divmod(n, columns)
        image_axes, map_axes, bar_axes = (
            figure.add_subplot(grid[4 * row + part, column]) for part in range(3)
        )
        answer = int(scores[n].argmax())
        draw_image(image_axes, picture, names[answer], _short(style.plain(texts[n])))
        style.strip(map_axes)
        style.picture(map_axes, heats[n], (0, float(heats[n].max()) or 1.0), style.AMOUNT)
        map_axes.set_anchor("SW")
        draw_bars(bar_axes, probability[n], answer, answer, names)
    return figure


def _short(text: str) -> str:
    """Return a long text without its middle: file names often differ at their ends."""
    half = MAX_CAPTION // 2
    return text if len(text) <= MAX_CAPTION else f"{text[:half]}…{text[1 - half :]}"

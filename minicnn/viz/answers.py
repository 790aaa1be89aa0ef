"""Images of predictions, each with a bar chart of the class probabilities below it."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..functional.activation import softmax
from . import style
from .arrays import array, pictures, tensor

COLUMNS, MIN_COLUMNS = 5, 3  # the title needs the width of three
CELL = style.WIDTH / COLUMNS  # inches
MAX_BARS = 10  # with more classes, only the most probable are shown


def checked(images: Tensor, labels: Tensor, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the checked images on their device, and the labels and float64 logits on the CPU."""
    images = tensor("images", images, "N C H W")
    labels = tensor("labels", labels, "N").cpu()
    scores = torch.from_numpy(array("logits", tensor("logits", logits, "N K")))
    if not len(images) == len(labels) == len(scores):
        sizes = f"{len(images)}, {len(labels)} and {len(scores)}"
        raise ValueError(f"images, labels and logits must have equal lengths, got {sizes}")
    if labels.dtype != torch.int64:
        raise TypeError(f"labels must be int64, got {labels.dtype}")
    least, greatest, classes = int(labels.min()), int(labels.max()), scores.shape[1]
    if least < 0 or greatest >= classes:
        raise ValueError(f"labels must be in [0, {classes}), got {least} to {greatest}")
    return images, labels, scores


def draw_answers(
    images: Tensor,
    labels: Tensor,
    scores: Tensor,
    class_names: Sequence[str] | None,
    captions: dict[int, str],
    title: str,
    note: str,
) -> Figure:
    """Draw the examples that have a caption, in that order: the image, then the bars."""
    names = style.class_labels(class_names, scores.shape[1])
    if not captions:
        figure = style.new_figure(CELL * MIN_COLUMNS, 0.8, title)
        style.strip(figure.add_subplot())
        return figure

    rows, columns = -(-len(captions) // COLUMNS), min(max(len(captions), MIN_COLUMNS), COLUMNS)
    figure = style.new_figure(CELL * columns, 3.4 * rows + 0.7, title, note)
    grid = figure.add_gridspec(3 * rows, columns, height_ratios=[1.4, 1, 0.08] * rows)
    probability = softmax(scores, dim=1).numpy()
    shown = pictures("images", images[list(captions)])
    for place, (n, picture) in enumerate(zip(captions, shown, strict=True)):
        row, column = divmod(place, columns)
        answer, truth = int(scores[n].argmax()), int(labels[n])
        image_axes = figure.add_subplot(grid[3 * row, column])
        heading = f"predicted {names[answer]}\ntrue {names[truth]}"
        draw_image(image_axes, picture, heading, captions[n])
        bar_axes = figure.add_subplot(grid[3 * row + 1, column])
        draw_bars(bar_axes, probability[n], answer, truth, names)
    return figure


def draw_image(axes: Axes, picture: np.ndarray, title: str, caption: str) -> None:
    """Draw an image with a frame, a title above and a caption below."""
    style.strip(axes)
    style.heading(axes, title)
    axes.set_xlabel(caption, loc="left", fontsize=style.SMALL, color=style.MUTED, labelpad=2)
    style.picture(axes, picture, (0, 1), style.INTENSITY)
    axes.spines[:].set(visible=True, color=style.FAINT, linewidth=0.8)
    axes.set_anchor("SW")


def draw_bars(
    axes: Axes, probability: np.ndarray, predicted: int, true: int, names: list[str]
) -> None:
    """Draw one bar per class, on a faint track of the length of probability 1."""
    classes = list(range(len(probability)))
    if len(classes) > MAX_BARS:
        classes = np.argsort(-probability)[:MAX_BARS].tolist()
    # The true class comes last: a correct prediction has the colour of the true class.
    colours = {predicted: style.ORANGE} | {true: style.BLUE}
    places = range(len(classes))

    style.strip(axes)
    bar_colours = [colours.get(k, style.MUTED) for k in classes]
    # If snapped to whole pixels, a probability of nearly zero would appear as a line.
    axes.barh(places, probability[classes], height=0.7, color=bar_colours, snap=False)
    axes.barh(places, 1.0, height=0.7, color=style.FAINT, zorder=0)
    # Names and numbers are inside the axes, so that the axes are as wide as the image above.
    letter = 0.6 * style.SMALL / 72 / (CELL - 2 * style.MARGIN)  # width, as a fraction of the axes
    name_width, number_width = letter * (1 + max(len(names[k]) for k in classes)), 8 * letter
    track = 1 - name_width - number_width
    axes.set(xlim=(-name_width / track, 1 + number_width / track), ylim=(len(classes) - 0.5, -0.5))
    for place, k in zip(places, classes, strict=True):
        text = {"fontsize": style.SMALL, "color": colours.get(k, style.MUTED), "ha": "right"}
        text |= {"va": "center_baseline", "fontweight": "bold" if k in colours else "normal"}
        axes.text(-0.5 * letter / track, place, names[k], **text)
        if k in colours:
            axes.text(axes.get_xlim()[1], place, style.percent(probability[k]), **text)

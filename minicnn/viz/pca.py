"""Principal components: the features of each class, projected onto two dimensions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from torch import Tensor

from . import style
from .arrays import array, class_indices, tensor
from .settings import drawing

# Classes differ by colour and marker: ten colours would be too many for colour-blind readers.
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, "#cc79a7", "#56b4e9")  # from Okabe and Ito
MARKERS = "o^sDv"


@drawing
def pca(
    projection: Tensor,
    explained: Tensor,
    labels: Tensor,
    *,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw points in the plane of their first two principal components, coloured by class.

    The name of each class is written at the median of its points.

    Args:
        projection: Coordinates of the points, (N, 2).
        explained: Explained variance ratio of each component, (2,), in [0, 1].
        labels: The classes of the points, int64 (N,).
        class_names: One name per class; by default the class indices.

    Returns:
        The figure, with one axes.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a class has no name, or a value is not finite.

    Example:
        >>> import torch
        >>> from minicnn import insight
        >>> features, labels = torch.eye(3), torch.tensor([0, 1, 1])
        >>> projection, explained, _, _ = insight.pca(features)
        >>> figure = pca(projection, explained, labels)
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0', '1']

    Reference: I. Jolliffe and J. Cadima, "Principal component analysis: a review and recent
    developments", 2016, figure 2.
    """
    points = array("projection", tensor("projection", projection, "N 2"))
    shares = array("explained", tensor("explained", explained, "2"))
    for name, shape in (("projection", points.shape[1:]), ("explained", shares.shape)):
        if shape != (2,):
            raise ValueError(f"{name} must have two components, got {shape[0]}")
    classes = class_indices("labels", labels, len(points))
    names = style.names_up_to(classes.max(), class_names)

    title = f"Two principal components: {shares.sum():.0%} of the variance"
    figure = style.new_figure(7.0, 6.6, title)
    axes = figure.add_subplot()
    style.chart(axes)
    axes.grid(axis="x", color=style.FAINT, linewidth=0.8, linestyle="-")
    axes.set_aspect("equal", adjustable="datalim")  # equal distances in both directions
    for k in np.unique(classes):
        _draw_class(axes, points[classes == k], k, names[k])
    words = {"fontsize": style.LABEL, "color": style.MUTED}
    axes.set_xlabel(f"first component, {shares[0]:.0%} of the variance", **words)
    axes.set_ylabel(f"second component, {shares[1]:.0%} of the variance", **words)
    return figure


def _draw_class(axes: Axes, points: np.ndarray, k: int, name: str) -> None:
    colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k // len(COLOURS) % len(MARKERS)]
    look = {"marker": marker, "s": 12, "linewidths": 0, "alpha": 0.7}
    axes.scatter(points[:, 0], points[:, 1], color=colour, zorder=2, **look)
    words = {"fontsize": style.TITLE, "fontweight": "bold", "ha": "center", "va": "center"}
    halo = [withStroke(linewidth=3, foreground=style.PAPER)]
    x, y = np.median(points, axis=0)
    axes.text(x, y, name, color=style.INK, path_effects=halo, **words)

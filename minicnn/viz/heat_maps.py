"""Heat maps: which pixels a prediction depends on, by saliency, occlusion or Grad-CAM.

`minicnn.insight` computes the maps under the same names.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from torch import Tensor

from . import style
from .arrays import array, class_indices, pictures, tensor
from .settings import drawing
from .tiles import GAP, signed_limits

COLUMNS, MIN_COLUMNS = 5, 3  # the note needs the width of three
CELL = (style.WIDTH - 1.0) / COLUMNS  # inches; the last inch is for the colour bar


@drawing
def saliency(
    images: Tensor, maps: Tensor, classes: Tensor, *, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw images, and below each how much the score of a class changes with each pixel.

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        maps: What `insight.saliency` returned, (N, H, W), at least 0; all maps share one scale.
        classes: The classes that the maps explain, int64 (N,).
        class_names: One name per class; by default the class indices.

    Returns:
        The figure; its axes are one per image with its map, then the colour bar.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a class has no name, or a value is not finite or below 0.

    Example:
        >>> import torch
        >>> figure = saliency(torch.rand(2, 1, 8, 8), torch.rand(2, 8, 8), torch.tensor([7, 2]))
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['why 7?', 'why 2?', '']

    Reference: K. Simonyan et al., "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", 2014, figure 2.
    """
    note = "Darker: the score of the class changes more with this pixel."
    limits = _amount_limits(maps)
    label = "change of the score per change of the pixel"
    return _draw("Saliency", note, images, maps, classes, class_names, limits, label)[0]


@drawing
def grad_cam(
    images: Tensor, maps: Tensor, classes: Tensor, *, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw images, and below each where a layer found evidence for a class.

    Each map, with one cell per position of the layer's output, is stretched over its image.

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        maps: What `insight.grad_cam` returned, (N, h, w), at least 0; all maps share one scale.
        classes: The classes that the maps explain, int64 (N,).
        class_names: One name per class; by default the class indices.

    Returns:
        The figure; its axes are one per image with its map, then the colour bar.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a class has no name, or a value is not finite or below 0.

    Example:
        >>> import torch
        >>> figure = grad_cam(torch.rand(2, 1, 8, 8), torch.rand(2, 3, 3), torch.tensor([7, 2]))
        >>> figure.get_suptitle()
        'Grad-CAM, 3 × 3'

    Reference: R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
    Gradient-based Localization", 2017, figure 1.
    """
    limits = _amount_limits(maps)
    title = f"Grad-CAM, {maps.shape[1]} × {maps.shape[2]}"
    note = "Darker: stronger evidence for the class at this position."
    label = "contribution to the score"
    return _draw(title, note, images, maps, classes, class_names, limits, label)[0]


@drawing
def occlusion(
    images: Tensor, maps: Tensor, classes: Tensor, *, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw images, and below each how much probability a class loses when a patch is hidden.

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        maps: What `insight.occlusion` returned, (N, H, W), in [−1, 1]; all maps share one scale.
        classes: The classes that the maps explain, int64 (N,).
        class_names: One name per class; by default the class indices.

    Returns:
        The figure; its axes are one per image with its map, then the colour bar.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a class has no name, or a value is not finite.

    Example:
        >>> import torch
        >>> maps = torch.tensor([[[0.5, -0.1], [0.0, 0.0]]])
        >>> figure = occlusion(torch.rand(1, 1, 2, 2), maps, torch.tensor([1]))
        >>> figure.axes[0].images[1].get_clim()
        (-0.5, 0.5)

    Reference: M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks",
    2014, figure 7.
    """
    limits = signed_limits(array("maps", tensor("maps", maps, "N H W")))
    note = "Red: the class is less probable when a patch around this pixel is hidden.\n"
    note += "Blue: it is more probable."
    label = "loss of probability"
    figure, bar = _draw(
        "Occlusion", note, images, maps, classes, class_names, limits, label, style.SIGNED
    )
    bar.ax.yaxis.set_major_formatter(style.percent_tick)
    return figure


def _amount_limits(maps: Tensor) -> tuple[float, float]:
    values = array("maps", tensor("maps", maps, "N H W"))
    if values.min() < 0:
        raise ValueError(f"maps must not be below 0, got {values.min():.3g}")
    return 0.0, float(values.max()) or 1.0


def _draw(
    title: str,
    note: str,
    images: Tensor,
    maps: Tensor,
    classes: Tensor,
    class_names: Sequence[str] | None,
    limits: tuple[float, float],
    label: str,
    cmap: Colormap = style.AMOUNT,
) -> tuple[Figure, Colorbar]:
    """Draw each image above its map, with one colour bar for all maps."""
    shown = pictures("images", tensor("images", images, "N C H W"))
    values = array("maps", maps)
    if len(values) != len(shown):
        raise ValueError(f"maps must have length {len(shown)}, one per image, got {len(values)}")
    explained = class_indices("classes", classes, len(shown))
    names = style.names_up_to(explained.max(), class_names)

    height = shown.shape[1] / shown.shape[2]  # of an image, relative to its width
    columns = min(max(len(shown), MIN_COLUMNS), COLUMNS)
    rows = -(-len(shown) // columns)
    size = CELL * columns + 1.0, rows * (CELL * (2 * height + GAP) + 0.3) + 0.8
    figure = style.new_figure(*size, title, note)
    grid = figure.add_gridspec(rows, columns)
    every = [figure.add_subplot(grid[divmod(n, columns)]) for n in range(len(shown))]
    for axes, picture, heat, k in zip(every, shown, values, explained, strict=True):
        style.strip(axes)
        style.heading(axes, f"why {names[k]}?")
        style.picture(axes, picture, (0, 1), style.INTENSITY, (0, 1, height, 0))
        top = height + GAP
        style.picture(axes, heat, limits, cmap, (0, 1, top + height, top))
        _outline(axes, picture, top, height)
        # After the images, because each of them sets the limits to its own extent.
        axes.set(xlim=(0, 1), ylim=(top + height, 0))
    # The aspect grows with the rows, so that the width of the colour bar does not.
    bar = style.colour_bar(figure, every, limits, cmap, label, aspect=25 * rows)
    return figure, bar


def _outline(axes: Axes, picture: np.ndarray, top: float, height: float) -> None:
    """Draw the outline of a grey image over its map, for orientation."""
    if picture.shape[2] == 1 and picture.min() < 0.5 < picture.max():
        h, w = picture.shape[:2]
        x, y = (np.arange(w) + 0.5) / w, top + (np.arange(h) + 0.5) / h * height
        axes.contour(x, y, picture[..., 0], [0.5], colors=style.INK, linewidths=0.6, alpha=0.6)

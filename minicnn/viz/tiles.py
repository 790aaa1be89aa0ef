"""Small images side by side in one panel, for filters and feature maps."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from . import style

GAP = 0.12  # between tiles, in tile widths


def signed_limits(*values: np.ndarray) -> tuple[float, float]:
    """Return one scale for all ``values``, symmetric about 0, so that 0 is white."""
    limit = max(float(np.abs(v).max()) for v in values) or 1.0
    return -limit, limit


def draw_tiles(
    axes: Axes,
    tiles: np.ndarray,
    columns: int,
    limits: tuple[float, float],
    cmap: Colormap = style.SIGNED,
) -> None:
    """Draw tiles (n, h, w), or in colour (n, h, w, 3), in rows of ``columns``.

    All tiles are images in the same ``axes``: laying out a hundred axes takes seconds.
    """
    style.strip(axes)
    height = tiles.shape[1] / tiles.shape[2]
    for i, tile in enumerate(tiles):
        row, column = divmod(i, columns)
        left, top = column * (1 + GAP), row * (height + GAP)
        style.picture(axes, tile, limits, cmap, extent=(left, left + 1, top + height, top))
    rows = -(-len(tiles) // columns)
    axes.set(xlim=(0, columns * (1 + GAP) - GAP), ylim=(rows * (height + GAP) - GAP, 0))

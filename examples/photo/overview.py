"""The overview of a picture: small enough to look at all of it, and free of most noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .picture import to_tensor

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 256  # pixels
REACH = 2  # pixels over which a sharp edge changes fully
STRONG = 1 / 4  # of the strongest step: ink in the shade differs less from paper than in the light


def overview(picture: Image) -> Tensor:
    """Shrink a picture to at most 256 pixels each way, and put it in [0, 1].

    Shrinking takes averages, which wipes out much of a photo's noise.

    Args:
        picture: of mode "L", of any size.

    Returns:
        ``(H, W)``, float32, 0 (black) to 1 (white).
    """
    from PIL.Image import Resampling

    factor = min(1, LONGEST / max(picture.size))
    width, height = (max(2 * REACH, round(factor * side)) for side in picture.size)
    return to_tensor(picture.resize((width, height), Resampling.BOX)).float() / 255


def steps(grey: Tensor) -> Tensor:
    """Compute the changes of grey along the rows: ``y[i, j] = x[i, j + 2] − x[i, j]``."""
    return grey[:, REACH:] - grey[:, :-REACH]


def strongest_step(grey: Tensor) -> float:
    """Find the largest change of grey, up or down, along a row or a column."""
    # One of the two is empty where the picture is too narrow to reach across.
    return torch.cat([steps(grey).flatten(), steps(grey.T).flatten()]).abs().max().item()

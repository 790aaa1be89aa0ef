"""The ink: what is darker than the paper around it, in light and in shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .morphology import close
from .overview import overview, strongest_step
from .picture import NoDigitError
from .pieces import at_edge, cell_side, sum_cells
from .specks import without_specks
from .threshold import threshold

if TYPE_CHECKING:
    from PIL.Image import Image

WIDEST = 0.45  # of a picture's longer side: all strokes are narrower
FAINTEST = 0.08  # the part of the light that ink takes away, at least
SHARP = 0.5  # of full darkness, by which ink changes within two 64ths of the picture
NOISE = 4  # standard deviations by which it must rise above the paper's grain


def ink_of(picture: Image) -> Tensor:
    """Find out where in a picture there is ink, and how much.

    What a camera sees is the light that falls on the paper, times the part of it that is thrown
    back. The first is what remains when the strokes are filled in, and divided by it,

        darkness = 1 − grey / close(grey, radius)

    is 0 on clean paper, in the shadow as in the light. Between the grain of the paper and the
    typical ink it rises from 0 to 1, so that edges stay soft and strokes become solid.

    Args:
        picture: dark ink on light paper, of mode "L".

    Returns:
        ``(H, W)`` of at most 256 pixels each way, float32, 0 (paper) to 1 (ink).

    Raises:
        NoDigitError: if no ink stands out from the paper.
    """
    grey = overview(picture)
    light = close(grey, int(WIDEST * max(grey.shape) / 2)).clamp(min=1 / 255)
    darkness = 1 - grey / light
    paper, grain = _paper(darkness)
    typical = _typical_ink(darkness)
    if typical - paper < max(FAINTEST, NOISE * grain):
        raise NoDigitError("is blank: no ink stands out from the paper")
    clean = paper + 3 * grain
    ink = without_specks(((darkness - clean) / (typical - clean)).clamp(0, 1))
    if at_edge(ink).any() and _is_soft(darkness):
        raise NoDigitError("is blank: there is nothing on the paper but a soft shadow")
    return ink


def _is_soft(darkness: Tensor) -> bool:
    """Tell the rest of a shadow in a corner, where the square finds no room, from cut-off ink."""
    side = cell_side(darkness)
    cells = sum_cells(darkness, side) / sum_cells(torch.ones_like(darkness), side)
    return strongest_step(cells) < SHARP * cells.max().item()


def _typical_ink(darkness: Tensor) -> float:
    least, most = darkness.min().item(), darkness.max().item()
    if least == most:
        return most
    return darkness[darkness > threshold(darkness, (least + most) / 2)].median().item()


def _paper(darkness: Tensor) -> tuple[float, float]:
    """Estimate mean and standard deviation of the paper's grain, a normal distribution."""
    # From the lightest quarter alone, since as much as half of a picture may be ink. A normal
    # distribution has a quarter of its values 0.67 deviations or more below its mean, and a
    # twentieth 1.64 or more.
    low, high = darkness.quantile(torch.tensor([0.05, 0.25])).tolist()
    grain = (high - low) / (1.64 - 0.67)
    return high + 0.67 * grain, grain

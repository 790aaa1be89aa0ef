"""Polarity: whether the ink is darker than the paper, or lighter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from .overview import STRONG, overview, steps, strongest_step

if TYPE_CHECKING:
    from PIL.Image import Image


def on_light_paper(picture: Image) -> Image:
    """Invert a picture of light ink on dark paper.

    The question is decided by a vote. Each row is walked from its left end and from its right end,
    each column from above and from below, to the first strong step of grey on the way. Who comes
    from outside steps from paper onto ink first, so a step down is a vote for dark ink, and a step
    up is one for light ink.

    Neither the average grey nor that of the border could decide this as well: half of either may
    lie in a shadow. The edge of a shadow votes too, but once from each end of a row, once down and
    once up, and so decides nothing.

    Args:
        picture: of mode "L".

    Returns:
        A picture of dark ink on light paper.
    """
    from PIL import ImageOps

    grey = overview(picture)
    strong = STRONG * strongest_step(grey)
    walks = (grey, grey.flip(1), grey.T, grey.T.flip(1))
    votes = sum(_first_step(walk, strong) for walk in walks)
    return ImageOps.invert(picture) if votes > 0 else picture


def _first_step(grey: Tensor, strong: float) -> int:
    """Count the rows whose first strong step from the left goes up, less those where down."""
    change = steps(grey)
    first = (change.abs() >= strong).int().argmax(1, keepdim=True)  # the first True
    step = change.gather(1, first)
    return int((step.sign() * (step.abs() >= strong)).sum())

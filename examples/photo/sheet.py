"""The sheet: what lies around it, a table or a frame, is painted over with the paper's grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .overview import STRONG, overview, strongest_step
from .picture import to_picture
from .pieces import at_edge, cell_side, number_pieces, spread, sum_cells
from .threshold import threshold

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST_SHEET = 0.2  # of the picture
FULLEST_OVAL = 0.85  # of the rectangle around it: π/4, and a little more


def without_surroundings(picture: Image) -> Image:
    """Paint over what is around a sheet that lies in the picture, or around the inside of a frame.

    The sheet itself would be taken for the ink: it is what differs from the rest. A sheet is a
    large piece, lighter or darker than the rest, or of the most common grey, that

    - does not reach the edge of the picture, as paper does where no table is seen;
    - is a rectangle, more or less: it fills some rectangle around it, whereas a "0" is an oval;
    - has something on it, unlike the bar of a "1".

    Args:
        picture: of mode "L".

    Returns:
        A picture of the same size; ``picture`` itself, if no such sheet is in it.
    """
    from PIL.Image import Resampling, new

    grey = overview(picture)
    strongest = strongest_step(grey)
    if strongest == 0:
        return picture
    light = grey > threshold(grey, grey.mean().item())  # the ink is too little to move the mean
    like_most = (grey - grey.median()).abs() < STRONG * strongest  # a frame may be fainter than ink
    for kind in (light, ~light, like_most):
        sheet = _sheet(kind)
        if sheet is None:
            continue
        colour = grey[sheet].median()
        if strongest_step(grey.where(sheet, colour)) >= strongest / 2:
            mask = to_picture(255 * sheet.to(torch.uint8))
            paper = new("L", picture.size, round(255 * colour.item()))
            paper.paste(picture, mask=mask.resize(picture.size, Resampling.NEAREST))
            return paper
    return picture


def _sheet(kind: Tensor) -> Tensor | None:
    """Find the largest piece that is away from the edge, and return it if it is a sheet."""
    side = cell_side(kind)
    # A cell counts if all of it is of the kind, so that the finest frame separates two pieces.
    pieces = number_pieces(sum_cells(kind, side) == side**2)
    amount = pieces.flatten().bincount()
    amount[at_edge(pieces)] = amount[0] = 0
    if not amount.any():
        return None
    piece = _filled(pieces == amount.argmax())
    if piece.sum() < SMALLEST_SHEET * piece.numel() or _fullness(piece) < FULLEST_OVAL:
        return None
    return spread(piece, side)[: kind.shape[0], : kind.shape[1]]


def _filled(piece: Tensor) -> Tensor:
    """Fill what has the piece on all four sides of it, such as the digit on a sheet."""
    filled = torch.ones_like(piece)
    for view, result in ((piece, filled), (piece.T, filled.T)):
        before, after = view.cummax(1).values, view.flip(1).cummax(1).values.flip(1)
        result &= before & after
    return filled


def _fullness(piece: Tensor) -> float:
    """Compute which part of a rectangle around it a piece fills, of those turned by 0° to 87°."""
    rows, columns = piece.nonzero().T.float()
    angles = torch.arange(0, 90, 3).deg2rad().unsqueeze(1)
    down = angles.cos() * rows - angles.sin() * columns  # (30, pixels)
    across = angles.sin() * rows + angles.cos() * columns
    heights = down.amax(1) - down.amin(1) + 1
    widths = across.amax(1) - across.amin(1) + 1
    return (piece.sum() / (heights * widths).min()).item()

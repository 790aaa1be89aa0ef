"""Find the ink: what is darker than the paper around it, in light and in shadow, without specks."""

import math

import torch
from PIL.Image import Image
from torch import Tensor

from .lines import without_lines
from .normalise import stroke_width
from .picture import NoDigitError, strongest_step, thumbnail
from .pieces import choose_digit
from .regions import at_edge, cell_side, close, paper_and_grain, sum_cells, threshold

WIDEST = 0.45  # of a picture's longer side: all strokes are narrower
WIDER = 1.5  # times the width of the strokes: half the width of what is filled in
FAINTEST = 0.08  # the smallest fraction of the light that ink absorbs
SHARP = 0.5  # of the full darkness: ink changes by as much within two 64ths of the picture
SOLID = 0.6  # of the darkest ink's darkness: what is lighter may be a shadow
NOISE = 4  # standard deviations of the paper's grain above which something is ink


def find_ink(picture: Image) -> Tensor:
    """Compute where in a picture there is ink, and how much.

    A camera sees the light that falls on the paper, times the fraction that the paper reflects. The
    light is what remains when the strokes are filled in, and after division by it

        darkness = 1 − grey / close(grey, radius)

    is 0 on clean paper, in shadow as in light. The radius, at first that of the widest strokes, is
    then fitted to the darkest strokes that are found: a shadow that is wider is light that varies,
    not ink, also if it has a sharp edge and touches the digit.
    Between the grain of the paper and the typical ink, the darkness is rescaled from 0 to 1, so
    that edges stay soft and strokes become solid.

    Args:
        picture: dark ink on light paper, of mode "L".

    Returns:
        ``(H, W)`` of at most 256 pixels each way, float32, 0 (paper) to 1 (ink).

    Raises:
        NoDigitError: no ink stands out from the paper, or it is that of several characters.
    """
    grey = without_lines(thumbnail(picture))
    radius = int(WIDEST * max(grey.shape) / 2)
    while True:
        darkness = 1 - grey / close(grey, radius).clamp(min=1 / 255)
        ink, several = choose_digit(_ink(darkness))
        narrower = math.ceil(WIDER * stroke_width(_darkest(ink.gt(0.5), darkness)))
        if narrower >= radius:
            break
        radius = narrower
    if several:
        raise NoDigitError("shows several characters: one digit per picture is expected")
    return ink


def _ink(darkness: Tensor) -> Tensor:
    paper, grain = paper_and_grain(darkness)
    typical = _typical_ink(darkness)
    if typical - paper < max(FAINTEST, NOISE * grain):
        raise NoDigitError("is blank: no ink stands out from the paper")
    clean = paper + 3 * grain
    ink = ((darkness - clean) / (typical - clean)).clamp(0, 1)
    if at_edge(ink).any() and _is_soft(darkness):
        raise NoDigitError("is blank: there is nothing on the paper but a soft shadow")
    return ink


def _darkest(ink: Tensor, darkness: Tensor) -> Tensor:
    """Return the ink that is about as dark as the darkest, since a shadow is lighter."""
    most = darkness[ink].quantile(0.95)
    return (ink & (darkness > SOLID * most)).float()


def _is_soft(darkness: Tensor) -> bool:
    """Tell the rest of a shadow in a corner, which the closing leaves there, from cut-off ink."""
    side = cell_side(darkness)
    cells = sum_cells(darkness, side) / sum_cells(torch.ones_like(darkness), side)
    return strongest_step(cells) < SHARP * cells.max().item()


def _typical_ink(darkness: Tensor) -> float:
    least, most = darkness.min().item(), darkness.max().item()
    if least == most:
        return most
    return darkness[darkness > threshold(darkness, (least + most) / 2)].median().item()

"""Find the ink: what is darker than the paper around it, in light and in shadow, without specks."""

import torch
from PIL.Image import Image
from torch import Tensor

from .picture import NoDigitError, strongest_step, thumbnail
from .regions import (
    at_edge,
    cell_side,
    close,
    dilate,
    number_pieces,
    sum_cells,
    threshold,
    to_pixels,
)

WIDEST = 0.45  # of a picture's longer side: all strokes are narrower
FAINTEST = 0.08  # the smallest fraction of the light that ink absorbs
SHARP = 0.5  # of the full darkness: ink changes by as much within two 64ths of the picture
NOISE = 4  # standard deviations of the paper's grain above which something is ink
SPECK = 0.05  # of the largest piece's ink: a separate stroke has more
RIVAL = 0.2  # of the largest piece's ink: enough to be the digit itself


def find_ink(picture: Image) -> Tensor:
    """Compute where in a picture there is ink, and how much.

    A camera sees the light that falls on the paper, times the fraction that the paper reflects. The
    light is what remains when the strokes are filled in, and after division by it

        darkness = 1 − grey / close(grey, radius)

    is 0 on clean paper, in shadow as in light. Between the grain of the paper and the typical ink
    it is rescaled from 0 to 1, so that edges stay soft and strokes become solid.

    Args:
        picture: dark ink on light paper, of mode "L".

    Returns:
        ``(H, W)`` of at most 256 pixels each way, float32, 0 (paper) to 1 (ink).

    Raises:
        NoDigitError: no ink stands out from the paper.
    """
    grey = thumbnail(picture)
    light = close(grey, int(WIDEST * max(grey.shape) / 2)).clamp(min=1 / 255)
    darkness = 1 - grey / light
    paper, grain = _estimate_paper(darkness)
    typical = _typical_ink(darkness)
    if typical - paper < max(FAINTEST, NOISE * grain):
        raise NoDigitError("is blank: no ink stands out from the paper")
    clean = paper + 3 * grain
    ink = without_specks(((darkness - clean) / (typical - clean)).clamp(0, 1))
    if at_edge(ink).any() and _is_soft(darkness):
        raise NoDigitError("is blank: there is nothing on the paper but a soft shadow")
    return ink


def without_specks(ink: Tensor) -> Tensor:
    """Keep the pieces of the digit and a small margin around them, and erase everything else.

    The largest piece is the digit. Others may belong to it, such as the bar of a "5"; specks, which
    are far smaller, do not. Nor does a piece that touches the edge of the picture, the shadow of a
    hand or the end of the paper, if a large piece remains that does not.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink), with ink somewhere.

    Returns:
        ``(H, W)``, 0 except near the remaining pieces.

    Example:
        >>> ink = torch.zeros(6, 30)
        >>> ink[:5, 2:7], ink[3, 20] = 1.0, 1.0
        >>> ink.sum(), without_specks(ink).sum()
        (tensor(26.), tensor(25.))
    """
    side = cell_side(ink)
    cells = sum_cells(ink > 0.5, side)
    pieces = number_pieces(cells > 0)
    amount = pieces.flatten().bincount(cells.flatten())
    inner = amount.clone()
    inner[at_edge(pieces)] = 0
    if inner.max() >= RIVAL * amount.max():
        amount = inner
    kept = amount.gt(0) & amount.ge(SPECK * amount.max())
    near = dilate(kept[pieces].float(), 1)
    return ink * to_pixels(near, side)[: ink.shape[0], : ink.shape[1]]


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


def _estimate_paper(darkness: Tensor) -> tuple[float, float]:
    """Estimate mean and standard deviation of the paper's grain, as a normal distribution."""
    # From the lightest quarter alone, since up to half of a picture may be ink. In a normal
    # distribution a quarter of the values lie 0.67 deviations or more below the mean, and a
    # twentieth 1.64 or more.
    low, high = darkness.quantile(torch.tensor([0.05, 0.25])).tolist()
    grain = (high - low) / (1.64 - 0.67)
    return high + 0.67 * grain, grain

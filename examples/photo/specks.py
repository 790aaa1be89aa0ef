"""Specks: dirt, and what reaches in from the edge, is told from the digit and wiped out."""

from torch import Tensor

from .morphology import dilate
from .pieces import at_edge, cell_side, number_pieces, spread, sum_cells

SPECK = 0.05  # of the largest piece's ink: a stroke that stands alone has more
RIVAL = 0.2  # of the largest piece's ink: enough to be the digit itself


def without_specks(ink: Tensor) -> Tensor:
    """Leave the digit's pieces, with a little around them, and wipe out everything else.

    The largest piece is the digit. Others may belong to it, such as the bar of a "5"; specks, which
    are far smaller, do not. Nor does what comes in from the edge of the picture, the shadow of a
    hand or the end of the paper, if a large piece remains that does not.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink), with ink somewhere.

    Returns:
        ``(H, W)``, 0 but near the pieces that are left.

    Example:
        >>> import torch
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
    return ink * spread(near, side)[: ink.shape[0], : ink.shape[1]]

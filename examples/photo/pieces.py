"""Choose the pieces of ink that are the digit, and refuse several characters."""

from typing import NamedTuple

import torch
from torch import Tensor

from .picture import NoDigitError
from .regions import at_edge, cell_side, dilate, number_pieces, sum_cells, to_pixels

SPECK = 0.05  # of the largest piece's ink: a separate stroke has more
RIVAL = 0.2  # of the largest piece's ink: enough to be the digit itself
BAR = 4  # times as wide as high: no digit
# As parts of the length of the digit's largest piece:
NEAR, NEAR_BAR = 0.25, 0.1  # how far away other pieces of it may be
LONGEST_BAR = 0.8
CHARACTER = 0.5  # the length of another character, at least
SPACE = 0.04  # between two characters that are side by side


class Box(NamedTuple):
    """The extent of a piece, in cells."""

    top: int
    left: int
    height: int
    width: int

    @property
    def length(self) -> int:
        return max(self.height, self.width)

    @property
    def is_bar(self) -> bool:
        return self.width >= BAR * self.height

    def gaps(self, other: "Box") -> tuple[int, int]:
        """The free cells between this piece and another: down, and across."""
        down = max(self.top, other.top) - min(self.top + self.height, other.top + other.height)
        across = max(self.left, other.left) - min(self.left + self.width, other.left + other.width)
        return max(0, down), max(0, across)


def choose_digit(ink: Tensor) -> Tensor:
    """Keep the pieces of the digit and a small margin around them, and erase everything else.

    The largest piece is the digit, unless it is a bar across, like a printed line, or touches the
    edge of the picture, like the shadow of a hand or the end of the paper, and a large piece
    remains that is neither. Pieces near it may belong to it, such as the bar of a "5"; specks,
    which are far smaller, do not.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink), with ink somewhere.

    Returns:
        ``(H, W)``, 0 except near the remaining pieces.

    Raises:
        NoDigitError: another piece is as large as a digit, and apart from it.

    Example:
        >>> ink = torch.zeros(6, 30)
        >>> ink[:5, 2:7], ink[3, 20] = 1.0, 1.0
        >>> ink.sum(), choose_digit(ink).sum()
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
    large = amount.gt(0) & amount.ge(SPECK * amount.max())
    boxes = {n: _box(pieces == n) for n in large.nonzero().flatten().tolist()}
    upright = [n for n, box in boxes.items() if not box.is_bar]
    digit = boxes[max(upright or boxes, key=lambda n: amount[n].item())]
    kept = torch.zeros_like(large)
    for n, box in boxes.items():
        kept[n] = _belongs(box, digit)
    near = dilate(kept[pieces].float(), 1)
    return ink * to_pixels(near, side)[: ink.shape[0], : ink.shape[1]]


def _belongs(box: Box, digit: Box) -> bool:
    """Tell whether a piece belongs to the digit, and refuse it if it is another character."""
    down, across = box.gaps(digit)
    if box.is_bar and box != digit:
        near = max(down, across) <= NEAR_BAR * digit.length
        return near and box.width <= LONGEST_BAR * digit.length
    near = max(down, across) <= NEAR * digit.length
    beside = across > SPACE * digit.length
    if box.length >= CHARACTER * digit.length and (beside or not near):
        raise NoDigitError("shows several characters: one digit per picture is expected")
    return near


def _box(piece: Tensor) -> Box:
    rows, columns = piece.any(1).nonzero(), piece.any(0).nonzero()
    top, left = int(rows.min()), int(columns.min())
    return Box(top, left, int(rows.max()) + 1 - top, int(columns.max()) + 1 - left)

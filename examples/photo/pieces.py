"""Choose the pieces of ink that are the digit, and notice other characters."""

from typing import NamedTuple

import torch
from torch import Tensor

from .regions import at_edge, cell_side, dilate, number_pieces, sum_cells, to_pixels

SPECK = 0.05  # of the largest piece's ink: a separate stroke has more
RIVAL = 0.2  # of the largest piece's ink: enough to be the digit itself
BAR = 3  # times as wide as high: no digit is as wide
# As parts of the digit's length, its height or its width:
NEAR_BAR, LONGEST_BAR = 0.1, 0.8  # a bar of a "5" or a "7": the free space up to it, its length
# As parts of the length of the digit's largest piece:
NEAR = 0.25  # the free space up to another piece
CHARACTER = 0.5  # the length of another character, at least
SPACE = 0.04  # the free space between characters side by side


class Box(NamedTuple):
    """The extent of a piece, in cells: up to, and without, ``bottom`` and ``right``."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def length(self) -> int:
        """The height or the width."""
        return max(self.bottom - self.top, self.right - self.left)

    @property
    def is_bar(self) -> bool:
        """Tell whether this is wider than any digit."""
        return self.right - self.left >= BAR * (self.bottom - self.top)

    def union(self, other: "Box") -> "Box":
        """Return the extent of both."""
        ends = max(self.bottom, other.bottom), max(self.right, other.right)
        return Box(min(self.top, other.top), min(self.left, other.left), *ends)

    def gaps(self, other: "Box") -> tuple[int, int]:
        """Count the free cells between two pieces, down and across."""
        down = max(self.top, other.top) - min(self.bottom, other.bottom)
        across = max(self.left, other.left) - min(self.right, other.right)
        return max(0, down), max(0, across)

    def belongs_to(self, digit: "Box", length: int) -> bool:
        """Tell whether this is a piece of the digit, whose largest piece has a length."""
        free = max(self.gaps(digit))
        if self.is_bar:  # a line that is printed below is no piece
            return free <= NEAR_BAR * digit.length and self.length <= LONGEST_BAR * digit.length
        return free <= NEAR * length and not self.is_character_beside(digit, length)

    def is_character_beside(self, digit: "Box", length: int) -> bool:
        """Tell whether this is large enough to be a digit itself, and lies apart."""
        down, across = self.gaps(digit)
        apart = across > SPACE * length or max(down, across) > NEAR * length
        return apart and not self.is_bar and self.length >= CHARACTER * length


def choose_digit(ink: Tensor) -> tuple[Tensor, bool]:
    """Keep the pieces of the digit and a small margin around them, and erase everything else.

    The largest piece is the digit, unless it is a bar across, like a printed line, or touches the
    edge of the picture, like the shadow of a hand or the end of the paper, and a large piece
    remains that is neither. Pieces near it belong to it, such as the bar of a "5". Specks, which
    are far smaller, do not, nor does what lies further away.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink), with ink somewhere.

    Returns:
        ``(H, W)``, 0 except near the remaining pieces; and whether another piece is as large as a
        digit, and lies apart.

    Example:
        >>> ink = torch.zeros(6, 30)
        >>> ink[:5, 2:7], ink[3, 20] = 1.0, 1.0
        >>> digit, several = choose_digit(ink)
        >>> ink.sum(), digit.sum(), several
        (tensor(26.), tensor(25.), False)
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
    first = max(upright or boxes, key=lambda n: amount[n].item())
    digit, length, kept = boxes[first], boxes[first].length, torch.zeros_like(large)
    found = [first]
    while found:  # a broken digit grows piece by piece
        for n in found:
            digit, kept[n] = digit.union(boxes.pop(n)), True
        found = [n for n, box in boxes.items() if box.belongs_to(digit, length)]
    near = dilate(kept[pieces].float(), 1)
    alone = ink * to_pixels(near, side)[: ink.shape[0], : ink.shape[1]]
    return alone, any(box.is_character_beside(digit, length) for box in boxes.values())


def _box(piece: Tensor) -> Box:
    rows, columns = piece.any(1).nonzero(), piece.any(0).nonzero()
    return Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)

"""Pieces of a mask: cells of a coarse grid that hang together."""

import torch
from torch import Tensor

from .morphology import dilate

CELLS = 64  # along the longer side: pieces need not be told apart more finely


def cell_side(image: Tensor) -> int:
    """Return how many pixels wide and high a cell is, so that at most 64 are in a row."""
    return -(-max(image.shape) // CELLS)


def sum_cells(mask: Tensor, side: int) -> Tensor:
    """Count the pixels of a mask in each cell; the last ones may reach out over the edge.

    Args:
        mask: ``(H, W)``, bool; or an image, whose values are then added up.
        side: of a cell, in pixels.

    Returns:
        ``(⌈H / side⌉, ⌈W / side⌉)``, int64 of a mask, 0 to side².

    Example:
        >>> sum_cells(torch.ones(2, 3, dtype=torch.bool), 2)
        tensor([[4, 2]])
    """
    height, width = mask.shape
    padded = mask.new_zeros(-(-height // side) * side, -(-width // side) * side)
    padded[:height, :width] = mask
    return padded.unfold(0, side, side).unfold(1, side, side).sum((2, 3))


def spread(cells: Tensor, side: int) -> Tensor:
    """Give all pixels of a cell the cell's value, the reverse of ``sum_cells``."""
    return cells.repeat_interleave(side, 0).repeat_interleave(side, 1)


def number_pieces(mask: Tensor) -> Tensor:
    """Give all cells of a piece the same number. Neighbours, diagonal ones too, are of one piece.

    Each cell begins with a number of its own, and takes over the largest one around it; then it
    takes over what the cell has by now from which that number came. Again and again, until nothing
    changes, which is soon: the second half of a step goes twice as far each time.

    Args:
        mask: ``(H, W)``, bool; fewer than 2²⁴ cells, as many as float32 can count.

    Returns:
        ``(H, W)``, int64, 0 outside of the mask.

    Example:
        >>> number_pieces(torch.tensor([[1, 1, 0, 1], [0, 1, 0, 0]]).bool())
        tensor([[6, 6, 0, 4],
                [0, 6, 0, 0]])

    Reference: Rosenfeld and Pfaltz, "Sequential operations in digital picture processing", Journal
    of the ACM 13(4), 1966, find them in two passes, by going from cell to cell.
    """
    numbers = torch.arange(1.0, mask.numel() + 1).view(mask.shape) * mask
    while True:
        grown = dilate(numbers, 1) * mask
        if grown.equal(numbers):
            return numbers.long()
        origin = (grown.long() - 1).clamp(min=0)
        numbers = grown.flatten()[origin] * mask


def at_edge(pieces: Tensor) -> Tensor:
    """Return the numbers along the four edges, 0 among them where there is no piece."""
    return torch.cat([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])

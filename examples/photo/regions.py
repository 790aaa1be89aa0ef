"""Regions of an image: thresholds, dilation, and connected pieces of a mask.

A piece is found on a coarse grid of cells, at most 64 along the longer side: pieces need not be
separated more finely.
"""

import torch
from torch import Tensor

CELLS = 64


def threshold(values: Tensor, start: float) -> float:
    """Separate two kinds of values halfway between the mean of one kind and that of the other.

        t = (mean of {v > t} + mean of {v ≤ t}) / 2

    With three kinds of values, the start decides which two are separated. From the mean, they are
    the two most frequent ones; from halfway between the minimum and the maximum, one of them may be
    a few pixels of ink on much paper, which Otsu's threshold does not find.

    Args:
        values: of any shape, floating point; at least two different ones.
        start: initial threshold, at least the minimum and below the maximum.

    Returns:
        t, between the minimum and the maximum.

    Example:
        >>> values = torch.tensor([0.0] * 500 + [0.2] * 500 + [0.8, 0.9])
        >>> round(threshold(values, start=0.1), 2), round(threshold(values, start=0.45), 2)
        (0.1, 0.48)

    Reference: Ridler and Calvard, "Picture thresholding using an iterative selection method", IEEE
    Transactions on Systems, Man, and Cybernetics 8(8), 1978.
    """
    previous, t = -torch.inf, start
    # Both means increase with t, so t moves in one direction until it converges.
    while abs(t - previous) > 1e-4:
        above = values > t
        previous, t = t, (values[above].mean().item() + values[~above].mean().item()) / 2
    return t


def paper_and_grain(values: Tensor) -> tuple[float, float]:
    """Estimate mean and standard deviation of the smallest values, as a normal distribution.

    Only the smallest quarter counts, since up to half of a picture may be ink. In a normal
    distribution a quarter of the values lie 0.67 deviations or more below the mean, and a
    twentieth 1.64 or more.

    Args:
        values: of any shape, floating point: how much a pixel differs from clean paper.

    Returns:
        The mean and the standard deviation.
    """
    low, high = values.quantile(torch.tensor([0.05, 0.25])).tolist()
    deviation = (high - low) / (1.64 - 0.67)
    return high + 0.67 * deviation, deviation


def dilate(image: Tensor, radius: int) -> Tensor:
    """Give each pixel the maximum of the square around it: bright regions grow.

        y[i, j] = max over |a|, |b| ≤ radius of x[i + a, j + b]    (inside the image)

    The maximum over a square is the maximum along the columns of the maximum along the rows. Along
    a line, the maximum of a window of 2s values is that of two windows of s, so the window doubles
    at each step, and a large window costs little more than a small one.

    Args:
        image: ``(H, W)``, floating point.
        radius: in pixels, 0 for no change.

    Returns:
        ``(H, W)``.

    Example:
        >>> dilate(torch.tensor([[0.0, 0.0, 3.0, 0.0, 2.0, 1.0]]), 1)
        tensor([[0., 3., 3., 3., 2., 2.]])

    Reference: Serra, "Image analysis and mathematical morphology", Academic Press, 1982. Van Herk,
    "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels",
    Pattern Recognition Letters 13(7), 1992, needs even fewer steps.
    """
    return dilate_rows(dilate_rows(image, radius).T, radius).T


def dilate_rows(image: Tensor, radius: int) -> Tensor:
    """Give each pixel the maximum of those up to ``radius`` away in its row."""
    height, width = image.shape
    best = image.new_full((height, width + 2 * radius), -torch.inf)
    best[:, radius : radius + width] = image
    length = 1
    while length < 2 * radius + 1:
        step = min(length, 2 * radius + 1 - length)
        best = torch.maximum(best[:, :-step], best[:, step:])
        length += step
    return best


def close(image: Tensor, radius: int) -> Tensor:
    """Fill dark regions that are narrower than a square, and leave the rest unchanged.

        y = −dilate(−dilate(x, radius), radius)

    A stroke of ink disappears: it takes the brightness of the paper around it. A shadow that is
    wider than the square stays, even with a sharp edge; no average could do that.

    Args:
        image: ``(H, W)``, floating point.
        radius: the square is 2·radius + 1 pixels wide.

    Returns:
        ``(H, W)``, nowhere below ``image``.

    Example:
        >>> close(torch.tensor([[9.0, 2.0, 9.0, 4.0, 4.0, 4.0]]), 1)
        tensor([[9., 9., 9., 4., 4., 4.]])

    Reference: Serra, "Image analysis and mathematical morphology", Academic Press, 1982.
    """
    return -dilate(-dilate(image, radius), radius)


def cell_side(image: Tensor) -> int:
    """Return the side of a cell in pixels, so that at most 64 cells are in a row."""
    return -(-max(image.shape) // CELLS)


def sum_cells(mask: Tensor, side: int) -> Tensor:
    """Count the pixels of a mask in each cell; the last cells may extend beyond the edge.

    Args:
        mask: ``(H, W)``, bool; or an image, whose values are summed.
        side: of a cell, in pixels.

    Returns:
        ``(⌈H / side⌉, ⌈W / side⌉)``; for a mask int64, 0 to side².

    Example:
        >>> sum_cells(torch.ones(2, 3, dtype=torch.bool), 2)
        tensor([[4, 2]])
    """
    height, width = mask.shape
    padded = mask.new_zeros(-(-height // side) * side, -(-width // side) * side)
    padded[:height, :width] = mask
    return padded.unfold(0, side, side).unfold(1, side, side).sum((2, 3))


def to_pixels(cells: Tensor, side: int) -> Tensor:
    """Repeat each cell's value for all of its pixels."""
    return cells.repeat_interleave(side, 0).repeat_interleave(side, 1)


def number_pieces(mask: Tensor) -> Tensor:
    """Label connected pieces: all cells of a piece get the same number. Diagonal cells connect.

    Each cell starts with a number of its own. In each step it takes the largest number among its
    neighbours, and then the number that the cell which that number came from has by now, until
    nothing changes. The second half of a step reaches twice as far each time, so few steps suffice.

    Args:
        mask: ``(H, W)``, bool; fewer than 2²⁴ cells, the integers that float32 represents.

    Returns:
        ``(H, W)``, int64, 0 outside the mask.

    Example:
        >>> number_pieces(torch.tensor([[1, 1, 0, 1], [0, 1, 0, 0]]).bool())
        tensor([[6, 6, 0, 4],
                [0, 6, 0, 0]])

    Reference: Rosenfeld and Pfaltz, "Sequential operations in digital picture processing", Journal
    of the ACM 13(4), 1966, label them in two passes, cell by cell.
    """
    numbers = torch.arange(1.0, mask.numel() + 1).view(mask.shape) * mask
    while True:
        grown = dilate(numbers, 1) * mask
        if grown.equal(numbers):
            return numbers.long()
        origin = (grown.long() - 1).clamp(min=0)
        numbers = grown.flatten()[origin] * mask


def at_edge(pieces: Tensor) -> Tensor:
    """Return the values along the four edges; of labels, 0 is where there is no piece."""
    return torch.cat([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])

"""Remove the lines of ruled and squared paper, and keep the strokes that cross them."""

import torch
from torch import Tensor

from .regions import dilate_rows, paper_and_grain

THIN = 80  # part of the longer side: half the thickness of the thickest line
STRIP = 8  # rows in which the steepest line stays within a column
LONG = 0.6  # of the picture's side: no stroke of a digit with paper around it is as long
STEEPEST = 0.1  # rows per column: the slant of a line, about 6 degrees
FAINTEST = 1 / 16  # of the picture's range of greys


def without_lines(grey: Tensor) -> Tensor:
    """Erase thin straight lines across the picture, such as those of ruled or squared paper.

    What is dark, and less than 2r + 1 pixels thick, disappears if it is closed in one direction:

        hat = close(grey, r, down) − grey

    Lines across are where the hat is large along most of a row, which may be slightly slanted.
    There, and only there, the closed picture is taken: strokes that cross a line are thicker than
    the line in that direction, so they are not interrupted. Thin lines go first, since a stroke
    along a line is then still thicker than the line.

    Args:
        grey: ``(H, W)``, dark ink on light paper.

    Returns:
        ``(H, W)``.

    Example:
        >>> paper = torch.ones(9, 12)
        >>> paper[2], paper[:, 5:8] = 0.5, 0.0  # a line, and a stroke that crosses it
        >>> clean = without_lines(paper)
        >>> clean[2]
        tensor([1., 1., 1., 1., 1., 0., 0., 0., 1., 1., 1., 1.])

    Reference: Serra, "Image analysis and mathematical morphology", Academic Press, 1982, calls the
    difference the top-hat transform; Duda and Hart, "Use of the Hough transformation to detect
    lines and curves in pictures", Communications of the ACM 15(1), 1972.
    """
    for radius in range(1, max(1, max(grey.shape) // THIN) + 1):
        for _ in range(2):  # down, then across
            grey = _without_columns(grey, radius).T
    return grey


def _without_columns(grey: Tensor, radius: int) -> Tensor:
    """Erase the lines from top to bottom that are at most 2·radius pixels thick."""
    filled = -dilate_rows(-dilate_rows(grey, radius), radius)
    hat = filled - grey
    typical, deviation = paper_and_grain(hat)
    dark = hat > typical + 2 * deviation + FAINTEST * (grey.max() - grey.min())
    # A line may lie between two columns, half in each.
    return torch.where(_long_columns(dilate_rows(dark.float(), 1)), filled, grey)


def _long_columns(dark: Tensor) -> Tensor:
    """Find the columns of which most is dark; they may be slightly slanted."""
    height, width = dark.shape
    strips = -(-height // STRIP)
    last = torch.arange(strips * STRIP).clamp(max=height - 1)  # the last row, to fill the last strip
    dark = dark[last].view(strips, STRIP, width).mean(1)
    down, columns = torch.linspace(-0.5, 0.5, strips).unsqueeze(1), torch.arange(width)
    usual = dark.mean(0).quantile(0.25)  # not 0 in noise
    long, end = LONG + (1 - LONG) * usual, -(-strips // 10)
    found = torch.zeros(strips, width)
    most = int(STEEPEST * height)
    for drift in range(-most, most + 1, 2):  # columns, from the top to the bottom
        slanted = columns + (drift * down).round().long()
        inside = (slanted >= 0) & (slanted < width)
        slanted = slanted.clamp(0, width - 1)
        along, length = dark.gather(1, slanted).where(inside, 0), inside.sum(0)
        line = (along.sum(0) >= long * length) & (length >= strips / 2)
        reaching = along.where(inside, 1)
        line &= (reaching[:end].mean(0) >= 0.5) & (reaching[-end:].mean(0) >= 0.5)
        found.scatter_add_(1, slanted, (line & inside).float())
    return found.gt(0).repeat_interleave(STRIP, 0)[:height]

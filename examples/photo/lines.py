"""Remove the lines of ruled and squared paper, and keep the strokes that cross them."""

import torch
from torch import Tensor

from .regions import dilate_rows, paper_and_grain

# As parts of the picture's longer side:
THICKEST = 1 / 40  # a line's thickness
STRIP = 1 / 32  # the rows in which a slanted line hardly moves
LONG = 0.6  # of the picture's height: what is dark of a line, at least
END = 0.1  # of the picture's height: a line begins and ends as near to the edge
STEEPEST = 0.2  # columns per row: the slant of a line, 11 degrees
FAINTEST = 1 / 16  # of the picture's range of greys


def without_lines(grey: Tensor) -> Tensor:
    """Erase thin straight lines from edge to edge, such as those of ruled or squared paper.

    What is dark, and at most 2·r pixels wide, is filled in by a closing along the rows:

        hat = close(grey, r) − grey

    A line from top to bottom is where the hat is large in most of a column, which may be slightly
    slanted. There, and only there, the closed picture is taken: a stroke that crosses the line is
    longer along the rows than the line is wide, so it is not interrupted. Lines across are erased
    in the same way from the transposed picture. The finest lines go first, so that a line does not
    take a stroke along with it that it touches.

    Args:
        grey: ``(H, W)``, floating point, dark ink on light paper.

    Returns:
        ``(H, W)``, nowhere below ``grey``.

    Example:
        >>> paper = torch.ones(9, 12)
        >>> paper[2], paper[:, 5:8] = 0.5, 0.0  # a line, and a stroke that crosses it
        >>> without_lines(paper)[2]
        tensor([1., 1., 1., 1., 1., 0., 0., 0., 1., 1., 1., 1.])

    Reference: Serra, "Image analysis and mathematical morphology", Academic Press, 1982, for the
    hat; Duda and Hart, "Use of the Hough transformation to detect lines and curves in pictures",
    Communications of the ACM 15(1), 1972, for the vote of a line's pixels.
    """
    thickest = int(THICKEST * max(grey.shape) / 2)
    for radius in range(1, max(1, thickest) + 1):
        for _ in range(2):  # lines down, then lines across
            filled = -dilate_rows(-dilate_rows(grey, radius), radius)
            hat = filled - grey
            paper, grain = paper_and_grain(hat)
            dark = hat > paper + 2 * grain + FAINTEST * (grey.max() - grey.min())
            grey = torch.where(_long_columns(dark.float()), filled, grey).T
    return grey


def _long_columns(dark: Tensor) -> Tensor:
    """Find the columns of which most is dark; they may be slightly slanted."""
    height, width = dark.shape
    long = LONG + dark.mean(0).quantile(0.25)  # noise is dark in places, in all columns
    side = max(1, round(STRIP * max(height, width)))
    rows = torch.arange(-(-height // side) * side).clamp(max=height - 1)  # the last one repeated
    dark = dilate_rows(dark, 1)  # a line may lie between two columns, half in each
    strips = dark[rows].view(-1, side, width).mean(1)
    end = -(-len(strips) // round(1 / END))
    found = torch.zeros_like(strips)
    columns, down = torch.arange(width), torch.linspace(-0.5, 0.5, len(strips)).unsqueeze(1)
    at_ends = torch.cat([strips[:end], strips[-end:]]).any()
    furthest = int(STEEPEST * height) if at_ends else -1  # of most pictures, nothing is there
    for drift in range(-furthest, furthest + 1, 2):  # columns, from the top to the bottom
        slanted = columns + (drift * down).round().long()
        inside = (slanted >= 0) & (slanted < width)
        slanted = slanted.clamp(0, width - 1)
        along = strips.gather(1, slanted)
        line = along.where(inside, 0).sum(0) >= long * inside.sum(0)
        reaching = along.where(inside, 1)
        line &= (reaching[:end].mean(0) >= 0.5) & (reaching[-end:].mean(0) >= 0.5)
        found.scatter_add_(1, slanted, (line & inside).float())
    return found.gt(0).repeat_interleave(side, 0)[:height]

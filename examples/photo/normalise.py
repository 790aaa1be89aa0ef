"""The form of MNIST: a box of 20 × 20 for the digit, and its centre of mass in the middle."""

import math

import torch
from torch import Tensor

from .morphology import dilate
from .picture import SMALLEST, NoDigitError, to_picture, to_tensor

FIELD, BOX = 28, 20
MIDDLE = 14  # the pixel on which MNIST's centres of mass are: the average over all digits is 14.00
# The width of MNIST's strokes: one in a hundred training digits is below the first number, one in
# four below the second.
THIN, USUAL = 1.5, 2.1
BLOT = 0.75  # of the box: one of the 60,000 training digits fills more, and it looks like one


def normalise(ink: Tensor) -> Tensor:
    """Give a digit the size, the place and the least width of stroke that MNIST's have.

    "The original black and white (bilevel) images from NIST were size normalized to fit in a 20x20
    pixel box while preserving their aspect ratio. […] The images were centered in a 28x28 image by
    computing the center of mass of the pixels, and translating the image so as to position this
    point at the center of the 28x28 field."

    A thin pen on a large sheet gives strokes that would fade to a pale grey at that size: they are
    thickened first. MNIST was written with one kind of pen and did not need this.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink).

    Returns:
        ``(1, 28, 28)``, uint8.

    Raises:
        NoDigitError: if the digit has less than 8 pixels, or is a blot without shape.

    Reference: LeCun, Cortes and Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/,
    1998.
    """
    from PIL.Image import Resampling

    ink = _thickened(ink)
    top, left, height, width = extent(ink)
    scale = BOX / max(height, width)
    rows, columns = max(1, round(scale * height)), max(1, round(scale * width))
    cut = (255 * ink[top : top + height, left : left + width]).round().to(torch.uint8)
    box = to_tensor(to_picture(cut).resize((columns, rows), Resampling.BICUBIC))
    if box.float().mean() * box.numel() > 255 * BLOT * BOX**2:
        raise NoDigitError("shows a blot: strokes would leave more of the paper free")
    field = box.new_zeros(1, FIELD, FIELD)
    row, column = _corner(box)
    field[0, row : row + rows, column : column + columns] = box
    return field


def extent(ink: Tensor) -> tuple[int, int, int, int]:
    """Find the smallest box around all ink: its top, left, height and width, in pixels."""
    dark = ink >= 0.25  # where a stroke covers a quarter of a pixel, on its edge
    rows, columns = dark.any(1).nonzero(), dark.any(0).nonzero()
    top, left = int(rows.min()), int(columns.min())
    return top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1


def stroke_width(ink: Tensor) -> float:
    """Estimate how wide the strokes are, in pixels.

        width = 2 · area / perimeter

    since a stroke that is much longer than wide has its area, length · width, between two edges of
    its length. The perimeter is π/4 of all changes from pixel to pixel, down and across: an edge
    at the angle θ counts |cos θ| + |sin θ| times its length, and that is 4/π on average.

    Args:
        ink: ``(H, W)``, 0 to 1, with some ink and some paper.

    Returns:
        The average width in pixels.

    Example:
        >>> ink = torch.zeros(100, 100)
        >>> ink[20:80, 50:54] = 1
        >>> round(4 / stroke_width(ink), 2)  # a straight stroke is where the average is least right
        0.84

    Reference: Santaló, "Integral geometry and geometric probability", Addison-Wesley, 1976, has
    the formula of Cauchy and Crofton behind π/4.
    """
    padded = ink.new_zeros(ink.shape[0] + 2, ink.shape[1] + 2)
    padded[1:-1, 1:-1] = ink
    changes = (padded[1:] - padded[:-1]).abs().sum() + (padded[:, 1:] - padded[:, :-1]).abs().sum()
    return (2 * ink.sum() / (math.pi / 4 * changes)).item()


def _thickened(ink: Tensor) -> Tensor:
    """Thicken strokes that are thinner than nearly all of MNIST's to what is usual there."""
    _, _, height, width = extent(ink)
    longest = max(height, width)
    if longest < SMALLEST:
        raise NoDigitError(f"shows a digit of {longest} pixels, expected at least {SMALLEST}")
    thickness = stroke_width(ink)
    if thickness * BOX / longest >= THIN:
        return ink
    radius = round((USUAL * longest / BOX - thickness) / 2)
    padded = ink.new_zeros(ink.shape[0] + 2 * radius, ink.shape[1] + 2 * radius)
    padded[radius : radius + ink.shape[0], radius : radius + ink.shape[1]] = ink
    return dilate(padded, radius)


def _corner(box: Tensor) -> tuple[int, int]:
    """Find where the box begins if its centre of mass comes to the middle, and it stays inside."""
    mass, corner = box.float(), []
    for along in (mass.sum(1), mass.sum(0)):
        centre = (along * torch.arange(len(along))).sum() / along.sum()
        corner.append(min(max(0, round(MIDDLE - centre.item())), FIELD - len(along)))
    return corner[0], corner[1]

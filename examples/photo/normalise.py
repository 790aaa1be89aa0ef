"""Scale and centre a digit as MNIST does: a box of 20 × 20, the centre of mass in the middle."""

import math

import torch
from PIL.Image import Resampling
from torch import Tensor

from .picture import SMALLEST, NoDigitError, to_picture, to_tensor
from .regions import dilate

FIELD, BOX = 28, 20
MIDDLE = 14  # the pixel of MNIST's centres of mass: their mean over all digits is 14.00
# Stroke widths of MNIST: 1 % of the training digits are below the first, 25 % below the second.
THIN, USUAL = 1.5, 2.1
BLOT = 0.75  # of the box: one of the 60,000 training digits fills more, and it looks like a blot


def normalise(ink: Tensor) -> Tensor:
    """Give a digit the size, the position and the minimum stroke width of MNIST's.

    "The original black and white (bilevel) images from NIST were size normalized to fit in a 20x20
    pixel box while preserving their aspect ratio. […] The images were centered in a 28x28 image by
    computing the center of mass of the pixels, and translating the image so as to position this
    point at the center of the 28x28 field."

    The strokes of a thin pen on a large sheet would fade to a pale grey at that size, so they are
    thickened first. MNIST was written with one kind of pen and did not need this.

    Args:
        ink: ``(H, W)``, 0 (paper) to 1 (ink).

    Returns:
        ``(1, 28, 28)``, uint8.

    Raises:
        NoDigitError: the digit is smaller than 8 pixels, or is a blot without strokes.

    Reference: LeCun, Cortes and Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/,
    1998.
    """
    ink = _thicken(ink)
    top, left, height, width = bounding_box(ink)
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


def bounding_box(ink: Tensor) -> tuple[int, int, int, int]:
    """Find the bounding box of the ink: its top, left, height and width, in pixels."""
    dark = ink >= 0.25  # where a stroke covers at least a quarter of a pixel
    rows, columns = dark.any(1).nonzero(), dark.any(0).nonzero()
    top, left = int(rows.min()), int(columns.min())
    return top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1


def stroke_width(ink: Tensor) -> float:
    """Estimate the average width of the strokes.

        width = 2 · area / perimeter

    since a stroke much longer than wide has the area length · width and a perimeter of twice its
    length. The perimeter is π/4 of the sum of all changes between neighbouring pixels, down and
    across: an edge at angle θ contributes |cos θ| + |sin θ| times its length, 4/π on average.

    Args:
        ink: ``(H, W)``, 0 to 1, with some ink and some paper.

    Returns:
        The average width in pixels.

    Example:
        >>> ink = torch.zeros(100, 100)
        >>> ink[20:80, 50:54] = 1
        >>> round(4 / stroke_width(ink), 2)  # the worst case: parallel to an axis
        0.84

    Reference: Santaló, "Integral geometry and geometric probability", Addison-Wesley, 1976, derives
    the Cauchy-Crofton formula behind π/4.
    """
    padded = ink.new_zeros(ink.shape[0] + 2, ink.shape[1] + 2)
    padded[1:-1, 1:-1] = ink
    changes = (padded[1:] - padded[:-1]).abs().sum() + (padded[:, 1:] - padded[:, :-1]).abs().sum()
    return (2 * ink.sum() / (math.pi / 4 * changes)).item()


def _thicken(ink: Tensor) -> Tensor:
    """Thicken strokes that are thinner than nearly all of MNIST's to the usual width there."""
    _, _, height, width = bounding_box(ink)
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
    """Place the box so that its centre of mass is in the middle, as far as it stays inside."""
    mass, corner = box.float(), []
    for along in (mass.sum(1), mass.sum(0)):
        centre = (along * torch.arange(len(along))).sum() / along.sum()
        corner.append(min(max(0, round(MIDDLE - centre.item())), FIELD - len(along)))
    return corner[0], corner[1]

"""Morphology: the largest value of every neighbourhood, and what that fills in."""

import torch
from torch import Tensor


def dilate(image: Tensor, radius: int) -> Tensor:
    """Give each pixel the largest value of the square around it: what is bright grows.

        y[i, j] = max over |a|, |b| ≤ radius of x[i + a, j + b]    (where that is in the image)

    The maximum over a square is one along the columns of one along the rows. Along a line, the
    maximum of a window of 2s values is that of two windows of s, so the window doubles its length
    at each step, and a large one costs hardly more than a small one.

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
    return _along_rows(_along_rows(image, radius).T, radius).T


def close(image: Tensor, radius: int) -> Tensor:
    """Fill in all that is dark and narrower than a square, and leave the rest as it is.

        y = −dilate(−dilate(x, radius), radius)

    A stroke of ink on paper disappears under the paper around it. A shadow, in which the square
    finds room, stays as it is, however sharp its edge: no average could do that.

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


def _along_rows(image: Tensor, radius: int) -> Tensor:
    height, width = image.shape
    best = image.new_full((height, width + 2 * radius), -torch.inf)
    best[:, radius : radius + width] = image
    length = 1
    while length < 2 * radius + 1:
        step = min(length, 2 * radius + 1 - length)
        best = torch.maximum(best[:, :-step], best[:, step:])
        length += step
    return best

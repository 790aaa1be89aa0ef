"""Occlusion: how much the probability of a class drops when a patch of the image is hidden."""

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.insight.explained import explained_classes, image_batch, pick
from minicnn.layers import Layer
from minicnn.layers.layer import Tree


def occlusion(
    net: Layer,
    params: Tree,
    state: Tree,
    images: Tensor,
    classes: Tensor | None = None,
    *,
    size: int = 5,
    fill: float = 0.0,
) -> Tensor:
    """Compute how much a class's probability drops when a square around each pixel is hidden.

        m[n, i, j] = p_k(xₙ) − p_k(xₙ with ``fill`` where |i' − i| ≤ r and |j' − j| ≤ r)

    with k = classes[n], r = (size − 1) / 2, and p the softmax of the scores. It needs no
    gradient, but H · W forward passes per image.

    Args:
        net, params, state: the network, applied in evaluation mode.
        images: a batch, floating point (N, C, H, W).
        classes: whose probabilities to measure, int64 (N,); None for the predicted classes.
        size: side of the square in pixels, odd, so that it has a centre.
        fill: value of a hidden pixel; 0 is the background of a digit.

    Returns:
        The maps (N, H, W), in [−1, 1]: above 0 where hiding makes the class less probable.

    Raises:
        TypeError: images or classes of the wrong dtype, or a size that is not an integer.
        ValueError: shapes that do not match, a class that the net does not have, an even size, or
            a fill that is not finite.

    Example:
        >>> from minicnn.layers import flatten
        >>> image = torch.tensor([[[[0.0, 0.0, 9.0]]]])  # each pixel is the score of a class
        >>> occlusion(flatten(), (), (), image, size=1)
        tensor([[[0.0000, 0.0000, 0.6664]]])

    Reference: Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", 2014, §4.2.
    """
    images = image_batch(images)
    if checks.integer("size", size, 1) % 2 == 0:
        raise ValueError(f"size must be odd, got {size}")
    checks.number("fill", fill, lambda v: abs(v) < float("inf"), "finite")
    with torch.no_grad():
        scores, _ = net.apply(params, state, images)
        classes = explained_classes(scores, classes)
        before = pick(F.softmax(scores, dim=1), classes)
        maps = torch.empty_like(images[:, 0], memory_format=torch.contiguous_format)
        for n, image in enumerate(images):
            for i in range(
                image.shape[1]
            ):  # row by row: all pixels at once would need much more memory
                hidden, _ = net.apply(params, state, _hide(image, i, size // 2, fill))
                maps[n, i] = before[n] - F.softmax(hidden, dim=1)[:, classes[n]]
    return maps


def _hide(image: Tensor, i: int, r: int, fill: float) -> Tensor:
    """Return, for each pixel of row i, a copy of the image (C, H, W) hidden around it."""
    height, width = image.shape[1:]
    rows, columns = (torch.arange(side, device=image.device) for side in (height, width))
    near_row = (rows - i).abs() <= r  # (H,)
    near_column = (columns - columns.unsqueeze(1)).abs() <= r  # (W, W): column j, and those near it
    patch = near_row.unsqueeze(1) & near_column.unsqueeze(1)  # (W, H, W)
    return image.masked_fill(patch.unsqueeze(1), fill)  # (W, C, H, W)

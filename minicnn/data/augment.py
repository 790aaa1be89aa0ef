"""Augmentation: in each epoch every image is changed a little, in a way that keeps its class."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from minicnn import checks

Augment = Callable[[Tensor, Generator], Tensor]


def shift(images: Tensor, offsets: Tensor) -> Tensor:
    """Shift each image by its own number of pixels and fill the edges with zeros.

        y[n, c, i, j] = x[n, c, i − offsets[n, 0], j − offsets[n, 1]], and 0 outside of x

    With m zeros of padding on each side, an image shifted by (dy, dx) is the H × W window of the
    padded image that starts at (m − dy, m − dx). The windows are a view, which takes no memory, so
    a single gather of one window per image shifts the whole batch.

    Args:
        images: ``(N, C, H, W)``, any dtype.
        offsets: ``(N, 2)``, int64, pixels down and to the right.

    Returns:
        The shifted images, ``(N, C, H, W)``, of the same dtype.

    Raises:
        ValueError: if a shape is wrong.

    Example:
        >>> shift(torch.tensor([[[[1, 2], [3, 4]]]]), torch.tensor([[0, 1]]))
        tensor([[[[0, 1],
                  [0, 3]]]])
    """
    if images.dim() != 4:
        raise ValueError(f"images must have shape (N, C, H, W), got {tuple(images.shape)}")
    n, c, h, w = images.shape
    if offsets.shape != (n, 2):
        raise ValueError(f"offsets must have shape ({n}, 2), got {tuple(offsets.shape)}")
    if n == 0:
        return images.clone()
    m = int(offsets.abs().max())
    padded = images.new_zeros(n, c, h + 2 * m, w + 2 * m)
    padded[:, :, m : m + h, m : m + w] = images
    windows = padded.unfold(2, h, 1).unfold(3, w, 1)  # (N, C, 2m + 1, 2m + 1, H, W)
    rows, columns = (m - offsets.to(images.device)).unbind(1)
    return windows[torch.arange(n, device=images.device), :, rows, columns]  # (N, C, H, W)


def random_shift(max_pixels: int) -> Augment:
    """Return an augmentation that shifts each image by its own random offset.

    The vertical and the horizontal offset are drawn uniformly from −``max_pixels``, …,
    ``max_pixels``.

    Args:
        max_pixels: the largest shift, in pixels; 0 leaves the images unchanged.

    Returns:
        A function ``(images, generator) -> images`` for ``batches(augment=…)``.

    Raises:
        ValueError: if ``max_pixels`` is negative.

    Example:
        >>> augment = random_shift(2)
        >>> augment(torch.ones(8, 1, 28, 28), torch.Generator().manual_seed(0)).shape
        torch.Size([8, 1, 28, 28])

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86(11), 1998, section III, trains LeNet-5 on distorted digits, including shifted
    ones.
    """
    checks.integer("max_pixels", max_pixels, 0)

    def augment(images: Tensor, generator: Generator) -> Tensor:
        size = (len(images), 2)
        offsets = torch.randint(
            -max_pixels, max_pixels + 1, size, generator=generator, device=generator.device
        )
        return shift(images, offsets)

    return augment

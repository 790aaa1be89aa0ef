"""Warps: each output pixel is sampled at its own position, with bilinear interpolation."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from minicnn.data.augment import Augment

Field = Callable[[tuple[int, int, int], Generator], Tensor]
"""Draws displacements ``(N, 2, H, W)``, in pixels down and to the right, for a size (N, H, W)."""


def warp(images: Tensor, displacement: Tensor) -> Tensor:
    """Sample every pixel at its displaced position, by bilinear interpolation.

        y[n, c, p] = Σ_q x[n, c, q] · Λ(u₀ − q₀) · Λ(u₁ − q₁),    u = p + displacement[n, :, p]

    over all pixels q, with Λ(t) = max(0, 1 − |t|), and zeros outside the image. Only the four
    pixels around u have a nonzero weight, so four gathers are enough for a whole batch.

    Args:
        images: ``(N, C, H, W)``, floating point.
        displacement: ``(N, 2, H, W)``, in pixels: how far down and to the right of each pixel its
            new value is sampled. The image itself appears to move the other way.

    Returns:
        The warped images, ``(N, C, H, W)``, of the same dtype.

    Raises:
        TypeError: if the images are not floating point.
        ValueError: if a shape is wrong.

    Example:
        >>> half_a_pixel_to_the_right = torch.tensor([0, 0.5]).view(1, 2, 1, 1).expand(1, 2, 1, 3)
        >>> warp(torch.tensor([[[[2.0, 4.0, 8.0]]]]), half_a_pixel_to_the_right)
        tensor([[[[3., 6., 4.]]]])

    Reference: Jaderberg, Simonyan, Zisserman and Kavukcuoglu, "Spatial Transformer Networks", 2015,
    equation 5.
    """
    if images.dim() != 4:
        raise ValueError(f"images must have shape (N, C, H, W), got {tuple(images.shape)}")
    if not images.is_floating_point():
        raise TypeError(f"images must be floating point, got {images.dtype}")
    n, c, h, w = images.shape
    if displacement.shape != (n, 2, h, w):
        expected, got = (n, 2, h, w), tuple(displacement.shape)
        raise ValueError(f"displacement must have shape {expected}, got {got}")

    # With a frame of zeros around the image, positions further out can be clamped to the frame.
    framed = images.new_zeros(n, c, h + 2, w + 2)
    framed[:, :, 1 : h + 1, 1 : w + 1] = images
    pixels = framed.flatten(2)  # (N, C, (H + 2)·(W + 2))
    down, right = displacement.to(images).unbind(1)  # (N, H, W) each
    row, below = _whole_and_rest(down + torch.arange(1, h + 1).to(down).unsqueeze(1), h)
    column, beside = _whole_and_rest(right + torch.arange(1, w + 1).to(right), w)
    corner = (row * (w + 2) + column).flatten(1).unsqueeze(1).expand(n, c, h * w)
    below, beside = below.view(n, 1, h * w), beside.view(n, 1, h * w)

    upper = torch.lerp(pixels.gather(2, corner), pixels.gather(2, corner + 1), beside)
    corner = corner + (w + 2)
    lower = torch.lerp(pixels.gather(2, corner), pixels.gather(2, corner + 1), beside)
    return torch.lerp(upper, lower, below).view(n, c, h, w)


def random_warp(*fields: Field) -> Augment:
    """Return an augmentation that warps each image by the sum of random displacement fields.

    Warping once by the sum is cheaper than one warp per field, and blurs less, since every
    interpolation blurs.

    Args:
        fields: such as ``affine_field(…)`` and ``elastic_field(…)``, at least one.

    Returns:
        A function ``(images, generator) -> images`` for ``batches(augment=…)``.

    Raises:
        ValueError: if there is no field.

    Example:
        >>> from minicnn import data
        >>> augment = data.random_warp(data.affine_field(degrees=10), data.elastic_field(1.0))
        >>> augment(torch.ones(8, 1, 28, 28), torch.Generator().manual_seed(0)).shape
        torch.Size([8, 1, 28, 28])

    Reference: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR 2003, section 2, generates digits by affine and
    elastic displacement fields.
    """
    if not fields:
        raise ValueError("fields must hold at least one field, got none")

    def augment(images: Tensor, generator: Generator) -> Tensor:
        n, _, h, w = images.shape
        displacements = [field((n, h, w), generator) for field in fields]
        return warp(images, torch.stack(displacements).sum(0))

    return augment


def _whole_and_rest(position: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Split a position in the frame, 0 to size + 1, into an integer and a fractional part."""
    position = position.clamp(0, size + 1)
    whole = position.floor().clamp(max=size)  # so that the next pixel exists
    return whole.to(torch.int64), position - whole

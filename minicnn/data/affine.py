"""Affine displacements: rotation, scaling, shear and translation, drawn anew for each image."""

import math

import torch
from torch import Generator, Tensor

from minicnn import checks
from minicnn.data.warp import Field


def affine_displacement(matrices: Tensor, shifts: Tensor, height: int, width: int) -> Tensor:
    """Compute the displacement of each pixel under an affine map about the centre of the image.

        d[n, :, p] = (A_n − 1)·(p − centre) + b_n,    centre = ((H − 1)/2, (W − 1)/2)

    so that ``warp`` samples pixel p at centre + A_n·(p − centre) + b_n.

    Args:
        matrices: A, ``(N, 2, 2)``, for (row, column) coordinates.
        shifts: b, ``(N, 2)``, in pixels down and to the right.
        height, width: the size of the images.

    Returns:
        The displacements, ``(N, 2, H, W)``, in pixels down and to the right.

    Raises:
        ValueError: if a shape is wrong.

    Example:
        >>> upside_down = torch.tensor([[[-1.0, 0.0], [0.0, 1.0]]])
        >>> affine_displacement(upside_down, torch.zeros(1, 2), 3, 1).flatten(2)
        tensor([[[ 2.,  0., -2.],
                 [ 0.,  0.,  0.]]])
    """
    n = len(matrices)
    if matrices.shape != (n, 2, 2):
        raise ValueError(f"matrices must have shape (N, 2, 2), got {tuple(matrices.shape)}")
    if shifts.shape != (n, 2):
        raise ValueError(f"shifts must have shape ({n}, 2), got {tuple(shifts.shape)}")
    rows = (torch.arange(height) - (height - 1) / 2).to(matrices).view(1, 1, height, 1)
    columns = (torch.arange(width) - (width - 1) / 2).to(matrices).view(1, 1, 1, width)
    by_row, by_column = (matrices - torch.eye(2).to(matrices)).unsqueeze(3).unbind(2)  # (N, 2, 1)
    # A sum of three broadcast terms: no grid of coordinates is needed.
    return by_row.unsqueeze(3) * rows + by_column.unsqueeze(3) * columns + shifts.view(n, 2, 1, 1)


def affine_field(
    degrees: float = 0.0, scale: float = 0.0, shear: float = 0.0, pixels: float = 0.0
) -> Field:
    """Return a field that rotates, scales, shears and shifts each image at random.

    Six numbers are drawn uniformly for each image. A point q of the image moves to

        p = R·K·Z·q + t,    R = [[cos θ, −sin θ], [sin θ, cos θ]],  K = [[1, 0], [tan φ, 1]],
                            Z = diag(z₀, z₁),   (row, column) from the centre

    so pixel p is sampled at q = Z⁻¹·K⁻¹·R⁻¹·(p − t).

    Args:
        degrees: the largest rotation: θ in [−``degrees``, ``degrees``].
        scale: the largest relative change of height and of width, drawn independently:
            z₀ and z₁ in [1 − ``scale``, 1 + ``scale``].
        shear: the largest shear angle in degrees, below 90: φ in [−``shear``, ``shear``].
        pixels: the largest shift: t₀ and t₁ in [−``pixels``, ``pixels``], real numbers.

    Returns:
        A field for ``random_warp``.

    Raises:
        ValueError: if an argument is outside its range.

    Example:
        >>> field = affine_field(pixels=2)
        >>> displacement = field((1, 28, 28), torch.Generator().manual_seed(0))
        >>> displacement.shape, bool((displacement == displacement[:, :, :1, :1]).all())
        (torch.Size([1, 2, 28, 28]), True)

    Reference: Cireşan, Meier, Gambardella and Schmidhuber, "Deep, big, simple neural nets for
    handwritten digit recognition", Neural Computation 22(12), 2010, section 2.
    """
    checks.non_negative("degrees", degrees)
    checks.number("scale", scale, lambda s: 0 <= s < 1, "in [0, 1)")
    checks.number("shear", shear, lambda s: 0 <= s < 90, "in [0, 90)")
    checks.non_negative("pixels", pixels)
    limits = torch.tensor(
        [math.radians(degrees), math.radians(shear), scale, scale, pixels, pixels]
    )

    def field(size: tuple[int, int, int], generator: Generator) -> Tensor:
        n, height, width = size
        uniform = torch.rand(n, 6, generator=generator, device=generator.device)  # in [0, 1)
        drawn = (2 * uniform - 1) * limits.to(generator.device)
        angle, slant = drawn[:, 0], drawn[:, 1].tan()
        cos, sin = angle.cos(), angle.sin()
        unslanted = torch.stack([cos, sin, -sin - slant * cos, cos - slant * sin], 1)  # K⁻¹·R⁻¹
        matrices = unslanted.view(n, 2, 2) / (1 + drawn[:, 2:4]).unsqueeze(2)
        shifts = -(matrices @ drawn[:, 4:].unsqueeze(2)).squeeze(2)
        return affine_displacement(matrices, shifts, height, width)

    return field

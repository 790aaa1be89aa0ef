"""Elastic displacements: a smooth random displacement field, as of a stretched rubber sheet."""

import torch
from torch import Generator, Tensor

from minicnn import checks
from minicnn.data.warp import Field


def elastic_field(pixels: float, sigma: float = 4.0) -> Field:
    """Return a field of smooth random displacements, which imitate variations of handwriting.

        d[n, k] = pixels · G_H · r · G_Wᵀ,    r ∈ ℝ^(H×W) of independent normal numbers,
        G_m[i, j] ∝ exp(−(i − j)² / 2σ²) ∈ ℝ^(m×m),  each row of length 1

    A Gaussian smooths the noise along the rows and along the columns. Since each row of G has
    length 1, the displacement of every pixel has the standard deviation ``pixels``, at the edges
    and in the middle. Smoothing by two matrix products is exact, and cheap for small images.

    Args:
        pixels: the standard deviation of the vertical and horizontal displacements; 0 for none.
        sigma: the width of the Gaussian in pixels: the range over which displacements are similar.

    Returns:
        A field for ``random_warp``.

    Raises:
        ValueError: if ``pixels`` is negative, or ``sigma`` not above zero.

    Example:
        >>> displacement = elastic_field(1.5)((500, 28, 28), torch.Generator().manual_seed(0))
        >>> displacement.shape, round(displacement.std().item(), 1)
        (torch.Size([500, 2, 28, 28]), 1.5)

    Reference: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR 2003, section 2. Their noise is uniform in [−1, 1],
    their Gaussian sums to 1, and their α = 34, σ = 4 correspond to ``pixels`` of about 1.4.
    """
    checks.non_negative("pixels", pixels)
    checks.positive("sigma", sigma)

    def field(size: tuple[int, int, int], generator: Generator) -> Tensor:
        n, height, width = size
        device = generator.device
        noise = torch.randn(n, 2, height, width, generator=generator, device=device)
        along_rows, along_columns = (_smoothing(m, sigma).to(device) for m in (width, height))
        return pixels * (along_columns @ noise @ along_rows.T)

    return field


def _smoothing(size: int, sigma: float) -> Tensor:
    distance = torch.arange(size).unsqueeze(1) - torch.arange(size)
    weight = (-((distance / sigma) ** 2) / 2).exp()
    return weight / (weight**2).sum(1, keepdim=True).sqrt()

"""Convert tensors to arrays for matplotlib, with the checks that every figure needs."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def tensor(name: str, value: Any, dims: str) -> Tensor:
    """Return ``value`` if it is a tensor with the dimensions ``dims``, such as ``"N C H W"``."""
    shape = f"({', '.join(dims.split())})"
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a tensor of shape {shape}, got {type(value).__name__}")
    if value.dim() != len(dims.split()):
        raise ValueError(f"{name} must have shape {shape}, got {tuple(value.shape)}")
    if value.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(value.shape)}")
    return value.detach()


def array(name: str, value: Tensor) -> np.ndarray:
    """Return ``value`` as a float64 array on the CPU, if every element is finite."""
    if not value.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return value.detach().cpu().to(torch.float64).numpy()


def pictures(name: str, images: Tensor) -> np.ndarray:
    """Return images (N, C, H, W), C = 1 or 3, as (N, H, W, C) in [0, 1], all on one scale.

    uint8 images are divided by 255. Others, which may be normalised, are rescaled by the minimum
    and maximum over all images, so that equal values look the same in every image.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"{name} must have 1 or 3 channels, got {images.shape[1]}")
    values = array(name, images).transpose(0, 2, 3, 1)
    low, high = (0.0, 255.0) if images.dtype == torch.uint8 else (values.min(), values.max())
    return (values - low) / ((high - low) or 1.0)


def class_indices(name: str, value: Tensor, count: int) -> np.ndarray:
    """Return ``value`` as an array, if it holds ``count`` classes: int64 (N,), none below 0."""
    value = tensor(name, value, "N")
    if value.dtype != torch.int64:
        raise TypeError(f"{name} must be int64, got {value.dtype}")
    if len(value) != count:
        raise ValueError(f"{name} must have length {count}, got {len(value)}")
    if value.min() < 0:
        raise ValueError(f"{name} must not be below 0, got {int(value.min())}")
    return value.cpu().numpy()

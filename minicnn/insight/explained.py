"""What saliency, occlusion and Grad-CAM share: images, and the class whose score is explained."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.layers import Layer


def image_batch(images: Any) -> Tensor:
    """Check that ``images`` are a batch of images, and return them detached."""
    images = checks.tensor("images", images).detach()
    if not images.is_floating_point():
        raise TypeError(f"images must be floating point, as from data.batches, got {images.dtype}")
    if images.ndim != 4 or not images.numel():
        raise ValueError(f"images must have shape (N, C, H, W), got {tuple(images.shape)}")
    return images


def sequential_net(net: Layer) -> Layer:
    """Check that ``net`` can be split between its layers, and return it."""
    if net.name != "sequential" or not net.children:
        raise ValueError(
            f"net must be made by sequential() with at least one layer, got {net.name}"
        )
    return net


def explained_classes(scores: Tensor, classes: Tensor | None) -> Tensor:
    """Check ``classes`` (N,) against ``scores`` (N, K); the default is the predicted classes."""
    if scores.ndim != 2:
        raise ValueError(f"net must return scores (N, K), got {tuple(scores.shape)}")
    if classes is None:
        return scores.argmax(dim=1)
    n, k = scores.shape
    if checks.tensor("classes", classes).dtype != torch.int64:
        raise TypeError(f"classes must be int64, got {classes.dtype}")
    if classes.shape != (n,):
        raise ValueError(f"classes must have shape ({n},), got {tuple(classes.shape)}")
    if classes.min() < 0 or classes.max() >= k:
        raise ValueError(
            f"classes must lie in [0, {k}), got {int(classes.min())} to {int(classes.max())}"
        )
    return classes


def pick(values: Tensor, classes: Tensor) -> Tensor:
    """Return the value of its class from each row of ``values`` (N, K): (N,)."""
    return values.gather(1, classes.unsqueeze(1)).squeeze(1)

"""Test-time augmentation: predictions averaged over several views of one image."""

from collections.abc import Iterator

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.layers.layer import Layer, Shape, Tree, image_shape, made_by


def average_views(layer: Layer, pixels: int = 1) -> Layer:
    """Outside training, average the predicted probabilities over an image and eight shifts of it.

        y = log (1/9 Σ_{a, b ∈ {−p, 0, p}} softmax(layer(x shifted by a rows and b columns)))

    A shifted digit is the same digit, and where the network predicts another class the decision was
    a close one: the mean over the views makes fewer errors than a single view, at nine times the
    cost. In training nothing changes.

    Args:
        layer: from images (C, H, W) to scores.
        pixels: p, at least 1. What is shifted in is zero.

    Returns:
        A Layer with the parameters and the state of ``layer``. Outside training its scores are log
        probabilities.

    Raises:
        TypeError: a ``layer`` that is no Layer, a ``pixels`` that is no integer.
        ValueError: ``pixels`` below 1; at ``init``, an input that is no image.

    Example:
        >>> from minicnn.layers import flatten, linear, sequential
        >>> net = sequential(flatten(), linear(10))
        >>> params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
        >>> scores, _ = average_views(net).apply(params, state, torch.rand(5, 1, 28, 28))
        >>> torch.allclose(scores.exp().sum(1), torch.ones(5))
        True

    Reference: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional
    Neural Networks", 2012, §4.1 (there, ten patches of an image).
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"average_views takes a Layer, such as a network, got {layer!r}")
    checks.integer("pixels", pixels, 1)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        image_shape("average_views", in_shape)
        return layer.init(generator, in_shape)

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        if train:
            return layer.apply(params, state, x, rng=rng, train=True)
        views = [F.log_softmax(layer.apply(params, state, v)[0], 1) for v in _views(x, pixels)]
        logp = torch.stack(views)  # (9, N, classes)
        top = logp.amax(0)
        return top + (logp - top).exp().mean(0).log(), state

    return made_by(average_views, init, apply, layer, pixels=pixels)


def _views(x: Tensor, pixels: int) -> Iterator[Tensor]:
    """Pad the image with zeros, and crop it at nine places."""
    n, c, h, w = x.shape
    wider = x.new_zeros(n, c, h + 2 * pixels, w + 2 * pixels)
    wider[:, :, pixels : pixels + h, pixels : pixels + w] = x
    for row in (0, pixels, 2 * pixels):
        for column in (0, pixels, 2 * pixels):
            yield wider[:, :, row : row + h, column : column + w]

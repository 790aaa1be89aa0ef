"""Test-time augmentation: predictions averaged over several views of one image."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.data.affine import affine_displacement
from minicnn.data.warp import warp
from minicnn.layers.layer import Layer, Shape, Tree, image_shape, made_by


def average_views(layer: Layer, pixels: int = 1, degrees: float = 0.0, scale: float = 0.0) -> Layer:
    """Outside training, average the predicted probabilities over several views of an image.

        y = log (1/V Σ_v softmax(layer(view v of x)))

    The views are the image itself; eight shifts of it, by −p, 0 or p rows and columns; the image
    turned by ± an angle; and the image with (1 ± s) times its height and width. A digit that is
    moved a little is the same digit, and where the network predicts another class the decision was
    a close one: the mean over the views makes fewer errors than a single view, at as many times the
    cost. In training nothing changes.

    Args:
        layer: from images (C, H, W) to scores.
        pixels: p, or 0 for no shifts. What is moved in from outside is zero.
        degrees: the angle, in [0, 180); 0 for no turns.
        scale: s, in [0, 1); 0 for no change of size.

    Returns:
        A Layer with the parameters and the state of ``layer``. Outside training its scores are log
        probabilities. If all three numbers are 0 there is only the image itself: ``layer``.

    Raises:
        TypeError: a ``layer`` that is no Layer, a ``pixels`` that is no integer, other arguments
            that are no numbers.
        ValueError: an argument outside its range; at ``init``, an input that is no image.

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
    checks.integer("pixels", pixels, 0)
    checks.number("degrees", degrees, lambda d: 0 <= d < 180, "in [0, 180)")
    checks.number("scale", scale, lambda s: 0 <= s < 1, "in [0, 1)")
    if not (pixels or degrees or scale):
        return layer

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
        views = (*_shifted(x, pixels), *_turned_and_resized(x, degrees, scale))
        logs = [F.log_softmax(layer.apply(params, state, view)[0], 1) for view in views]
        logp = torch.stack(logs)  # (V, N, classes)
        top = logp.amax(0)
        return top + (logp - top).exp().mean(0).log(), state

    options = {"pixels": pixels, "degrees": degrees, "scale": scale}
    return made_by(average_views, init, apply, layer, **options)


def _shifted(x: Tensor, pixels: int) -> Iterator[Tensor]:
    """Pad the image with zeros, and crop it at nine places; the first is its own."""
    n, c, h, w = x.shape
    wider = x.new_zeros(n, c, h + 2 * pixels, w + 2 * pixels)
    wider[:, :, pixels : pixels + h, pixels : pixels + w] = x
    corners = (pixels, 0, 2 * pixels) if pixels else (0,)
    for row in corners:
        for column in corners:
            yield wider[:, :, row : row + h, column : column + w]


def _turned_and_resized(x: Tensor, degrees: float, scale: float) -> Iterator[Tensor]:
    """Turn the image about its centre both ways, then enlarge it and reduce it."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    turns = [[[cos, sin], [-sin, cos]], [[cos, -sin], [sin, cos]]] if degrees else []
    sizes = [[[1 / s, 0.0], [0.0, 1 / s]] for s in (1 + scale, 1 - scale)] if scale else []
    n, c, h, w = x.shape
    together = x.reshape(1, n * c, h, w)  # as channels of one image, since all move alike
    for matrix in turns + sizes:  # from a pixel of the view to where it is sampled
        matrices = torch.tensor([matrix], dtype=x.dtype, device=x.device)
        displacement = affine_displacement(matrices, x.new_zeros(1, 2), h, w)
        yield warp(together, displacement).view(x.shape)

"""The features before the last layer, and their principal components."""

from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks
from minicnn.insight.explained import sequential_net
from minicnn.layers import Layer, activations
from minicnn.layers.layer import Tree


class PCA(NamedTuple):
    """Points projected onto the directions of their greatest variance.

    Attributes:
        projection: coordinates of the points along the directions, (N, components).
        explained: fraction of the total variance along each direction, (components,), in [0, 1].
        directions: orthogonal unit vectors, (components, D).
        mean: the mean of the points, (D,).
    """

    projection: Tensor
    explained: Tensor
    directions: Tensor
    mean: Tensor


def pca(points: Tensor, components: int = 2) -> PCA:
    """Project points onto the directions of their greatest variance.

        X − mean = U · diag(s) · Vᵀ,    projection = (X − mean) · V[:, :components]
        explained_i = s_i² / Σ_j s_j²

    No other projection onto as many dimensions keeps more variance. The sign of a direction is
    arbitrary; it is chosen such that the entry of largest magnitude is positive.

    Args:
        points: X, floating point (N, D).
        components: number of directions, at most min(N, D).

    Returns:
        The projection, the fraction of variance per direction, the directions and the mean.

    Raises:
        TypeError: ``points`` that are not a floating point tensor.
        ValueError: the wrong shape, or more than min(N, D) components.

    Example:
        >>> points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])  # on a line
        >>> projection, explained, directions, mean = pca(points, components=1)
        >>> [round(x) for x in projection.flatten().tolist()], explained, directions
        ([-5, 0, 5], tensor([1.]), tensor([[0.6000, 0.8000]]))

    Reference: Jolliffe & Cadima, "Principal component analysis: a review and recent developments",
    2016, §2(a).
    """
    points = checks.tensor("points", points).detach()
    if not points.is_floating_point():
        raise TypeError(f"points must be floating point, got {points.dtype}")
    if points.ndim != 2 or not points.numel():
        raise ValueError(f"points must have shape (N, D), not empty, got {tuple(points.shape)}")
    if checks.integer("components", components, 1) > min(points.shape):
        n, d = points.shape
        raise ValueError(f"components must be at most {min(n, d)} of {n} × {d}, got {components}")
    mean = points.mean(dim=0)
    centred = points - mean
    _, s, v_t = torch.linalg.svd(centred, full_matrices=False)
    directions = v_t[:components]
    greatest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    directions = directions * greatest.sign()
    variance = s.square()
    # Identical points have no variance to explain: 0 / 0 is taken as 0.
    explained = variance[:components] / variance.sum().clamp(min=torch.finfo(s.dtype).tiny)
    return PCA(centred @ directions.T, explained, directions, mean)


def penultimate_features(net: Layer, params: Tree, state: Tree, images: Tensor) -> Tensor:
    """Return the input of a network's last layer: its representation of an image.

    Args:
        net, params, state: the network, made by `sequential` of at least two layers, applied
            in evaluation mode.
        images: a batch, (N, C, H, W).

    Returns:
        The features, (N, D).

    Raises:
        ValueError: a net that is not made by `sequential`, or has only one layer.

    Example:
        >>> from minicnn.layers import flatten, linear, sequential
        >>> net = sequential(flatten(), linear(2))
        >>> params, state, _ = net.init(torch.Generator(), (1, 1, 3))
        >>> penultimate_features(net, params, state, torch.tensor([[[[1.0, 2.0, 3.0]]]]))
        tensor([[1., 2., 3.]])

    Reference: Donahue et al., "DeCAF: A Deep Convolutional Activation Feature for Generic Visual
    Recognition", 2014, §3.
    """
    if len(sequential_net(net).children) < 2:
        raise ValueError(f"net must have at least two layers, got only {net.children[0]}")
    with torch.no_grad():
        _, features = activations(net, params, state, images)[-2]
    return features.flatten(1)

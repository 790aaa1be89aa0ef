"""Grad-CAM: where in the image a convolution finds evidence for a class."""

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.insight.explained import explained_classes, image_batch, pick, sequential_net
from minicnn.layers import Layer, activations, sequential
from minicnn.layers.layer import Tree
from minicnn.train import value_and_grad


def grad_cam(
    net: Layer,
    params: Tree,
    state: Tree,
    images: Tensor,
    classes: Tensor | None = None,
    *,
    layer: int | None = None,
) -> Tensor:
    """Compute the sum of a layer's channels, each weighted by its effect on a class's score.

        α[n, c] = 1/(h·w) · Σ_{i,j} ∂z_k(xₙ) / ∂A[n, c, i, j],    k = classes[n], z the scores
        m[n] = relu(Σ_c α[n, c] · A[n, c])

    where A are the layer's outputs. Where only global average pooling and one linear layer follow
    it, α is the linear layer's weight, over h·w, and this is class activation mapping.

    The paper takes the last convolution's outputs after their relu: before it they may be negative,
    and a negative weight would turn them into evidence. The default is after the pooling as well. A
    linear layer right after `flatten` weights each position separately, which the mean α ignores:
    the map can then miss the relevant pixels or be 0 everywhere, and `occlusion` is more reliable.

    Args:
        net, params, state: the network, made by `sequential`, applied in evaluation mode.
        images: a batch, floating point (N, C, H, W).
        classes: whose scores to explain, int64 (N,); None for the predicted classes.
        layer: index of the layer in ``net.children``; None for the last one that outputs images:
            the last convolution with the relu and the pooling that follow it.

    Returns:
        The maps (N, h, w) in the resolution of the layer's outputs, at least 0, in units of the
        score over h·w.

    Raises:
        TypeError: images or classes of the wrong dtype, or a layer that is not an integer.
        ValueError: a net that is not made by `sequential`, a layer that is not in it or does not
            output images, shapes that do not match, or a class that the net does not have.

    Example:
        >>> from minicnn.layers import conv2d, flatten, linear
        >>> net = sequential(conv2d(4, 3), flatten(), linear(2))
        >>> params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 8, 8))
        >>> grad_cam(net, params, state, torch.ones(5, 1, 8, 8)).shape
        torch.Size([5, 6, 6])

    Reference: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
    Gradient-based Localization", 2017, §3, equations 1 and 2.
    """
    images = image_batch(images)
    with torch.no_grad():
        outputs = activations(sequential_net(net), params, state, images)
    cut = _index(outputs, layer) + 1
    after = sequential(*net.children[cut:])

    def total(maps: Tensor) -> Tensor:
        scores, _ = after.apply(params[cut:], state[cut:], maps)
        return pick(scores, explained_classes(scores, classes)).sum()

    _, maps = outputs[cut - 1]
    _, gradient = value_and_grad(total)(maps)
    weight = gradient.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
    return F.relu((weight * maps).sum(dim=1))


def _index(outputs: list[tuple[str, Tensor]], layer: int | None) -> int:
    images = [i for i, (_, y) in enumerate(outputs) if y.ndim == 4]
    if layer is None:
        if not images:
            raise ValueError("net must have a layer that outputs images (N, C, h, w), got none")
        return images[-1]
    if checks.integer("layer", layer) not in images:
        names = ", ".join(f"{i}: {outputs[i][0]}" for i in images)
        raise ValueError(f"layer must output images (N, C, h, w), one of {{{names}}}, got {layer}")
    return layer

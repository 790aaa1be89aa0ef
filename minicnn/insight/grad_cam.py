"""Grad-CAM: where in the image a convolution found what speaks for a class."""

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.insight.explained import explained_classes, image_batch, pick, sequential_net
from minicnn.layers import Layer, Tree, sequential
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
    """Compute the sum of a layer's channels, each weighted by how much it helps a class.

        α[n, c] = 1/(h·w) · Σ_{i,j} ∂z_k(xₙ) / ∂A[n, c, i, j],    k = classes[n], z the scores
        m[n] = relu(Σ_c α[n, c] · A[n, c])

    where A are the layer's outputs. Where only global average pooling and one linear layer follow
    it, α is the linear layer's weight, over h·w, and this is class activation mapping.

    Args:
        net, params, state: the network, made by `sequential`, applied as outside training.
        images: a batch, floating point (N, C, H, W).
        classes: whose scores to explain, int64 (N,); None for those that win.
        layer: index of the layer in ``net.children``; None for the last that is, or holds, a
            convolution.

    Returns:
        The maps (N, h, w) in the size of the layer's outputs, at least 0, in units of the score
        over h·w. Stretched over the image, they show the place.

    Raises:
        TypeError: images or classes of another dtype, or a layer that is no integer.
        ValueError: a net that is not made by `sequential`, a layer that is not in it or does not
            give images, a shape that does not fit, or a class that the net does not know.

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
    cut = _index(sequential_net(net), layer) + 1
    before, after = sequential(*net.children[:cut]), sequential(*net.children[cut:])
    with torch.no_grad():
        maps, _ = before.apply(params[:cut], state[:cut], images)
    if maps.ndim != 4:
        found = f"layer {cut - 1}, {net.children[cut - 1].name}, gives {tuple(maps.shape)}"
        raise ValueError(f"layer must give images (N, C, h, w), but {found}")

    def total(maps: Tensor) -> Tensor:
        scores, _ = after.apply(params[cut:], state[cut:], maps)
        return pick(scores, explained_classes(scores, classes)).sum()

    _, gradient = value_and_grad(total)(maps)
    weight = gradient.mean(dim=(2, 3), keepdim=True)  # (N, C, 1, 1)
    return F.relu((weight * maps).sum(dim=1))


def _index(net: Layer, layer: int | None) -> int:
    if layer is None:
        convolutional = [i for i, child in enumerate(net.children) if _convolves(child)]
        if not convolutional:
            names = ", ".join(child.name for child in net.children)
            raise ValueError(f"net must have a conv2d, got sequential({names})")
        return convolutional[-1]
    if checks.integer("layer", layer, 0) >= len(net.children):
        raise ValueError(f"layer must lie in [0, {len(net.children)}), got {layer}")
    return layer


def _convolves(layer: Layer) -> bool:
    return layer.name.startswith("conv2d") or any(map(_convolves, layer.children))

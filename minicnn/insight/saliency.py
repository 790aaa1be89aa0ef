"""Saliency: how much the score of a class changes with each pixel."""

from torch import Tensor

from minicnn.insight.explained import explained_classes, image_batch, pick
from minicnn.layers import Layer
from minicnn.layers.layer import Tree
from minicnn.train import value_and_grad


def saliency(
    net: Layer, params: Tree, state: Tree, images: Tensor, classes: Tensor | None = None
) -> Tensor:
    """Compute the magnitude of the gradient of a class's score with respect to the pixels.

        m[n, i, j] = max_c |∂z_k(xₙ) / ∂xₙ[c, i, j]|,    k = classes[n], z the scores

    Near xₙ the score is approximately linear, and this is the magnitude of its weight for each
    pixel. If the score is linear, the saliency is exactly the magnitude of its weights.

    Args:
        net, params, state: the network, applied in evaluation mode.
        images: a batch, floating point (N, C, H, W).
        classes: whose scores to explain, int64 (N,); None for the predicted classes.

    Returns:
        The maps (N, H, W), at least 0, in units of the score per unit of a pixel.

    Raises:
        TypeError: images or classes of the wrong dtype.
        ValueError: shapes that do not match, or a class that the net does not have.

    Example:
        >>> import torch
        >>> from minicnn.layers import flatten, linear, sequential
        >>> net = sequential(flatten(), linear(2))
        >>> weight = torch.tensor([[1.0, -2.0], [0.5, 0.0]])
        >>> params = ((), {"weight": weight, "bias": torch.zeros(2)})
        >>> saliency(net, params, ((), ()), torch.tensor([[[[3.0, 1.0]]]]), torch.tensor([0]))
        tensor([[[1., 2.]]])

    Reference: Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", 2014, §3.
    """
    images = image_batch(images)

    # Each score depends on its own image only, so the gradient of the sum contains all gradients.
    def total(x: Tensor) -> Tensor:
        scores, _ = net.apply(params, state, x)
        return pick(scores, explained_classes(scores, classes)).sum()

    _, gradient = value_and_grad(total)(images)
    return gradient.abs().amax(dim=1)

"""The gradient of the loss on one batch with respect to each parameter."""

from collections.abc import Callable

import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import tree
from minicnn.layers import Layer
from minicnn.layers.layer import Tree
from minicnn.train import value_and_grad


def gradients(
    net: Layer,
    params: Tree,
    state: Tree,
    batch: tuple[Tensor, Tensor],
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    rng: torch.Generator | None = None,
) -> list[tuple[str, Tensor]]:
    """Compute ∂loss(net(images), labels) / ∂θ, the gradient with respect to each parameter θ.

    Gradients that shrink from layer to layer towards the input vanish; those that grow explode.

    Args:
        net, params, state: the network, applied as in training.
        batch: images (N, C, H, W) and labels (N,).
        loss_fn: function of (logits, labels) that returns a scalar.
        rng: for the layers that draw random numbers; None if there are none.

    Returns:
        Pairs (path of the parameter, gradient), in the order of the layers.

    Raises:
        ValueError: ``rng`` is None, but the network draws random numbers.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.flatten(), layers.linear(2))
        >>> params, state, _ = net.init(torch.Generator(), (1, 2, 2))
        >>> batch = torch.ones(3, 1, 2, 2), torch.tensor([0, 1, 1])
        >>> [(path, tuple(g.shape)) for path, g in gradients(net, params, state, batch)]
        [('1/weight', (2, 4)), ('1/bias', (2,))]

    Reference: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, §4.2.
    """
    images, labels = batch

    def loss(params: Tree) -> Tensor:
        scores, _ = net.apply(params, state, images, rng=rng, train=True)
        return loss_fn(scores, labels)

    _, grads = value_and_grad(loss)(params)
    return list(zip(tree.paths(params), tree.leaves_like(params, grads), strict=True))

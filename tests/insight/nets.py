"""What the tests of insight share: small networks and images, each from a seed."""

from typing import Any

import torch

from minicnn import layers, tree
from minicnn.layers import Layer

IN_SHAPE = (2, 7, 6)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, *IN_SHAPE, generator=generator(seed), dtype=torch.float64)


def initialised(net: Layer, seed: int = 0) -> tuple[Any, Any]:
    """Parameters and state in float64, so that numerical derivatives are exact enough."""
    params, state, _ = net.init(generator(seed), IN_SHAPE)
    return tree.map(torch.Tensor.double, params), tree.map(torch.Tensor.double, state)


def some_net() -> Layer:
    """A network that computes something else in training."""
    return layers.sequential(
        layers.conv2d(4, 3),
        layers.batch_norm(),
        layers.relu(),
        layers.max_pool2d(2),
        layers.flatten(),
        layers.dropout(0.5),
        layers.linear(5),
    )


def average_pooled(channels: int, classes: int) -> Layer:
    """A network of which class activation mapping knows the maps: pooled, then linear."""
    return layers.sequential(
        layers.conv2d(channels, 3), layers.relu(), layers.global_avg_pool(), layers.linear(classes)
    )

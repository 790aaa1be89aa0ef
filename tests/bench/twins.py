"""The torch.nn twin of a network: the same layers, options and numbers, as modules of torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from minicnn.layers import Layer
from minicnn.layers.layer import Shape, Tree
from tests.bench.row import UnmeasuredError


class NoTwinError(UnmeasuredError):
    """A layer that has no twin: it was written by hand, or altered after it was made."""


def torch_twin(layer: Layer, params: Tree, state: Tree, in_shape: Shape) -> nn.Module:
    """Build the torch.nn module that computes what a layer computes, from copies of its numbers.

    Args:
        layer: a layer or a network, made by the constructors of `minicnn.layers`.
        params, state: the layer's.
        in_shape: shape of one example, such as (1, 28, 28).

    Returns:
        The module: nn.Sequential for `sequential`, and so on, in training mode.

    Raises:
        NoTwinError: a layer that no constructor made, or one that is not known here.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.conv2d(8, 3, padding=1), layers.relu())
        >>> params, state, _ = net.init(torch.Generator(), (1, 28, 28))
        >>> torch_twin(net, params, state, (1, 28, 28))
        Sequential(
          (0): Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
          (1): ReLU()
        )
    """
    examples = torch.zeros(2, *in_shape)
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # modules draw their first numbers
        return _twin(layer, params, state, examples)


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class AverageViews(nn.Module):
    """Outside training, the log of the mean probability over nine shifts of the image."""

    def __init__(self, inner: nn.Module, pixels: int) -> None:
        super().__init__()
        self.inner, self.pixels = inner, pixels

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return self.inner(x)
        p, (height, width) = self.pixels, x.shape[-2:]
        padded = nn.functional.pad(x, [p] * 4)
        corners = [(row, column) for row in (0, p, 2 * p) for column in (0, p, 2 * p)]
        views = [padded[:, :, i : i + height, j : j + width] for i, j in corners]
        return torch.stack([self.inner(view).softmax(1) for view in views]).mean(0).log()


def _twin(layer: Layer, params: Tree, state: Tree, x: Tensor) -> nn.Module:
    if layer.constructor is None:
        raise NoTwinError(f"{layer} has functions of its own, so no module of torch is its twin")
    if layer.name == "sequential":
        modules = []
        for child, p, s in zip(layer.children, params, state, strict=True):
            modules.append(_twin(child, p, s, x))
            x, _ = child.apply(p, s, x)
        return nn.Sequential(*modules)
    if layer.name in AROUND:
        return AROUND[layer.name](_twin(layer.children[0], params, state, x), **layer.options)
    if layer.name not in MODULES:
        raise NoTwinError(f"no module of torch is known here for {layer}")
    module = MODULES[layer.name](x, **layer.options)
    for name, number in (params or {}).items():
        module.get_parameter(name).copy_(number)
    for name, number in (state or {}).items():
        module.get_buffer(f"running_{name}").copy_(number)
    return module


# A layer's options have the names that torch gives them, so they are handed on as they are.
AROUND: dict[str, Callable[..., nn.Module]] = {"residual": Residual, "average_views": AverageViews}
MODULES: dict[str, Callable[..., nn.Module]] = {
    "conv2d": lambda x, **options: nn.Conv2d(x.shape[1], **options),
    "linear": lambda x, **options: nn.Linear(x.shape[1], **options),
    "batch_norm": lambda x, **options: _batch_norm(x)(x.shape[1], **options),
    "max_pool2d": lambda x, **options: nn.MaxPool2d(**options),
    "avg_pool2d": lambda x, **options: nn.AvgPool2d(**options),
    "global_avg_pool": lambda x: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "dropout": lambda x, **options: nn.Dropout(**options),
    "flatten": lambda x: nn.Flatten(),
    "relu": lambda x: nn.ReLU(),
    "leaky_relu": lambda x, **options: nn.LeakyReLU(**options),
    "sigmoid": lambda x: nn.Sigmoid(),
    "tanh": lambda x: nn.Tanh(),
    "silu": lambda x: nn.SiLU(),
    "gelu": lambda x, **options: nn.GELU(**options),
    "layer_norm": lambda x, **options: nn.LayerNorm(x.shape[1:], **options),
    "group_norm": lambda x, num_groups, **options: nn.GroupNorm(num_groups, x.shape[1], **options),
}


def _batch_norm(x: Tensor) -> Any:
    return nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d

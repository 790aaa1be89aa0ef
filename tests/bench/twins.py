"""The torch.nn twin of a network: the same layers, options and numbers, as modules of torch."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from minicnn.layers import Layer
from minicnn.layers.inside import SIDE_BY_SIDE, split
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


class Residual(nn.Sequential):
    """f(x) + x, or with a second module f(x) + g(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return self[0](x) + (self[1](x) if len(self) > 1 else x)


class Parallel(nn.Sequential):
    """The channels of all modules' outputs, joined."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self], 1)


class AverageViews(nn.Sequential):
    """Outside training, the log of the mean probability over several views of the image."""

    def __init__(self, inner: nn.Module, pixels: int, degrees: float, scale: float) -> None:
        super().__init__(inner)
        self.pixels = pixels
        angle = math.radians(degrees)
        turns = [(angle, 1.0), (-angle, 1.0)] if degrees else []
        self.moves = turns + ([(0.0, 1 + scale), (0.0, 1 - scale)] if scale else [])

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return self[0](x)
        p, (height, width) = self.pixels, x.shape[-2:]
        padded = nn.functional.pad(x, [p] * 4)
        steps = sorted({0, p, 2 * p})
        corners = [(row, column) for row in steps for column in steps]
        views = [padded[:, :, i : i + height, j : j + width] for i, j in corners]
        for angle, factor in self.moves:
            cos, sin = math.cos(angle) / factor, math.sin(angle) / factor
            rows = [[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]]
            matrix = x.new_tensor(rows).expand(len(x), 2, 3)
            grid = nn.functional.affine_grid(matrix, list(x.shape), align_corners=False)
            views.append(nn.functional.grid_sample(x, grid, align_corners=False))
        return torch.stack([self[0](view).softmax(1) for view in views]).mean(0).log()


def places_inside(
    layer: Layer, params: Tree, state: Tree, x: Tensor
) -> Iterator[tuple[Layer, Tree, Tree, Tensor]]:
    """Yield the layers inside, each with its parameters, its state and its input."""
    parts = zip(layer.children, split(layer, params), split(layer, state), strict=True)
    for child, p, s in parts:
        yield child, p, s, x
        if layer.name not in SIDE_BY_SIDE:
            x, _ = child.apply(p, s, x)


def _twin(layer: Layer, params: Tree, state: Tree, x: Tensor) -> nn.Module:
    if layer.constructor is None:
        raise NoTwinError(f"{layer} has functions of its own, so no module of torch is its twin")
    if layer.name in CONTAINERS:
        modules = [_twin(*place) for place in places_inside(layer, params, state, x)]
        return CONTAINERS[layer.name](*modules, **layer.options)
    if layer.name not in MODULES:
        raise NoTwinError(f"no module of torch is known here for {layer}")
    module = MODULES[layer.name](x, **layer.options)
    for name, number in (params or {}).items():
        module.get_parameter(name).copy_(number)
    for name, number in (state or {}).items():
        module.get_buffer(f"running_{name}").copy_(number)
    return module


def without_inits(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Leave the initialisers out: the numbers are copied anyway."""
    return lambda x, weight_init, bias_init, **options: make(x.shape[1], **options)


# A layer's options have the names that torch gives them, so they are handed on as they are.
CONTAINERS: dict[str, Callable[..., nn.Module]] = {
    "sequential": nn.Sequential,
    "residual": Residual,
    "parallel": Parallel,
    "average_views": AverageViews,
}
MODULES: dict[str, Callable[..., nn.Module]] = {
    "conv2d": without_inits(nn.Conv2d),
    "linear": without_inits(nn.Linear),
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

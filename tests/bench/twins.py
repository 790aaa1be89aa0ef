"""The torch.nn twin of a network: the same layers and numbers, built of torch's own modules.

A layer is known by its name, which tells its kind and sizes but not every option ("conv2d(24, 5)"
leaves out stride and padding). So the usual options are tried, and a module is believed to be the
twin only if it gives the layer's output.
"""

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from minicnn.layers import Layer
from minicnn.layers.layer import Shape, Tree
from tests.bench.row import UnmeasuredError


class NoTwinError(UnmeasuredError):
    """A layer for which no module of torch was found."""


def torch_twin(layer: Layer, params: Tree, state: Tree, in_shape: Shape) -> nn.Module:
    """Build the torch.nn module that computes what a layer computes, from copies of its numbers.

    Args:
        layer: a layer, or a network made by `sequential` and `residual`.
        params, state: the layer's.
        in_shape: shape of one example, such as (1, 28, 28).

    Returns:
        The module: nn.Sequential for `sequential`, and so on, in training mode.

    Raises:
        NoTwinError: a layer of a kind, or with options, that is not known here.

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
    examples = torch.rand(2, *in_shape, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # modules draw their first numbers
        return _twin(layer, params, state, examples)


class _Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


def _twin(layer: Layer, params: Tree, state: Tree, x: Tensor) -> nn.Module:
    if layer.name == "sequential":
        modules = []
        for child, p, s in zip(layer.children, params, state, strict=True):
            modules.append(_twin(child, p, s, x))
            x, _ = child.apply(p, s, x)
        return nn.Sequential(*modules)
    if layer.name == "residual":
        return _Residual(_twin(layer.children[0], params, state, x))
    y, _ = layer.apply(params, state, x)
    for module in _candidates(layer.name, params, x):
        _copy_numbers(params, state, module)
        if _gives(module.eval(), x, y):
            return module.train()
    raise NoTwinError(f"no module of torch was found for {layer.name} on {tuple(x.shape[1:])}")


def _candidates(name: str, params: Tree, x: Tensor) -> Iterator[nn.Module]:
    """Make the modules that a layer of this name may be the twin of, the likeliest first."""
    kind, _, rest = name.partition("(")
    argument: Any = ast.literal_eval(f"({rest}") if rest else None
    if kind == "relu":
        yield nn.ReLU()
    elif kind == "flatten":
        yield nn.Flatten()
    elif kind == "dropout":
        yield nn.Dropout(argument)
    elif kind == "batch_norm":
        yield (nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d)(x.shape[1])
    elif kind == "global_avg_pool":
        yield nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    elif kind == "linear":
        yield nn.Linear(x.shape[1], argument, bias="bias" in params)
    elif kind == "max_pool2d":
        yield from (nn.MaxPool2d(argument, stride, p) for stride, p in _strides_and_paddings())
    elif kind == "avg_pool2d":
        yield from (nn.AvgPool2d(argument, stride, p) for stride, p in _strides_and_paddings())
    elif kind == "conv2d":
        yield from _convolutions(argument, params, x)


def _strides_and_paddings() -> Iterator[tuple[Any, int]]:
    return itertools.product((None, 1, 2, 3), (0, 1))


def _convolutions(argument: Any, params: Tree, x: Tensor) -> Iterator[nn.Module]:
    out_channels, kernel_size = argument
    groups = x.shape[1] // params["weight"].shape[1]
    options = itertools.product((1, 2, 3), (0, 1, 2, "same"), (1, 2))
    for stride, padding, dilation in options:
        if padding == "same" and stride != 1:
            continue
        yield nn.Conv2d(
            x.shape[1], out_channels, kernel_size, stride, padding, dilation, groups,
            bias="bias" in params,
        )  # fmt: skip


def _copy_numbers(params: Tree, state: Tree, module: nn.Module) -> None:
    for name, number in (params or {}).items():
        module.get_parameter(name).copy_(number)
    for name, number in (state or {}).items():
        module.get_buffer(f"running_{name}").copy_(number)


def _gives(module: nn.Module, x: Tensor, y: Tensor) -> bool:
    try:
        result = module(x)
    except (RuntimeError, ValueError):  # these options do not fit this input
        return False
    return result.shape == y.shape and torch.allclose(result, y, rtol=1e-4, atol=1e-5)

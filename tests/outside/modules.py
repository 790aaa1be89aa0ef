"""Samples of `module_db` and `common_nn`: torch's modules, and how we do their work."""

import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import layers

from . import module_samples
from .judge import Sample
from .module_samples import Given

DATABASE = "module_db, common_nn"


def _batch_norm(m: SimpleNamespace, x: Tensor) -> Any:
    from_batch = m.training or m.running_mean is None
    return F.batch_norm(
        x, m.running_mean, m.running_var, m.weight, m.bias, from_batch, m.momentum, m.eps
    )


def _conv2d(m: SimpleNamespace, x: Tensor) -> Tensor:
    padding = m.padding
    if m.padding_mode != "zeros":  # any other padding is a step of its own, before
        (rows, cols), padding = m.padding, 0
        x = torch.nn.functional.pad(x, (cols, cols, rows, rows), m.padding_mode)
    return F.conv2d(x, m.weight, m.bias, m.stride, padding, m.dilation, m.groups)


# What a module with the attributes m does with its inputs.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "AdaptiveAvgPool2d": lambda m, x: F.adaptive_avg_pool2d(x, m.output_size),
    "AdaptiveMaxPool2d": lambda m, x: F.adaptive_max_pool2d(x, m.output_size, m.return_indices),
    "AvgPool2d": lambda m, x: F.avg_pool2d(
        x, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
    ),
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "BatchNorm3d": _batch_norm,
    "Conv2d": _conv2d,
    "ConvTranspose2d": lambda m, x: F.conv_transpose2d(
        x, m.weight, m.bias, m.stride, m.padding, m.output_padding, m.groups, m.dilation
    ),
    "CrossEntropyLoss": lambda m, x, t: F.cross_entropy(
        x, t, m.weight, ignore_index=m.ignore_index, reduction=m.reduction,
        label_smoothing=m.label_smoothing,
    ),
    "Fold": lambda m, x: F.fold(
        x, m.output_size, m.kernel_size, m.dilation, m.padding, m.stride
    ),
    "Linear": lambda m, x: F.linear(x, m.weight, m.bias),
    "LogSoftmax": lambda m, x: F.log_softmax(x, m.dim),
    "MaxPool2d": lambda m, x: F.max_pool2d(
        x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
    ),
    "NLLLoss": lambda m, x, t: F.nll_loss(
        x, t, m.weight, ignore_index=m.ignore_index, reduction=m.reduction
    ),
    "GELU": lambda m, x: F.gelu(x, approximate=m.approximate),
    "GroupNorm": lambda m, x: F.group_norm(x, m.num_groups, m.weight, m.bias, m.eps),
    "LayerNorm": lambda m, x: F.layer_norm(x, m.normalized_shape, m.weight, m.bias, m.eps),
    "LeakyReLU": lambda m, x: F.leaky_relu(x, m.negative_slope),
    "Sigmoid": lambda m, x: F.sigmoid(x),
    "SiLU": lambda m, x: F.silu(x),
    "Tanh": lambda m, x: F.tanh(x),
    "ReLU": lambda m, x: F.relu(x),
    "Softmax": lambda m, x: F.softmax(x, m.dim),
    "Softmax2d": lambda m, x: F.softmax(x, dim=-3),
    "Unfold": lambda m, x: F.unfold(x, m.kernel_size, m.dilation, m.padding, m.stride),
}  # fmt: skip

# Layers are made with the arguments of the module's constructor, less those that they find out.
LAYERS: dict[str, tuple[Callable[..., layers.Layer], tuple[str, ...]]] = {
    "layers.avg_pool2d": (layers.avg_pool2d, ("AvgPool2d",)),
    "layers.batch_norm": (layers.batch_norm, ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")),
    "layers.conv2d": (layers.conv2d, ("Conv2d",)),
    "layers.flatten": (layers.flatten, ("Flatten",)),
    "layers.linear": (layers.linear, ("Linear",)),
    "layers.max_pool2d": (layers.max_pool2d, ("MaxPool2d",)),
    "layers.relu": (layers.relu, ("ReLU",)),
    "layers.gelu": (layers.gelu, ("GELU",)),
    "layers.leaky_relu": (layers.leaky_relu, ("LeakyReLU",)),
    "layers.sigmoid": (layers.sigmoid, ("Sigmoid",)),
    "layers.silu": (layers.silu, ("SiLU",)),
    "layers.tanh": (layers.tanh, ("Tanh",)),
    "layers.group_norm": (layers.group_norm, ("GroupNorm",)),
}
FOUND_OUT = ("in_channels", "in_features", "num_features", "num_channels")

NAMES = (*(f"nn.{name}" for name in FUNCTIONS), *LAYERS)


def samples(name: str) -> Iterator[Sample]:
    """Make the samples of ``nn.Something``, done by our function, or those of a layer."""
    if name not in LAYERS:
        module = name.removeprefix("nn.")
        for given in module_samples.given(module):
            yield _sample(name, given, FUNCTIONS[module])
        return
    layer, modules = LAYERS[name]
    for module in modules:
        for given in module_samples.given(module):
            if given.arguments is not None:
                arguments = {k: v for k, v in given.arguments.items() if k not in FOUND_OUT}
                yield _sample(name, given, functools.partial(_apply, layer, arguments))


def _apply(
    make: Callable[..., layers.Layer], arguments: dict[str, Any], m: SimpleNamespace, x: Tensor
) -> Any:
    """Make the layer, and call it with the parameters and the statistics of the module m."""
    layer = make(**arguments)
    params = {key: getattr(m, key) for key in ("weight", "bias") if hasattr(m, key)}
    if not hasattr(m, "running_mean"):
        return layer.apply(params, (), x, train=m.training)[0]
    state = {"mean": m.running_mean, "var": m.running_var}
    y, state = layer.apply(params, state, x, train=m.training)
    return y, state["mean"], state["var"]


def _sample(name: str, given: Given, function: Callable[..., Any]) -> Sample:
    """Hold ``function`` against the module; parameters and buffers are arguments to both."""

    def ours(tensors: dict[str, Tensor], *inputs: Any) -> Any:
        return function(SimpleNamespace(**{**attributes, **tensors}), *inputs)

    def theirs(tensors: dict[str, Tensor], *inputs: Any) -> Any:
        if module is None:
            return given.make()
        new = {key: x.clone() for key, x in tensors.items()}  # torch changes the statistics
        y = torch.func.functional_call(module, new, inputs)
        return (y, new["running_mean"], new["running_var"]) if "running_mean" in new else y

    module = None if given.error == "construction" else given.make()
    tensors, attributes = {}, given.arguments or {}
    if module is not None:
        tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        attributes = {**vars(module), **module._parameters, **module._buffers}
    options = {**attributes, "arguments": given.arguments, "inputs": given.inputs}
    return Sample(
        DATABASE, name, ours, theirs, (tensors, *given.inputs), {}, options, bool(given.error)
    )

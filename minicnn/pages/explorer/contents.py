"""What a page holds of a network: its layers as plain data, and its numbers as text."""

import base64
import zlib
from typing import Any

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.layers import Layer
from minicnn.layers.description import CONSTRUCTORS
from minicnn.layers.inside import SIDE_BY_SIDE, split
from minicnn.layers.layer import Shape, brief
from minicnn.tree import Tree

LAYERS = (  # that the engine knows; a test compares them with network.js
    *("conv2d", "linear", "max_pool2d", "avg_pool2d", "global_avg_pool"),
    *("relu", "leaky_relu", "sigmoid", "tanh", "silu", "gelu", "flatten", "dropout"),
    *("batch_norm", "layer_norm", "group_norm", "sequential", "residual", "parallel"),
    "average_views",
)
LONGEST = 64  # pixels of a side of an image: more could not be told apart


def check_images(images: Tensor, labels: Tensor) -> Shape:
    """Return the shape of an image, or raise if the page cannot show the images."""
    checks.tensor("images", images)
    if images.ndim != 4 or images.dtype != torch.uint8 or images.shape[0] != len(labels):
        raise ValueError(
            "images must be (N, C, H, W) of uint8, one for each of the "
            f"{len(labels)} labels, got {tuple(images.shape)} of {images.dtype}"
        )
    channels, *sides = images.shape[1:]
    if not len(images) or channels not in (1, 3) or max(sides) > LONGEST:
        raise ValueError(
            f"images must have 1 or 3 channels and at most {LONGEST} × {LONGEST} pixels, "
            f"got {tuple(images.shape)}"
        )
    return tuple(images.shape[1:])


def network(net: Layer, params: Tree, state: Tree, in_shape: Shape) -> tuple[dict[str, Any], Shape]:
    """Return what a page needs to compute with a network, and the shape of its output."""
    description, out_shape = describe(net, params, state, in_shape)
    data = {
        "network": description,
        "weights": store(flat(params, torch.float16)),
        "statistics": store(flat(state, torch.float32)),
    }
    return data, out_shape


def describe(
    layer: Layer, params: Tree, state: Tree, in_shape: Shape
) -> tuple[dict[str, Any], Shape]:
    """Describe a layer with its shapes: of its input, its output, its parameters and its state."""
    known = CONSTRUCTORS.get(layer.name) if layer.name in LAYERS else None
    if known is None or layer.constructor is not known:
        raise ValueError(
            f"the explorer does not know the layer {brief(layer)}: it knows {', '.join(LAYERS)}"
        )
    _, _, out_shape = layer.init(torch.Generator(), in_shape)
    children, shape = [], in_shape
    if layer.children:
        parts = zip(layer.children, split(layer, params), split(layer, state), strict=True)
        for child, p, s in parts:
            described, shape_after = describe(child, p, s, shape)
            children.append(described)
            shape = in_shape if layer.name in SIDE_BY_SIDE else shape_after
        params, state = {}, {}
    data = {
        "name": layer.name,
        "call": brief(layer),
        "options": layer.options,
        "in_shape": in_shape,
        "out_shape": out_shape,
        "params": {name: tuple(value.shape) for name, value in dict(params).items()},
        "state": {name: tuple(value.shape) for name, value in dict(state).items()},
        "children": children,
    }
    return data, out_shape


def flat(values: Tree, dtype: torch.dtype) -> bytes:
    """Return the numbers of a tree, little endian."""
    parts = []
    for path, leaf in zip(tree.paths(values), tree.leaves(values), strict=True):
        rounded = leaf.detach().cpu().to(dtype)
        lost = rounded.isinf() & leaf.detach().cpu().isfinite()
        if lost.any():
            raise ValueError(
                f"{path} holds {leaf[lost.to(leaf.device)][0].item():g}, which does not fit into "
                f"the page: it stores numbers up to {torch.finfo(dtype).max:g}"
            )
        parts.append(rounded.contiguous().numpy().astype(f"<f{dtype.itemsize}").tobytes())
    return b"".join(parts)


def store(numbers: bytes) -> dict[str, Any]:
    """Return bytes for JSON, with a checksum by which the page notices damage."""
    return {
        "base64": base64.b64encode(numbers).decode("ascii"),
        "adler32": zlib.adler32(numbers),
    }

"""Layers: a layer is two functions, init and apply; a network is a layer made of layers."""

from minicnn.layers.combine import activations, parallel, residual, sequential
from minicnn.layers.description import describe, from_description
from minicnn.layers.exchange import load_state_dict, state_dict
from minicnn.layers.layer import Layer
from minicnn.layers.norm import batch_norm, group_norm, layer_norm
from minicnn.layers.own import function
from minicnn.layers.pointwise import (
    dropout,
    flatten,
    gelu,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    tanh,
)
from minicnn.layers.pooling import avg_pool2d, global_avg_pool, max_pool2d
from minicnn.layers.summary import summary
from minicnn.layers.views import average_views
from minicnn.layers.weighted import conv2d, linear

__all__ = [
    "Layer",
    "activations",
    "average_views",
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "describe",
    "dropout",
    "flatten",
    "from_description",
    "function",
    "gelu",
    "global_avg_pool",
    "group_norm",
    "layer_norm",
    "leaky_relu",
    "linear",
    "load_state_dict",
    "max_pool2d",
    "parallel",
    "relu",
    "residual",
    "sequential",
    "sigmoid",
    "silu",
    "state_dict",
    "summary",
    "tanh",
]

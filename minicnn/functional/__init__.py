"""The mathematics: what a CNN needs of torch.nn.functional, forward and backward by hand.

A reading order: first ``ClassicConv2d`` in ../naive.py, a whole convolution with its backward, then

windows             sliding windows: how many, where they lie, views of them
unfold              windows as columns (im2col), and the adjoint
conv/               convolution: functions (forward and backward), three formulations, arguments
pool/               pooling: which cell gets the gradient
linear, activation, smooth, norm, layer_norm, dropout
loss                cross-entropy
layout              why activations are stored batch-last
gather              reading at given places, and the adjoint
precision           16-bit numbers, and autocast
torch_workarounds   what torch makes necessary
"""

from minicnn.functional.activation import leaky_relu, log_softmax, relu, softmax
from minicnn.functional.conv import conv2d, conv_transpose2d
from minicnn.functional.dropout import dropout
from minicnn.functional.layer_norm import group_norm, layer_norm
from minicnn.functional.linear import linear
from minicnn.functional.loss import cross_entropy, nll_loss
from minicnn.functional.norm import batch_norm
from minicnn.functional.pool import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    max_pool2d,
)
from minicnn.functional.smooth import gelu, sigmoid, silu, tanh
from minicnn.functional.torch_workarounds import keep_freed_memory as keep_freed_memory
from minicnn.functional.unfold import fold, unfold

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "fold",
    "gelu",
    "group_norm",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "nll_loss",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
    "unfold",
]

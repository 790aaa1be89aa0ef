"""Hypothesis strategies for cases, one per function: geometry and values together.

Each takes the `Numbers` to fill its tensors with, and shrinks to its simplest case. Nearly all
cases are valid; the others must be rejected.

Example:
    >>> import hypothesis
    >>> hypothesis.find(unfold(), lambda case: case.options["stride"] == 2).options
    {'kernel_size': 1, 'dilation': 1, 'padding': 0, 'stride': 2}
"""

from minicnn.testing.cases.conv import conv2d, conv_transpose2d
from minicnn.testing.cases.layers import (
    batch_norm,
    dropout,
    gelu,
    group_norm,
    layer_norm,
    leaky_relu,
    linear,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    tanh,
)
from minicnn.testing.cases.loss import cross_entropy, nll_loss
from minicnn.testing.cases.pool import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    max_pool2d,
)
from minicnn.testing.cases.windows import fold, unfold

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

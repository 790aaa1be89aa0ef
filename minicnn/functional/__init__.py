"""The maths: what a CNN needs of torch.nn.functional, forward and backward by hand."""

from minicnn.functional.activation import log_softmax, relu, softmax
from minicnn.functional.allocator import keep_freed_memory
from minicnn.functional.conv import conv2d, conv_transpose2d
from minicnn.functional.dropout import dropout
from minicnn.functional.linear import linear
from minicnn.functional.loss import cross_entropy, nll_loss
from minicnn.functional.norm import batch_norm
from minicnn.functional.pool import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    max_pool2d,
)
from minicnn.functional.windows import fold, unfold

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
    "linear",
    "log_softmax",
    "max_pool2d",
    "nll_loss",
    "relu",
    "softmax",
    "unfold",
]

keep_freed_memory()

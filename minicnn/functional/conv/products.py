"""The three products of convolution: which of three formulations computes them, and when.

An image (N, C, H, W) lies in memory as (H, C, W, N), see layout.py. All three formulations work on
images stored so, and compute the same sums; which is fast depends on the geometry alone:

rows        one matrix product for each output row, of a matrix OW·N wide. It copies least, kW times
            the image, and is best where OW·N is large: a batch of some size.
blocks      one matrix product for many output rows, of a copy of all their windows (im2col): kH·kW
            times the image, which pays where the weight is large and OW·N small, since each product
            reads the whole weight from memory. Groups, too, are one batched product here, where
            rows needs a product for each group.
depthwise   every channel has one kernel of its own: no sum over channels is left, hence nothing for
            a matrix product to do. One multiplication of the shifted image for each kernel cell.

Each is a file with three functions on (H, C, W, N):

    convolve(x, weight, bias, geometry)     the convolution, (OH, O, OW, N)
    correlate(x, g, geometry)               the gradient of the weight, (O, C/G, kH, kW)
    transpose(g, weight, geometry, x)       the gradient of the image, added to x
"""

from types import ModuleType

from torch import Tensor

from minicnn.functional.conv import blocks, depthwise, rows
from minicnn.functional.conv.geometry import Geometry
from minicnn.functional.layout import batch_last, follow, nchw

# Measured in float32, forward and both gradients, on one thread of a Zen 4 CPU. The numbers are the
# times of rows and of blocks as multiples of torch's.
NARROW = 96  # OW·N: 256 channels of 4×4, batch 8 (32): 1.90, 1.16; 14×14, batch 8 (112): 1.39, 1.49
LARGE = 1 << 15  # numbers of the weight: 32 channels, 28×28, batch 1 (9,216 numbers): 1.56, 1.35
MANY = 16  # groups of 128 channels, 14×14, batch 8: 8 groups 2.39, 2.74; 32 groups 3.35, 2.39


def choose(geometry: Geometry, channels: int, kernels: int, batch: int) -> ModuleType:
    """Choose the fastest formulation for C input channels, O kernels, and a batch of N.

    A program that `torch.export` makes for batches of any size has one formulation for them all.
    """
    groups, rows_axis, cols = geometry.groups, geometry.rows, geometry.cols
    if 1 < groups == channels == kernels:
        return depthwise
    weight = kernels * channels // groups * rows_axis.kernel * cols.kernel
    narrow = isinstance(batch, int) and cols.out * batch < NARROW  # else a symbol
    return blocks if (narrow and weight >= LARGE) or groups >= MANY else rows


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂g, plus the bias: (N, C, H, W), (O, C/G, kH, kW), (O,) -> (N, O, OH, OW)."""
    form = choose(geometry, x.shape[1], weight.shape[0], x.shape[0])
    y = form.convolve(batch_last(x)[geometry.read], weight, bias, geometry)
    return follow(nchw(y), x)


def transpose(g: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂x: (N, O, OH, OW), (O, C/G, kH, kW) -> (N, C, H, W)."""
    channels, (height, width) = weight.shape[1] * geometry.groups, geometry.size
    zero = g.new_zeros(()) + weight.new_zeros(())  # under vmap batched, if either of them is
    x = zero.new_zeros(height, channels, width, g.shape[0])
    form = choose(geometry, channels, weight.shape[0], g.shape[0])
    form.transpose(batch_last(g), weight, geometry, x[geometry.read])
    return follow(nchw(x), g)


def correlate(x: Tensor, g: Tensor, geometry: Geometry) -> Tensor:
    """Compute ∂T/∂w: (N, C, H, W), (N, O, OH, OW) -> (O, C/G, kH, kW)."""
    form = choose(geometry, x.shape[1], g.shape[1], x.shape[0])
    return form.correlate(batch_last(x)[geometry.read], batch_last(g), geometry)

"""The obvious way, slow and unmistakable: start reading here.

`ClassicConv2d` is a whole convolution, forward and backward, in 40 lines: the image unfolded into
columns, and two matrix products. The rest is loops that spell each definition out. Nothing here is
used by the rest of the library; it is a second reference for the fast forms, independent of
PyTorch. All functions take plain arguments (ints, no pairs) and batches of images (N, C, H, W).
"""

import math
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F


class ClassicConv2d(torch.autograd.Function):
    """Convolve by a matrix product for each group; the shapes are those of `functional.conv2d`.

        y = W · unfold(x) + b          ∂L/∂W = Σ_n g · unfold(x)ᵀ
        ∂L/∂x = fold(Wᵀ · g)           ∂L/∂b = Σ g          with g = ∂L/∂y

    Example:
        >>> ClassicConv2d.apply(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
        tensor([[[[4.]]]])
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
        """Multiply every kernel by every window."""
        columns = F.unfold(x, weight.shape[2:], dilation, padding, stride)  # (N, C·kH·kW, OH·OW)
        w = weight.flatten(1).unflatten(0, (groups, -1))  # (G, O/G, C/G·kH·kW)
        y = (w @ columns.unflatten(1, (groups, -1))).flatten(1, 2)  # (N, O, OH·OW)
        y = y if bias is None else y + bias[:, None]
        out_h = (x.shape[2] + 2 * padding - dilation * (weight.shape[2] - 1) - 1) // stride + 1
        return y.unflatten(2, (out_h, -1))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save what backward needs."""
        x, weight, bias, stride, padding, dilation, ctx.groups = inputs
        ctx.geometry, ctx.has_bias = (dilation, padding, stride), bias is not None
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Send g back through the matrix product, once to each of its factors."""
        (x, weight), groups = ctx.saved_tensors, (ctx.groups, -1)
        w, g_y = weight.flatten(1).unflatten(0, groups), g.flatten(2).unflatten(1, groups)
        columns = F.unfold(x, weight.shape[2:], *ctx.geometry).unflatten(1, groups)
        grad_weight = (g_y @ columns.mT).sum(0).reshape(weight.shape)
        grad_x = F.fold((w.mT @ g_y).flatten(1, 2), x.shape[2:], weight.shape[2:], *ctx.geometry)
        grad_bias = g.sum((0, 2, 3)) if ctx.has_bias else None
        return grad_x, grad_weight, grad_bias, None, None, None, None


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0,
    dilation: int = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolve by seven loops; the equation and the shapes are `functional.conv2d`'s.

    Example:
        >>> conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
        tensor([[[[4., 4.],
                  [4., 4.]]]])
    """
    n_images, _, height, width = input.shape
    n_kernels, channels, k_h, k_w = weight.shape
    out_h = (height + 2 * padding - dilation * (k_h - 1) - 1) // stride + 1
    out_w = (width + 2 * padding - dilation * (k_w - 1) - 1) // stride + 1
    out = input.new_zeros(n_images, n_kernels, out_h, out_w)
    for n in range(n_images):
        for o in range(n_kernels):
            first_channel = o // (n_kernels // groups) * channels
            for oh in range(out_h):
                for ow in range(out_w):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(channels):
                        for i in range(k_h):
                            for j in range(k_w):
                                h = oh * stride + i * dilation - padding
                                w = ow * stride + j * dilation - padding
                                if 0 <= h < height and 0 <= w < width:
                                    pixel = input[n, first_channel + c, h, w]
                                    total = total + weight[o, c, i, j] * pixel
                    out[n, o, oh, ow] = total
    return out


def max_pool2d(input: Tensor, kernel_size: int, stride: int, padding: int = 0) -> Tensor:
    """Take the largest cell of each window, by loops; padding never wins.

    Example:
        >>> max_pool2d(torch.tensor([[[[1.0, 2.0], [4.0, 3.0]]]]), 2, 2)
        tensor([[[[4.]]]])
    """
    return _pool(input, kernel_size, stride, padding, lambda cells: torch.stack(cells).max())


def avg_pool2d(input: Tensor, kernel_size: int, stride: int, padding: int = 0) -> Tensor:
    """Take the mean of each window, by loops; padding counts as cells of value 0.

    Example:
        >>> avg_pool2d(torch.tensor([[[[1.0, 2.0], [4.0, 3.0]]]]), 2, 2)
        tensor([[[[2.5000]]]])
    """
    area = kernel_size * kernel_size
    return _pool(input, kernel_size, stride, padding, lambda cells: torch.stack(cells).sum() / area)


def _pool(input: Tensor, kernel_size: int, stride: int, padding: int, of_cells: Any) -> Tensor:
    n_images, channels, height, width = input.shape
    out_h = (height + 2 * padding - kernel_size) // stride + 1
    out_w = (width + 2 * padding - kernel_size) // stride + 1
    out = input.new_zeros(n_images, channels, out_h, out_w)
    for n in range(n_images):
        for c in range(channels):
            for oh in range(out_h):
                for ow in range(out_w):
                    cells = []
                    for h in range(oh * stride - padding, oh * stride - padding + kernel_size):
                        for w in range(ow * stride - padding, ow * stride - padding + kernel_size):
                            if 0 <= h < height and 0 <= w < width:
                                cells.append(input[n, c, h, w])
                    out[n, c, oh, ow] = of_cells(cells)
    return out


def cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    """Average −log softmax(input_n)[target_n] over the examples, by loops.

    Example:
        >>> cross_entropy(torch.zeros(1, 4), torch.tensor([2]))
        tensor(1.3863)
    """
    total = input.new_zeros(())
    for scores, label in zip(input, target, strict=True):
        largest = max(scores)
        log_sum = largest + torch.stack([(score - largest).exp() for score in scores]).sum().log()
        total = total + log_sum - scores[label]
    return total / len(input)


def adam_step(
    param: float, grad: float, m: float, v: float, t: int, lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
) -> tuple[float, float, float]:  # fmt: skip
    """Make step t = 1, 2, … of Adam on a single number; returns the new (param, m, v).

    Example:
        >>> adam_step(1.0, 0.5, 0.0, 0.0, t=1, lr=0.1)  # a first step is ±lr
        (0.900000002, 0.04999999999999999, 0.0002500000000000002)

    Reference: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, Algorithm 1.
    """
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad * grad
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return param - lr * m_hat / (math.sqrt(v_hat) + eps), m, v

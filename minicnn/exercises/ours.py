"""minicnn's own function for each exercise: the same arguments, the same result, and fast."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import init, optim
from minicnn.functional.conv.functions import Correlate, Transpose
from minicnn.functional.conv.geometry import Geometry, geometry
from minicnn.functional.windows import windows
from minicnn.optim import schedules
from minicnn.optim.adam import AdamState

Function = Callable[..., Any]


def conv2d_grad_weight(grad: Tensor, input: Tensor, weight: Tensor, *geometry: int) -> Tensor:
    """Compute the gradient of a convolution with respect to its kernels.

    Example:
        >>> x, grad = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
        >>> conv2d_grad_weight(grad, x, grad, 1, 0, 1, 1).flatten()
        tensor([4., 4., 4., 4.])
    """
    return Correlate.apply(input, grad, _windows(input, weight, *geometry))


def conv2d_grad_input(grad: Tensor, input: Tensor, weight: Tensor, *geometry: int) -> Tensor:
    """Compute the gradient of a convolution with respect to its input.

    Example:
        >>> x, grad = torch.zeros(1, 1, 1, 3), torch.ones(1, 1, 1, 2)
        >>> conv2d_grad_input(grad, x, grad, 1, 0, 1, 1).flatten()
        tensor([1., 2., 1.])
    """
    return Transpose.apply(grad, weight, _windows(input, weight, *geometry))


def _windows(
    input: Tensor, weight: Tensor, stride: int, padding: int, dilation: int, groups: int
) -> Geometry:
    rows, cols = (
        windows(input.shape[i], weight.shape[i], stride, (padding, padding), dilation)
        for i in (2, 3)
    )
    return geometry(rows, cols, groups)


def _gradient(f: Callable[[Tensor], Any], at: Tensor, grad: Tensor | None = None) -> Tensor:
    """Differentiate a function of minicnn, whose backward is minicnn's too."""
    x = at.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(f(x), x, grad)[0]


def max_pool2d_backward(grad: Tensor, input: Tensor, *geometry: Any) -> Tensor:
    """Compute the gradient of max pooling.

    Example:
        >>> max_pool2d_backward(torch.ones(1, 1, 1, 1), torch.eye(2)[None, None], 2, 2, 0).flatten()
        tensor([1., 0., 0., 0.])
    """
    return _gradient(lambda x: F.max_pool2d(x, *geometry), input, grad)


def avg_pool2d_backward(grad: Tensor, height: int, width: int, *geometry: Any) -> Tensor:
    """Compute the gradient of average pooling.

    Example:
        >>> avg_pool2d_backward(torch.ones(1, 1, 1, 1), 2, 2, 2, 2, 0).flatten()
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    x = grad.new_zeros(*grad.shape[:2], height, width)
    return _gradient(lambda x: F.avg_pool2d(x, *geometry), x, grad)


def batch_norm_train(
    input: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, *settings: float
) -> tuple[Any, ...]:
    """Normalise a batch, and update the running statistics.

    Example:
        >>> x, zero, one = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1), torch.ones(1)
        >>> batch_norm_train(x, zero, one, one, zero, 0.5, 1e-5)[1]
        tensor([1.])
    """
    return F.batch_norm(input, mean, var, weight, bias, True, *settings)


def adam_step(
    param: Tensor, grad: Tensor, m: Tensor, v: Tensor, t: int, lr: float, *settings: Any
) -> tuple[Any, ...]:
    """Compute a step of Adam.

    Example:
        >>> theta, g, zero = torch.tensor([[1.0], [4.0], [0.0]])
        >>> adam_step(theta, g, zero, zero, 1, 0.5, (0.5, 0.75), 1e-8)
        (tensor([0.5000]), tensor([2.]), tensor([4.]))
    """
    state = AdamState(torch.tensor(t - 1), m, v, ())
    updates, state = optim.adam(lr, *settings).update(grad, state, param)
    return param + updates, state.m, state.v


def kaiming_uniform(uniform: Tensor) -> Tensor:
    """Map random numbers from [0, 1) to initial weights.

    Example:
        >>> kaiming_uniform(torch.tensor([[0.0, 0.5, 0.75, 0.5, 0.5, 0.5]]))
        tensor([[-1.0000,  0.0000,  0.5000,  0.0000,  0.0000,  0.0000]])
    """
    bound = 3**0.5 * init.kaiming_std(tuple(uniform.shape))
    return uniform * (2 * bound) - bound


def dropout(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Drop the numbers whose random number is below p, and scale the others.

    Example:
        >>> dropout(torch.tensor([3.0, 5.0]), torch.tensor([0.9, 0.1]), 0.5, True)
        tensor([6., 0.])
    """
    return torch.where(uniform < p, 0.0, input / (1 - p)) if training else input


OURS: dict[str, Function] = {
    "conv2d_forward": F.conv2d,
    "output_size": lambda size, kernel, stride, padding, dilation: (
        windows(size, kernel, stride, (padding, padding), dilation).out
    ),
    "conv2d_grad_bias": lambda grad: grad.sum((0, 2, 3)),
    "conv2d_grad_weight": conv2d_grad_weight,
    "conv2d_grad_input": conv2d_grad_input,
    "max_pool2d_forward": F.max_pool2d,
    "max_pool2d_backward": max_pool2d_backward,
    "avg_pool2d_backward": avg_pool2d_backward,
    "linear_backward": lambda grad, input, weight: (grad @ weight, grad.T @ input, grad.sum(0)),
    "relu_backward": lambda grad, input: grad * (input > 0),
    "log_softmax": lambda logits: F.log_softmax(logits, 1),
    "cross_entropy": F.cross_entropy,
    "cross_entropy_grad": lambda logits, target: _gradient(
        lambda x: F.cross_entropy(x, target), logits
    ),
    "kaiming_uniform": kaiming_uniform,
    "batch_norm_train": batch_norm_train,
    "adam_step": adam_step,
    "cosine_schedule": lambda step, total, high, low: schedules.cosine(high, total, low)(step),
    "dropout": dropout,
}

"""Activations: relu and leaky_relu between the layers, softmax at the output."""

import math
from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.precision import autocast, in_float32
from minicnn.functional.torch_workarounds import Function, are_finite, is_plain


def relu(input: Tensor) -> Tensor:
    """Compute the rectified linear unit, y = max(x, 0).

    The gradient passes where x > 0 and is 0 elsewhere, including x = 0. Unlike torch's relu it has
    no ``inplace``: no function here modifies its arguments.

    Args:
        input: any shape, real numbers.

    Returns:
        The same shape.

    Raises:
        TypeError: a boolean or complex input.

    Example:
        >>> import torch
        >>> relu(torch.tensor([-1.0, 0.0, 2.0]))
        tensor([0., 0., 2.])

    Reference: Nair & Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines",
    2010, §2.

    Backward: `_Relu.backward` in functional/activation.py.
    """
    if checks.tensor("input", input).dtype == torch.bool or input.is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    return _Relu.apply(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Compute y = x where x > 0, and negative_slope · x elsewhere.

    The gradient is 1 where x > 0 and ``negative_slope`` elsewhere, including x = 0: unlike relu it
    is not 0, so a unit that is negative for all inputs still learns.

    Args:
        input: any shape, floating point.
        negative_slope: the slope below 0, any finite number.

    Returns:
        The same shape.

    Raises:
        TypeError: an input that is not floating point, or a slope that is no number.
        ValueError: a slope that is not finite.

    Example:
        >>> import torch
        >>> leaky_relu(torch.tensor([-1.0, 0.0, 2.0]), negative_slope=0.5)
        tensor([-0.5000,  0.0000,  2.0000])

    Reference: Maas, Hannun & Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
    2013, §2.

    Backward: `_LeakyRelu.backward` in functional/activation.py.
    """
    if not checks.tensor("input", input).is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    slope = checks.number("negative_slope", negative_slope, math.isfinite, "a finite number")
    return _LeakyRelu.apply(input, slope)


def softmax(input: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """Compute probabilities along ``dim`` from scores: y_i = exp(x_i) / Σ_k exp(x_k).

    It is computed as exp(x − max x) / Σ exp(x − max x), which is equal and cannot overflow.

    Args:
        input: scores of any shape, floating point.
        dim: the dimension along which the result sums to one.
        dtype: if given, ``input`` is converted to it first.

    Returns:
        Probabilities, with the shape of ``input``.

    Raises:
        TypeError: scores that are not floating point.
        ValueError: a ``dim`` that the input does not have.

    Example:
        >>> import torch
        >>> softmax(torch.tensor([1000.0, 1000.0, -1000.0]), dim=0)
        tensor([0.5000, 0.5000, 0.0000])

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §4.1 and §6.2.2.3.

    Backward: `_Softmax.backward` in functional/activation.py.
    """
    x = _scores("softmax", input, dim, dtype)
    return in_float32(_Softmax.apply, x, dim) if x.numel() else x.clone()


def log_softmax(input: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """Compute log-probabilities along ``dim``: y_i = x_i − log Σ_k exp(x_k).

    The sum is taken as m + log Σ exp(x_k − m) with m = max x (the log-sum-exp trick): the largest
    term is exp(0) = 1, so nothing overflows, and the sum is never 0.

    Args:
        input: scores of any shape, floating point.
        dim: the dimension along which the exponentials of the result sum to one.
        dtype: if given, ``input`` is converted to it first.

    Returns:
        Log-probabilities, with the shape of ``input``.

    Raises:
        TypeError: scores that are not floating point.
        ValueError: a ``dim`` that the input does not have.

    Example:
        >>> import torch
        >>> log_softmax(torch.tensor([1000.0, 0.0]), dim=0)
        tensor([    0., -1000.])

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §4.1 and §6.2.2.3.

    Backward: `_LogSoftmax.backward` in functional/activation.py.
    """
    x = _scores("log_softmax", input, dim, dtype)
    return in_float32(_LogSoftmax.apply, x, dim) if x.numel() else x.clone()


def _scores(name: str, input: Tensor, dim: int, dtype: torch.dtype | None) -> Tensor:
    checks.tensor("input", input)
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype must be a torch.dtype or None, got {dtype!r}")
    x = autocast(name, input)[0] if dtype is None else input.to(dtype)
    if not x.is_floating_point():
        raise TypeError(f"input must be floating point, got {x.dtype}")
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise TypeError(f"dim must be an int, got {dim!r}")
    dims = max(x.ndim, 1)
    if not -dims <= dim < dims:
        raise ValueError(
            f"dim must be in [{-dims}, {dims - 1}] for input shape {tuple(x.shape)}, got {dim}"
        )
    return x


class _Relu(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        # The output is saved, not the input: the next layer saves it anyway, so it needs no memory.
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        y = y.detach()
        # g where x > 0 or x is NaN, and 0 elsewhere. A comparison that writes numbers, 0 and 1, to
        # multiply by is several times faster than one that writes booleans, to select by. But vmap
        # does not support it, and 0 · ∞ is not 0.
        if is_plain(y) and are_finite(g):
            return torch.ne(y, 0, out=torch.empty_like(y)).mul_(g)
        return torch.where(y != 0, g, 0)


class _LeakyRelu(Function):
    @staticmethod
    def forward(x: Tensor, slope: float) -> Tensor:
        return torch.where(x > 0, x, x * slope)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.slope = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, g, g * ctx.slope), None


class _Softmax(Function):
    """∂y_i/∂x_k = y_i (δ_ik − y_k), so the gradient is y · (g − Σ_k g_k y_k)."""

    @staticmethod
    def forward(x: Tensor, dim: int) -> Tensor:
        e = (x - x.amax(dim, keepdim=True)).exp()
        return e / e.sum(dim, keepdim=True)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.dim = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return y * (g - (g * y).sum(ctx.dim, keepdim=True)), None


class _LogSoftmax(Function):
    """∂y_i/∂x_k = δ_ik − exp(y_k), so the gradient is g − softmax(x) · Σ_k g_k."""

    @staticmethod
    def forward(x: Tensor, dim: int) -> Tensor:
        x = x - x.amax(dim, keepdim=True)
        return x - x.exp().sum(dim, keepdim=True).log()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.dim = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return g - y.exp() * g.sum(ctx.dim, keepdim=True), None

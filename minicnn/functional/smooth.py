"""Smooth activations: sigmoid and tanh, which saturate, and silu and gelu, which resemble relu."""

import math
from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.precision import in_float32
from minicnn.functional.torch_workarounds import Function

SQRT_HALF, SQRT_2_OVER_PI, SQRT_2_PI = 0.5**0.5, (2 / math.pi) ** 0.5, (2 * math.pi) ** 0.5
CUBIC = 0.044715  # chosen by the authors of gelu, so that its tanh form is close to the exact one


def sigmoid(input: Tensor) -> Tensor:
    """Compute the logistic function, y = σ(x) = 1 / (1 + exp(−x)), between 0 and 1.

    Its derivative is y (1 − y).

    Args:
        input: any shape, real numbers; integers are converted to floating point.

    Returns:
        The same shape.

    Raises:
        TypeError: a complex input.

    Example:
        >>> import torch
        >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
        tensor([0.0000, 0.5000, 1.0000])

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §3.10 and §6.3.2.

    Backward: `_Sigmoid.backward` in functional/smooth.py.
    """
    return in_float32(_Sigmoid.apply, _as_float(input))


def tanh(input: Tensor) -> Tensor:
    """Compute the hyperbolic tangent, y = (exp(x) − exp(−x)) / (exp(x) + exp(−x)), in [−1, 1].

    Its derivative is 1 − y². It is computed as sign(x) · (1 − e) / (1 + e) with e = exp(−2|x|),
    which cannot overflow, and 1 − e as −expm1(−2|x|), which loses no digits where x is small.

    Args:
        input: any shape, real numbers; integers are converted to floating point.

    Returns:
        The same shape.

    Raises:
        TypeError: a complex input.

    Example:
        >>> import torch
        >>> tanh(torch.tensor([-1000.0, 0.0, 1.0]))
        tensor([-1.0000,  0.0000,  0.7616])

    Reference: LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, §4.4.

    Backward: `_Tanh.backward` in functional/smooth.py.
    """
    return in_float32(_Tanh.apply, _as_float(input))


def silu(input: Tensor) -> Tensor:
    """Compute the sigmoid linear unit, y = x · σ(x), also called swish.

    Its derivative is σ(x) · (1 + x (1 − σ(x))).

    Args:
        input: any shape, floating point.

    Returns:
        The same shape.

    Raises:
        TypeError: an input that is not floating point.

    Example:
        >>> import torch
        >>> silu(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.2689,  0.0000,  0.7311])

    Reference: Elfwing, Uchibe & Doya, "Sigmoid-Weighted Linear Units for Neural Network Function
    Approximation in Reinforcement Learning", 2018, §2.

    Backward: `_Silu.backward` in functional/smooth.py.
    """
    return in_float32(_Silu.apply, _require_float(input))


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """Compute the Gaussian error linear unit, y = x · Φ(x), Φ the normal distribution function.

        "none"    Φ(x) = ½ (1 + erf(x / √2)),                 dy/dx = Φ(x) + x · exp(−x²/2) / √(2π)
        "tanh"    Φ(x) ≈ ½ (1 + tanh u),  u = √(2/π) (x + 0.044715 x³)

    Args:
        input: any shape, floating point.
        approximate: "none", or "tanh" for the approximation, which differs by less than 0.0005.

    Returns:
        The same shape.

    Raises:
        TypeError: an input that is not floating point.
        ValueError: another ``approximate``.

    Example:
        >>> import torch
        >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.1587,  0.0000,  0.8413])

    Reference: Hendrycks & Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, §2.

    Backward: `_Gelu.backward` in functional/smooth.py; of the approximation `_GeluTanh.backward` in
    functional/smooth.py.
    """
    forms = {"none": _Gelu, "tanh": _GeluTanh}
    if not isinstance(approximate, str) or approximate not in forms:
        raise ValueError(f'approximate must be "none" or "tanh", got {approximate!r}')
    return in_float32(forms[approximate].apply, _require_float(input))


def _require_float(input: Tensor) -> Tensor:
    if not checks.tensor("input", input).is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    return input


def _as_float(input: Tensor) -> Tensor:
    if checks.tensor("input", input).is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    return input if input.is_floating_point() else input.to(torch.get_default_dtype())


class _Sigmoid(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return ((-x).exp() + 1).reciprocal()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return g * (y * (1 - y))


class _Tanh(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        less = (x.abs() * -2).expm1()  # e − 1
        return x.sign() * (less / (-2 - less))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return g * (1 - y * y)


class _Silu(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x / ((-x).exp() + 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        s = _Sigmoid.apply(x)
        return g * (s * (1 + x * (1 - s)))


class _Gelu(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x * _phi(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        density = (x * x * -0.5).exp() / SQRT_2_PI  # Φ′
        return g * (_phi(x) + x * density)


def _phi(x: Tensor) -> Tensor:
    return ((x * SQRT_HALF).erf() + 1) * 0.5


class _GeluTanh(Function):
    """With t = tanh u: dy/dx = ½ (1 + t) + ½ x (1 − t²) u′."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x * 0.5 * (_Tanh.apply(_u(x)) + 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        t = _Tanh.apply(_u(x))
        slope = (x * x * (3 * CUBIC) + 1) * SQRT_2_OVER_PI  # u′
        return g * ((t + 1) * 0.5 + x * 0.5 * (1 - t * t) * slope)


def _u(x: Tensor) -> Tensor:
    return (x + x * x * x * CUBIC) * SQRT_2_OVER_PI

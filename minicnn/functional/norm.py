"""Batch normalisation: every channel gets mean 0 and variance 1, then a scale and a shift."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Normalise each channel, then scale and shift it.

        y = (x − μ) / √(σ² + eps) · weight + bias

    In training μ and σ² are the channel's mean and variance over the batch (divided by the number n
    of values), and the running statistics move towards them,

        running ← (1 − momentum) · running + momentum · statistic

    with the unbiased variance, σ² · n / (n − 1). Otherwise μ and σ² *are* the running statistics.
    Unlike torch's function this one changes nothing in place: it returns the new statistics.

    Args:
        input: (N, C) or (N, C, …), floating point.
        running_mean, running_var: (C,) each. None in training keeps no statistics.
        weight, bias: (C,) each; None for 1 and 0.
        training: use (and learn) the batch's statistics instead of the running ones.
        momentum: weight of the new statistic, in [0, 1].
        eps: added to the variance, in the square of the input's unit; above 0 in training.

    Returns:
        (y, new running mean, new running variance); y has the shape of ``input``.

    Raises:
        ValueError: shapes that do not fit, no running statistics outside training, or a single
            value a channel in training.
        TypeError: an input that is not floating point.

    Example:
        >>> import torch
        >>> x = torch.tensor([[1.0], [3.0]])
        >>> batch_norm(x, torch.zeros(1), torch.ones(1), training=True)
        (tensor([[-1.0000],
                [ 1.0000]]), tensor([0.2000]), tensor([1.1000]))

    Reference: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift", 2015, Algorithms 1 and 2.
    """
    _check(input, training, momentum, eps)
    shape = torch.Size([input.shape[1]])
    for name, value in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if value is None and name.startswith("running") and not training:
            raise ValueError(f"{name} must be given when training is false, got None")
        if value is not None and value.shape != shape:
            raise ValueError(f"{name} must have shape {tuple(shape)}, got {tuple(value.shape)}")

    dims = [d for d in range(input.ndim) if d != 1]
    view = [-1 if d == 1 else 1 for d in range(input.ndim)]
    if not training:
        assert running_mean is not None
        assert running_var is not None
        scale = (running_var + eps).rsqrt()
        x_hat = _ScaleShift.apply(input, scale.view(view), (-running_mean * scale).view(view))
    else:
        x_hat, mean, var = _Standardise.apply(input, dims, eps)
        n = input.numel() // input.shape[1]
        running_mean = _towards(running_mean, mean.flatten(), momentum)
        running_var = _towards(running_var, var.flatten() * (n / (n - 1)), momentum)
    if weight is None and bias is None:
        return x_hat, running_mean, running_var
    weight = input.new_ones(shape) if weight is None else weight
    bias = input.new_zeros(shape) if bias is None else bias
    y = _ScaleShift.apply(x_hat, weight.view(view), bias.view(view))
    return y, running_mean, running_var


def _check(input: Tensor, training: bool, momentum: float, eps: float) -> None:
    if not isinstance(input, Tensor) or not input.is_floating_point():
        got = input.dtype if isinstance(input, Tensor) else type(input).__name__
        raise TypeError(f"input must be a floating point tensor, got {got}")
    if input.ndim < 2 or input.shape[1] == 0:
        raise ValueError(f"input must be (N, C) or (N, C, …), got shape {tuple(input.shape)}")
    checks.probability("momentum", momentum)
    (checks.positive if training else checks.non_negative)("eps", eps)
    if training and input.numel() // input.shape[1] < 2:
        raise ValueError(
            "input must have at least 2 values a channel in training, to have a variance, got "
            f"shape {tuple(input.shape)}"
        )


def _towards(running: Tensor | None, statistic: Tensor, momentum: float) -> Tensor | None:
    if running is None:
        return None
    return (1 - momentum) * running + momentum * statistic.to(running.dtype).detach()


class _Standardise(torch.autograd.Function):
    """x̂ = (x − μ) / √(σ² + eps). Every x moves μ and σ, and with them all of its channel's x̂:

        ∂L/∂x = (g − mean(g) − x̂ · mean(g · x̂)) / √(σ² + eps)

    The statistics are also returned, without gradient, for the running averages.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, dims: list[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
        return _standardise(x, dims, eps)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.dims, ctx.eps = inputs
        ctx.save_for_backward(x)
        ctx.mark_non_differentiable(*output[1:])

    @staticmethod
    def backward(ctx: Any, g: Tensor, *no_gradients: Any) -> Any:
        (x,) = ctx.saved_tensors
        # Computed anew rather than kept: as functions of x they have derivatives of their own,
        # which second derivatives need.
        x_hat, _, var = _standardise(x, ctx.dims, ctx.eps)
        mean_g = g.mean(ctx.dims, keepdim=True)
        mean_gx = (g * x_hat).mean(ctx.dims, keepdim=True)
        return (g - mean_g - x_hat * mean_gx) * (var + ctx.eps).rsqrt(), None, None


def _standardise(x: Tensor, dims: list[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    mean = x.mean(dims, keepdim=True)
    centred = x - mean
    var = (centred * centred).mean(dims, keepdim=True)
    return centred * (var + eps).rsqrt(), mean, var


class _ScaleShift(torch.autograd.Function):
    """x · scale + shift, one scale and one shift a channel."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return x * scale + shift

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, scale, _ = inputs
        ctx.save_for_backward(x, scale)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, scale = ctx.saved_tensors
        dims = [d for d in range(g.ndim) if d != 1]
        return g * scale, (g * x).sum(dims, keepdim=True), g.sum(dims, keepdim=True)

"""Batch normalisation: scale every channel to mean 0 and variance 1, then scale and shift."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.precision import NARROW, wide
from minicnn.functional.torch_workarounds import Function


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

    In training μ and σ² are the mean and the variance (divided by n, the number of values) of the
    channel over the batch, and the running statistics are updated by

        running ← (1 − momentum) · running + momentum · statistic

    with the unbiased variance, σ² · n / (n − 1). Otherwise μ and σ² *are* the running statistics.
    Unlike torch's function this one modifies nothing in place: it returns the new statistics.

    Args:
        input: (N, C, H, W), or any (N, C, …), floating point; if it has 16 bits a number, all
            the others may be float32.
        running_mean, running_var: (C,) each; None in training to keep no statistics.
        weight, bias: (C,) each; None for 1 and 0.
        training: whether to use the batch statistics and update the running ones.
        momentum: weight of the new statistic, in [0, 1].
        eps: added to the variance, in units of the input squared; above 0 in training.

    Returns:
        (y, new running mean, new running variance); y has the shape of ``input``.

    Raises:
        ValueError: shapes that do not match, no running statistics in evaluation, or a single
            value per channel in training.
        TypeError: an input that is not floating point.

    Example:
        >>> import torch
        >>> x = torch.tensor([[1.0], [3.0]])
        >>> batch_norm(x, torch.zeros(1), torch.ones(1), training=True)
        (tensor([[-1.0000],
                [ 1.0000]]), tensor([0.2000]), tensor([1.1000]))

    Reference: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift", 2015, Algorithms 1 and 2.

    Backward: `_Normalise.backward` in functional/norm.py; in evaluation `ScaleShift.backward` in
    functional/norm.py.
    """
    _check(input, training, momentum, eps)
    shape = (input.shape[1],)
    for name, value in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if value is None and name.startswith("running") and not training:
            raise ValueError(f"{name} must be given when training is false, got None")
        check_operand(name, value, input, shape)
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must both be given or both be None")

    view = [-1 if d == 1 else 1 for d in range(input.ndim)]
    x = wide(input)
    scale = (x.new_ones(shape) if weight is None else wide(weight)).view(view)
    shift = (x.new_zeros(shape) if bias is None else wide(bias)).view(view)
    if not training:
        assert running_mean is not None
        assert running_var is not None
        factor = scale * (wide(running_var) + eps).rsqrt().view(view)
        y = ScaleShift.apply(x, factor, shift - wide(running_mean).view(view) * factor)
        return y.to(input.dtype), running_mean, running_var
    y, mean, var = _Normalise.apply(x, scale, shift, eps)
    n = input.numel() // input.shape[1]
    running_mean = _towards(running_mean, mean.flatten(), momentum)
    running_var = _towards(running_var, var.flatten() * (n / (n - 1)), momentum)
    return y.to(input.dtype), running_mean, running_var


def check_operand(name: str, value: Tensor | None, input: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse another shape, or a dtype that is neither input's nor, beside 16 bits, float32."""
    if value is None:
        return
    dtypes = (input.dtype, torch.float32) if input.dtype in NARROW else (input.dtype,)
    if checks.tensor(name, value).dtype not in dtypes:
        expected = " or ".join(map(str, dtypes))
        raise TypeError(f"{name} must have input's dtype {expected}, got {value.dtype}")
    if value.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {tuple(value.shape)}")


def _check(input: Tensor, training: bool, momentum: float, eps: float) -> None:
    if not checks.tensor("input", input).is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    checks.boolean("training", training)
    if input.ndim < 2 or input.shape[1] == 0:
        raise ValueError(f"input must be (N, C) or (N, C, …), got shape {tuple(input.shape)}")
    checks.probability("momentum", momentum)
    (checks.positive if training else checks.non_negative)("eps", eps)
    if training and input.numel() // input.shape[1] < 2:
        raise ValueError(
            "input must have at least 2 values per channel in training to have a variance, got "
            f"shape {tuple(input.shape)}"
        )


def _towards(running: Tensor | None, statistic: Tensor, momentum: float) -> Tensor | None:
    if running is None:
        return None
    return ((1 - momentum) * wide(running) + momentum * statistic.detach()).to(running.dtype)


class _Normalise(Function):
    """y = x̂ · scale + shift with x̂ = (x − μ) / √(σ² + eps), all but x of shape (1, C, 1, …).

    μ and σ depend on every x, and so does every x̂ of the channel. With means over the channel,

        ∂L/∂x = scale / √(σ² + eps) · (g − mean(g) − x̂ · mean(g · x̂))

    The statistics are returned as well, without gradient, to update the running ones.
    """

    @staticmethod
    def forward(
        x: Tensor, scale: Tensor, shift: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        x_hat, mean, var = _standardise(x, eps)
        return torch.addcmul(shift, x_hat, scale), mean, var

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, scale, _, ctx.eps = inputs
        ctx.save_for_backward(x, scale)
        ctx.mark_non_differentiable(*output[1:])

    @staticmethod
    def backward(ctx: Any, g: Tensor, *no_gradients: Any) -> Any:
        x, scale = ctx.saved_tensors
        # Recomputed, not saved: it needs less memory, and second derivatives need functions of x.
        x_hat, _, var = _standardise(x, ctx.eps)
        n = x.numel() // x.shape[1]
        sum_g, sum_gx = _channel_sum(g), _channel_sum(g * x_hat)
        factor = scale * (var + ctx.eps).rsqrt()
        grad = torch.addcmul(g - sum_g / n, x_hat, -sum_gx / n) * factor
        return grad, sum_gx, sum_g, None


class ScaleShift(Function):
    """y = x · scale + shift, both of the same shape: as many dimensions as x, some of size 1."""

    @staticmethod
    def forward(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Scale and shift."""
        return torch.addcmul(shift, x, scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save what is multiplied."""
        x, scale, _ = inputs
        ctx.save_for_backward(x, scale)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Sum over the dimensions along which the numbers were repeated."""
        x, scale = ctx.saved_tensors
        return g * scale, _sum_to(scale, g * x), _sum_to(scale, g)


def _sum_to(like: Tensor, x: Tensor) -> Tensor:
    dims = [d for d in range(x.ndim) if like.shape[d] == 1]
    return x.sum(dims, keepdim=True) if dims else x


def _standardise(x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return x̂, and the mean and variance (divided by n) of every channel, (1, C, 1, …)."""
    n = x.numel() // x.shape[1]
    mean = _channel_sum(x) / n
    centred = x - mean
    var = _channel_sum(centred * centred) / n
    return centred * (var + eps).rsqrt(), mean, var


def _channel_sum(x: Tensor) -> Tensor:
    return x.sum([d for d in range(x.ndim) if d != 1], keepdim=True)

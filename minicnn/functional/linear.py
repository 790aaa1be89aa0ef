"""The linear layer: every output is a weighted sum of all inputs."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.precision import autocast, in_float32
from minicnn.functional.torch_workarounds import Function, needed


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute y = x Wᵀ + b for every row x of the input.

    Args:
        input: (…, I), any number of leading dimensions.
        weight: (O, I), with the dtype of ``input``; (I,) gives a single output without dimension O.
        bias: (O,), or None.

    Returns:
        (…, O).

    Raises:
        ValueError: shapes that do not match.
        TypeError: dtypes that differ, or complex numbers.

    Example:
        >>> import torch
        >>> linear(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([0.5]))
        tensor([[11.5000]])

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §6.1.

    Backward: `_Linear.backward` in functional/linear.py.
    """
    input, weight, bias = autocast("linear", input, weight, bias)
    _check(input, weight, bias)
    if weight.ndim == 1:
        return linear(input, weight[None]).squeeze(-1)
    if input.ndim == 2:
        return in_float32(_Linear.apply, input, weight, bias)
    rows = input.flatten(0, -2) if input.ndim > 1 else input[None]
    y = in_float32(_Linear.apply, rows, weight, bias)
    return y.reshape(*input.shape[:-1], weight.shape[0])


def _check(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if checks.tensor("input", input).ndim == 0:
        raise ValueError("input must be (…, I), got a scalar")
    if checks.tensor("weight", weight).ndim not in (1, 2):
        raise ValueError(f"weight must be (O, I) or (I,), got shape {tuple(weight.shape)}")
    if input.shape[-1] != weight.shape[-1]:
        raise ValueError(
            f"input must have {weight.shape[-1]} features for a weight of shape "
            f"{tuple(weight.shape)}, got input shape {tuple(input.shape)}"
        )
    if input.is_complex():
        raise TypeError(f"input must be real numbers, got {input.dtype}")
    for name, operand in (("weight", weight), ("bias", bias)):
        if operand is not None:
            checks.same_dtype(name, operand, input)
    if bias is not None and (weight.ndim == 1 or bias.shape != weight.shape[:1]):
        raise ValueError(
            f"bias must be ({weight.shape[0]},), one number per output of a 2-dimensional weight, "
            f"got {tuple(bias.shape)} (weight shape {tuple(weight.shape)})"
        )


class _Linear(Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return x @ weight.mT if bias is None else torch.addmm(bias, x, weight.mT)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, weight, bias = inputs
        ctx.has_bias = bias is not None
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = needed(ctx, True, True, ctx.has_bias)
        return (
            g @ weight if need_x else None,  # ∂L/∂x = g W
            g.mT @ x if need_weight else None,  # ∂L/∂W = gᵀ x
            g.sum(0) if need_bias else None,  # ∂L/∂b = Σ g over the batch
        )

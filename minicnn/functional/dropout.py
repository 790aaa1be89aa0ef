"""Dropout: in training, set each number to zero with probability p."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.torch_workarounds import Function


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    *,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero each number with probability p and scale the others up: y = x · mask / (1 − p).

    The entries of the mask are independent and 1 with probability 1 − p. The scale preserves the
    expected value, so evaluation needs no correction.

    Args:
        input: any shape, floating point.
        p: probability of zeroing a number, in [0, 1].
        training: if false, the input is returned unchanged.
        generator: source of the random mask; None for torch's global generator.

    Returns:
        The same shape. With the same seed the mask equals that of torch's dropout on a contiguous
        input.

    Raises:
        ValueError: ``p`` outside [0, 1].
        TypeError: an input that is not floating point.

    Example:
        >>> import torch
        >>> g = torch.Generator().manual_seed(0)
        >>> dropout(torch.ones(2, 3), p=0.5, generator=g).unique()
        tensor([0., 2.])

    Reference: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", 2014, §4.

    Backward: `_Mask.backward` in functional/dropout.py.
    """
    checks.probability("p", p)
    checks.boolean("training", training)
    if not checks.tensor("input", input).is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator or None, got {generator!r}")
    if not training or p == 0:
        return input
    if p == 1:  # the scale 1 / (1 − p) would be infinite
        return _Mask.apply(input, torch.zeros_like(input))
    # Drawn in the order of the shape, not of memory, so the result does not depend on the layout.
    mask = torch.empty_like(input, memory_format=torch.contiguous_format)
    return _Mask.apply(input, mask.bernoulli_(1 - p, generator=generator).div_(1 - p))


class _Mask(Function):
    """Multiply by a constant mask; the gradient is multiplied by the same mask."""

    @staticmethod
    def forward(x: Tensor, mask: Tensor) -> Tensor:
        return x * mask

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _Mask.apply(g, *ctx.saved_tensors), None

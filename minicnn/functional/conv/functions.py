"""Convolution, its transpose and its weight gradient: each is the derivative of the other two.

For an image x, a kernel w and a gradient g of the output, convolution is one sum of products:

    T(x, w, g) = Σ  g[n, o, oh, ow] · w[o, c, i, j] · x[n, c, oh·s + i·d − p, ow·s + j·d − p]

over all indices. T is linear in each of the three, so its derivative with respect to one of them is
a function of the other two:

    ∂T/∂g = convolve(x, w)          the convolution itself
    ∂T/∂x = transpose(g, w)         the gradient with respect to its input: transposed convolution
    ∂T/∂w = correlate(x, g)         the gradient with respect to its weight

Hence the backward of each is made of the other two, and derivatives of every order follow.
How the three are computed is in products.py.
"""

from typing import Any

from torch import Tensor

from minicnn.functional.conv.products import convolve, correlate, transpose
from minicnn.functional.layout import follow
from minicnn.functional.torch_workarounds import Function, needed


class Convolve(Function):
    """convolve(x, w) + bias: (N, C, H, W), (O, C/G, kH, kW), (O,) or None -> (N, O, OH, OW)."""

    forward = staticmethod(convolve)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save x, not its columns: they are kW times larger and quickly computed again."""
        x, weight, bias, ctx.geometry = inputs
        ctx.has_bias = bias is not None
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Return ∂T/∂x, ∂T/∂w, and for the bias the sum of g over all that it was added to."""
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = needed(ctx, True, True, ctx.has_bias)
        g = follow(g, x)  # once, for both products
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            g.sum((0, 2, 3)) if need_bias else None,
            None,
        )


class Transpose(Function):
    """transpose(g, w): (N, O, OH, OW), (O, C/G, kH, kW) -> (N, C, H, W)."""

    forward = staticmethod(transpose)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save both arguments."""
        g, weight, ctx.geometry = inputs
        ctx.save_for_backward(g, weight)

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        """Return ∂T/∂g and ∂T/∂w."""
        g, weight = ctx.saved_tensors
        need_g, need_weight = needed(ctx, True, True)
        return (
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            None,
        )


class Correlate(Function):
    """correlate(x, g): (N, C, H, W), (N, O, OH, OW) -> (O, C/G, kH, kW)."""

    forward = staticmethod(correlate)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save both arguments."""
        x, g, ctx.geometry = inputs
        ctx.save_for_backward(x, g)

    @staticmethod
    def backward(ctx: Any, weight: Tensor) -> Any:
        """Return ∂T/∂x and ∂T/∂g."""
        x, g = ctx.saved_tensors
        need_x, need_g = needed(ctx, True, True)
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            None,
        )

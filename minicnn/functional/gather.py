"""Reading at given places, and its adjoint, adding back at those places."""

from typing import Any

from torch import Tensor

from minicnn.functional.torch_workarounds import Function


class Gather(Function):
    """y[…, k, …] = x[…, index[…, k, …], …] along ``dim``."""

    @staticmethod
    def forward(x: Tensor, dim: int, index: Tensor) -> Tensor:
        """Read."""
        return x.gather(dim, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the places."""
        x, ctx.dim, index = inputs
        ctx.size = x.shape[ctx.dim]
        ctx.save_for_backward(index)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Add back."""
        return Scatter.apply(g, ctx.dim, *ctx.saved_tensors, ctx.size), None, None


class Scatter(Function):
    """x[…, i, …] = Σ g[…, k, …] over the k with index[…, k, …] = i, for i < ``size``."""

    @staticmethod
    def forward(g: Tensor, dim: int, index: Tensor, size: int) -> Tensor:
        """Add."""
        shape = list(g.shape)
        shape[dim] = size
        return g.new_zeros(shape).scatter_add(dim, index, g)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep the places."""
        _, ctx.dim, index, _ = inputs
        ctx.save_for_backward(index)

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        """Read back."""
        return Gather.apply(x, ctx.dim, *ctx.saved_tensors), None, None, None

"""Memory layout: why the fast operations store activations batch-last.

A tensor of shape (N, C, H, W) says nothing about the order of its cells in memory. PyTorch's usual
order keeps W innermost. Here the operations on images keep the batch innermost, in the order
(H, C, W, N), and show it under the usual shape: a *batch-last* tensor. Then

- every copy and every pooling step moves unbroken runs of N (or W·N) numbers;
- windows that slide along H, the outermost dimension, overlap in memory: they need no copy at all.

A tensor that already is in this order is used as it is, so a network pays for one conversion, at
its input. The caller of a function sees none of this: the layout of a result follows its input.
"""

from typing import Any

from torch import Tensor

from minicnn.functional.torch_workarounds import Function


def batch_last(x: Tensor) -> Tensor:
    """View (N, C, H, W) as (H, C, W, N), contiguous: free if ``x`` is batch-last already."""
    return x.permute(2, 1, 3, 0).contiguous()


def nchw(x: Tensor) -> Tensor:
    """View (H, C, W, N) as (N, C, H, W): the inverse of `batch_last`, and always free."""
    return x.permute(3, 1, 0, 2)


def to_batch_last(x: Tensor) -> Tensor:
    """Return ``x`` stored batch-last, if it is (N, C, H, W); one without a batch stays as it is."""
    return nchw(batch_last(x)) if x.ndim == 4 else x


def follow(y: Tensor, x: Tensor) -> Tensor:
    """Store ``y`` (batch-last) the way ``x`` is stored, as torch's memory formats do."""
    if x.is_contiguous():
        return y.contiguous()
    if x.permute(0, 2, 3, 1).is_contiguous():  # channels-last
        return y.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    return y if x.permute(2, 1, 3, 0).is_contiguous() else y.contiguous()


class ToContiguous(Function):
    """Store a batch-last tensor in the usual order; its gradient comes back batch-last.

    Autograd's own `contiguous` would hand the gradient on as it is, and every operation before
    this one would have to convert it.
    """

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        """Convert."""
        return x.contiguous()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Convert back."""
        return to_batch_last(g)

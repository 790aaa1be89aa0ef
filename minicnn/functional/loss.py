"""Classification losses: negative log-likelihood and cross-entropy."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.activation import log_softmax
from minicnn.functional.gather import Gather
from minicnn.functional.precision import autocast, wide
from minicnn.functional.torch_workarounds import Function, is_plain

REDUCTIONS = ("none", "mean", "sum")


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Compute the negative log-likelihood of the labels, ℓ_n = −w[t_n] · input[n, t_n].

    "mean" divides the sum of all ℓ_n by the sum of their weights, Σ w[t_n]; examples whose label is
    ``ignore_index`` are excluded from both sums.

    Args:
        input: log-probabilities, (N, C), (N, C, d1, …) or (C,), floating point.
        target: labels in [0, C), (N,), (N, d1, …) or (), int64 or uint8.
        weight: the weight of each class, (C,); None for 1.
        ignore_index: the label of examples to ignore.
        reduction: "mean", "sum", or "none".

    Returns:
        The loss in nats, a scalar; for "none", ℓ with the shape of ``target``.

    Raises:
        ValueError: shapes that do not match, a label outside [0, C), or an unknown reduction.
        TypeError: wrong dtypes.

    Example:
        >>> import torch
        >>> nll_loss(torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log(), torch.tensor([0, 1]))
        tensor(0.3993)

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §5.5 and §6.2.1.1.

    Backward: `Gather.backward` in functional/gather.py.
    """
    input, weight = autocast("nll_loss", input, weight)
    _check(input, target, weight, ignore_index, reduction)
    label, counts = _labels(input, target, ignore_index)
    class_dim = 0 if input.ndim == 1 else 1
    logp = wide(input)
    loss = -Gather.apply(logp, class_dim, label.unsqueeze(class_dim)).squeeze(class_dim)
    return _weigh(loss, logp, label, counts, weight, reduction, 0.0).to(input.dtype)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Compute the cross-entropy of logits.

        ℓ_n = −Σ_c w_c · q_n[c] · log softmax(input_n)[c]
        q_n, the target distribution: for a label t_n, 1 at t_n and 0 elsewhere

    With smoothing ε, q_n is 1 − ε + ε/C at t_n and ε/C elsewhere. Class probabilities q' as a
    target become (1 − ε) q' + ε/C. The gradient of ℓ_n with respect to the logits, for weights of
    1, is softmax(input_n) − q_n.

    "mean" divides the sum of all ℓ_n by Σ w[t_n]; for class probabilities, by the number of
    examples.

    Args:
        input: logits, (N, C), (N, C, d1, …) or (C,), floating point.
        target: labels in [0, C), (N,), (N, d1, …) or (), int64 or uint8; or class probabilities,
            floating point, with the shape of ``input``.
        weight: the weight of each class, (C,); None for 1.
        ignore_index: the label of examples to ignore.
        reduction: "mean", "sum", or "none".
        label_smoothing: ε, in [0, 1].

    Returns:
        The loss in nats, a scalar; for "none", ℓ with the shape of ``input`` without C.

    Raises:
        ValueError: shapes that do not match, a label outside [0, C), or an unknown reduction.
        TypeError: wrong dtypes.

    Example:
        >>> import torch
        >>> logits = torch.zeros(2, 10)  # uniform probabilities: the loss is log 10
        >>> cross_entropy(logits, torch.tensor([3, 7]))
        tensor(2.3026)

    Reference: Goodfellow, Bengio & Courville, "Deep Learning", 2016, §6.2.2.3; label smoothing:
    Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, §7.

    Backward: `_CrossEntropy.backward` in functional/loss.py; for class probabilities,
    `_LogSoftmax.backward` in functional/activation.py.
    """
    input, target, weight = autocast("cross_entropy", input, target, weight)
    _check(input, target, weight, ignore_index, reduction)
    checks.probability("label_smoothing", label_smoothing)
    class_dim = 0 if input.ndim == 1 else 1
    if target.shape == input.shape:
        if not target.is_floating_point():
            raise TypeError(
                "target must be floating point when it has the shape of input (class "
                f"probabilities), got {target.dtype}"
            )
        if ignore_index >= 0:
            raise ValueError(
                f"ignore_index must not be given with class probabilities, got {ignore_index}"
            )
        logp = log_softmax(wide(input), class_dim)
        loss = _probability_loss(logp, wide(target), weight, class_dim, reduction, label_smoothing)
        return loss.to(torch.promote_types(input.dtype, target.dtype))
    label, counts = _labels(input, target, ignore_index)
    loss, logp = _CrossEntropy.apply(wide(input), class_dim, label)
    return _weigh(loss, logp, label, counts, weight, reduction, label_smoothing).to(input.dtype)


class _CrossEntropy(Function):
    """ℓ_n = −log softmax(x_n)[label_n] and log softmax(x), with ∂ℓ_n/∂x_n = softmax(x_n) − q_n.

    It equals nll_loss after log_softmax, in fewer operations.
    """

    @staticmethod
    def forward(x: Tensor, dim: int, label: Tensor) -> tuple[Tensor, Tensor]:
        x = x - x.amax(dim, keepdim=True)
        logp = x - x.exp().sum(dim, keepdim=True).log()
        return -logp.gather(dim, label.unsqueeze(dim)).squeeze(dim), logp

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, ctx.dim, label = inputs
        ctx.save_for_backward(label, output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_logp: Tensor | None) -> Any:
        label, logp = ctx.saved_tensors
        p, grad = logp.exp(), None
        if g is not None:
            g = g.unsqueeze(ctx.dim)
            grad = (p * g).scatter_add(ctx.dim, label.unsqueeze(ctx.dim), -g)  # g · (p − q)
        if g_logp is not None:
            through = g_logp - p * g_logp.sum(ctx.dim, keepdim=True)
            grad = through if grad is None else grad + through
        return grad, None, None


def _weigh(
    loss: Tensor,
    logp: Tensor,
    label: Tensor,
    counts: Tensor | None,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    """Apply label smoothing, weights and ignored labels, and reduce."""
    class_dim = 0 if logp.ndim == 1 else 1
    label_weight = None if weight is None else wide(weight)[label]
    if label_weight is not None:
        loss = loss * label_weight
    if label_smoothing:
        uniform = -_over_classes(logp, weight, class_dim).sum(class_dim) / logp.shape[class_dim]
        loss = (1 - label_smoothing) * loss + label_smoothing * uniform
    if counts is not None:
        # Filled, not multiplied: an ignored loss may be infinite, and 0 · ∞ is NaN.
        loss = loss.masked_fill(~counts, 0)
        label_weight = counts if label_weight is None else label_weight.masked_fill(~counts, 0)
    return _reduce(loss, label_weight, reduction)


def _probability_loss(
    logp: Tensor,
    target: Tensor,
    weight: Tensor | None,
    class_dim: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    classes = logp.shape[class_dim]
    q = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
    loss = -_over_classes(logp * q, weight, class_dim).sum(class_dim)
    return _reduce(loss, None, reduction)


def _over_classes(x: Tensor, weight: Tensor | None, class_dim: int) -> Tensor:
    """Multiply by the weight of each class."""
    if weight is None:
        return x
    return x * wide(weight).view([-1 if d == class_dim else 1 for d in range(x.ndim)])


def _reduce(loss: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if weight is None else loss.sum() / weight.sum()


def _check(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> None:
    checks.tensor("input", input)
    checks.tensor("target", target)
    checks.integer("ignore_index", ignore_index)
    if not input.is_floating_point():
        raise TypeError(f"input must be floating point, got {input.dtype}")
    if input.ndim == 0:
        raise ValueError("input must be (N, C), (N, C, d1, …) or (C,), got a scalar")
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {REDUCTIONS}, got {reduction!r}")
    classes = input.shape[0 if input.ndim == 1 else 1]
    if weight is not None and checks.tensor("weight", weight).shape != torch.Size([classes]):
        raise ValueError(f"weight must have shape ({classes},), got {tuple(weight.shape)}")
    if weight is not None and weight.dtype != input.dtype:
        raise TypeError(f"weight must have input's dtype {input.dtype}, got {weight.dtype}")


def _labels(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor | None]:
    """Check the labels; return them, with 0 for ignored ones, and a mask of the others, or None."""
    expected = input.shape[:1] + input.shape[2:] if input.ndim > 1 else torch.Size([])
    if target.shape != expected:
        raise ValueError(
            f"target must have shape {tuple(expected)} for an input of shape {tuple(input.shape)}, "
            f"got {tuple(target.shape)}"
        )
    if target.dtype not in (torch.int64, torch.uint8):
        raise TypeError(f"target must hold labels as int64 or uint8, got {target.dtype}")
    classes = input.shape[0 if input.ndim == 1 else 1]
    label = target.long()
    readable = is_plain(label) and label.numel() > 0
    if readable and not 0 <= ignore_index < classes:
        lowest, highest = map(int, label.aminmax())
        if lowest >= 0 and highest < classes:
            return label, None  # the usual case, checked at little cost
    counts = label != ignore_index
    if readable:
        wrong = counts & ((label < 0) | (label >= classes))
        if wrong.any():
            raise ValueError(
                f"target must hold labels in [0, {classes}) or ignore_index (={ignore_index}), "
                f"got {int(label[wrong][0])}"
            )
    return label.masked_fill(~counts, 0), counts

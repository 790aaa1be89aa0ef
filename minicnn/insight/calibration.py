"""Calibration: of the predictions made with 80% confidence, are 80% correct?"""

from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F


class Calibration(NamedTuple):
    """Examples in M bins of equal width, by the confidence of the network's prediction.

    Attributes:
        counts: number of examples per bin, int64 (M,).
        confidence: their mean confidence, float64 (M,), in [0, 1]; NaN in an empty bin.
        accuracy: the fraction predicted correctly, float64 (M,), in [0, 1]; NaN in an empty bin.
        error: the expected calibration error, float64 (), in [0, 1].
    """

    counts: Tensor
    confidence: Tensor
    accuracy: Tensor
    error: Tensor


def calibration(logits: Tensor, labels: Tensor, bins: int = 15) -> Calibration:
    """Compare a network's confidence with its accuracy: the expected calibration error (ECE).

        confidenceₙ = max_k softmax(logitsₙ)_k,    B_m = {n : (m − 1)/M < confidenceₙ ≤ m/M}
        ECE = Σ_m |B_m|/N · |accuracy(B_m) − confidence(B_m)|

    Args:
        logits: floating point (N, K).
        labels: the true classes, int64 (N,).
        bins: the number M of bins.

    Returns:
        The bins and the ECE.

    Raises:
        TypeError: ``logits`` or ``labels`` of the wrong dtype.
        ValueError: shapes that do not match, no examples, or fewer than 1 bin.

    Example:
        >>> half_sure = torch.zeros(4, 2)  # equal scores for two classes; the first is predicted
        >>> counts, confidence, accuracy, error = calibration(
        ...     half_sure, torch.tensor([0, 0, 0, 1]), bins=2
        ... )
        >>> counts.tolist(), confidence[0].item(), accuracy[0].item(), error.item()
        ([4, 0], 0.5, 0.75, 0.25)

    Reference: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", 2017, §2,
    equations 2 and 3.
    """
    _check(logits, labels)
    checks.integer("bins", bins, 1)
    # float64: a confidence of 1 − 1e-9 is not 1, and sums over many examples stay exact.
    confidence, predicted = F.softmax(logits.detach().double(), dim=1).max(dim=1)
    right = (predicted == labels).double()
    bin_of = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)
    counts, confidence, right = (
        bin_of.bincount(weights, minlength=bins) for weights in (None, confidence, right)
    )
    # Sums over counts are means, and over all examples the means weighted by the counts.
    error = (right - confidence).abs().sum() / len(labels)
    return Calibration(counts, confidence / counts, right / counts, error)


def _check(logits: Tensor, labels: Tensor) -> None:
    if not checks.tensor("logits", logits).is_floating_point():
        raise TypeError(f"logits must be floating point, got {logits.dtype}")
    if checks.tensor("labels", labels).dtype != torch.int64:
        raise TypeError(f"labels must be int64, got {labels.dtype}")
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not logits.numel():
        shapes = f"{tuple(logits.shape)} and {tuple(labels.shape)}"
        raise ValueError(
            f"logits and labels must have shapes (N, K) and (N,), not empty, got {shapes}"
        )

"""Metrics of a classifier: accuracy, also of k guesses, the confusion matrix, and a table."""

from collections.abc import Sequence

import torch
from torch import Tensor

from minicnn import checks


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the fraction of correct predictions: ``mean(argmax_k logits = labels)``.

    Args:
        logits: Scores or probabilities of the classes, float (N, K).
        labels: The true classes, integers (N,).

    Returns:
        A 0-d float32 tensor in [0, 1]. Ties go to the first class.

    Raises:
        TypeError: ``labels`` are not integers.
        ValueError: The shapes do not match, or there are no examples.

    Example:
        >>> accuracy(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        tensor(0.5000)
    """
    _check_logits(logits, labels)
    return (logits.argmax(dim=1) == labels).float().mean()


def top_k_accuracy(logits: Tensor, labels: Tensor, k: int = 5) -> Tensor:
    """Compute the fraction of examples whose class is among the k with the highest scores.

    Args:
        logits: Scores or probabilities of the classes, float (N, K).
        labels: The true classes, integers (N,).
        k: The number of guesses, from 1 to K; 1 gives the `accuracy`.

    Returns:
        A 0-d float32 tensor in [0, 1]. Ties go to the first classes.

    Raises:
        TypeError: ``labels`` or ``k`` are not integers.
        ValueError: The shapes do not match, there are no examples, or ``k`` is outside [1, K].

    Example:
        >>> logits = torch.tensor([[0.1, 0.6, 0.3], [0.8, 0.2, 0.0]])
        >>> top_k_accuracy(logits, torch.tensor([2, 2]), k=2)
        tensor(0.5000)
    """
    _check_logits(logits, labels)
    if checks.integer("k", k, 1) > logits.shape[1]:
        raise ValueError(f"k must be at most {logits.shape[1]}, the number of classes, got {k}")
    guesses = logits.argsort(dim=1, descending=True, stable=True)[:, :k]
    return (guesses == labels.unsqueeze(1)).any(dim=1).float().mean()


def confusion_matrix(predictions: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Count how many examples of each true class were predicted as each class.

        C[i, j] = |{n : labels_n = i, predictions_n = j}|

    Args:
        predictions: The predicted classes, integers (N,), or their logits, float (N, K).
        labels: The true classes, integers (N,).
        num_classes: The number K of classes.

    Returns:
        An int64 tensor (K, K): rows are true classes, columns predicted classes; the correct
        predictions are on the diagonal.

    Raises:
        TypeError: ``labels`` are not integers.
        ValueError: The shapes do not match, or a class is outside [0, K).

    Example:
        >>> confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), num_classes=2)
        tensor([[1, 1],
                [0, 1]])
    """
    checks.integer("num_classes", num_classes, 1)
    _check_labels(labels)
    if predictions.ndim == 2 and predictions.shape[1] == num_classes:
        predictions = predictions.argmax(dim=1)
    if predictions.shape != labels.shape or predictions.is_floating_point():
        raise ValueError(
            f"predictions must be {len(labels)} classes, or logits of shape "
            f"({len(labels)}, {num_classes}), got {predictions.dtype} {tuple(predictions.shape)}"
        )
    for name, classes in (("predictions", predictions), ("labels", labels)):
        outside = classes[(classes < 0) | (classes >= num_classes)]
        if outside.numel():
            raise ValueError(f"{name} must be in [0, {num_classes}), got {int(outside[0])}")
    # Number the K² cells row by row; then the matrix is a histogram of cells
    cells = labels.long() * num_classes + predictions.long()
    return cells.bincount(minlength=num_classes**2).reshape(num_classes, num_classes)


def class_table(
    scores: Tensor, labels: Tensor, class_names: Sequence[str] | None = None
) -> list[tuple[str, ...]]:
    """Return a table of the classes: images, correct predictions, the most common mistake.

    Args:
        scores: The scores of the classes, float (N, K).
        labels: The true classes, integers (N,).
        class_names: K names; by default the class indices.

    Returns:
        Rows of text; the first is the header.

    Raises:
        TypeError, ValueError: As `confusion_matrix`; or there are not K names.

    Example:
        >>> for row in class_table(torch.eye(2)[[0, 1, 1]], torch.tensor([0, 0, 1])):
        ...     print(", ".join(row))
        class, images, correct, accuracy, most often taken for
        0, 2, 1, 50.00%, 1 (1×)
        1, 1, 1, 100.00%, nothing else
    """
    rows = [("class", "images", "correct", "accuracy", "most often taken for")]
    names = list(map(str, range(scores.shape[1])) if class_names is None else class_names)
    if len(names) != scores.shape[1]:
        raise ValueError(f"class_names must hold {scores.shape[1]} names, got {len(names)}")
    for k, counts in enumerate(confusion_matrix(scores, labels, scores.shape[1])):
        total, correct = int(counts.sum()), int(counts[k])
        wrong = counts.clone()
        wrong[k] = 0
        mistake = (
            f"{names[wrong.argmax()]} ({int(wrong.max())}×)" if wrong.any() else "nothing else"
        )
        share = f"{correct / total:.2%}" if total else "no images"
        rows.append((names[k], f"{total:,}", f"{correct:,}", share, mistake))
    return rows


def _check_logits(logits: Tensor, labels: Tensor) -> None:
    _check_labels(labels)
    if logits.ndim != 2 or len(logits) != len(labels) or not logits.numel():
        shape, expected = tuple(logits.shape), f"(N, K) with N = {len(labels)} labels, at least 1"
        raise ValueError(f"logits must have shape {expected}, got {shape}")


def _check_labels(labels: Tensor) -> None:
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got {labels.dtype}")
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape (N,), got {tuple(labels.shape)}")

"""What a trained network is worth: its scores on the test images, and what follows from them."""

from typing import NamedTuple

from torch import Tensor

from minicnn import data, layers, metrics, train
from minicnn import functional as F
from minicnn.runs import Weights


class Results(NamedTuple):
    """What came out of a test.

    Attributes:
        scores: of each image and class, on the CPU.
        labels: the true classes.
        loss: the average cross-entropy, in nats.
        accuracy: the fraction that is right.
    """

    scores: Tensor
    labels: Tensor
    loss: float
    accuracy: float

    def __str__(self) -> str:
        return (
            f"{len(self.labels):,} images: average loss {self.loss:.4f}, "
            f"accuracy {self.accuracy:.2%}"
        )


def test(net: layers.Layer, weights: Weights, split: data.Split, device) -> Results:
    """Test a network on a split."""
    batches = data.batches(split, 1000, device=device)
    scores, labels = (part.cpu() for part in train.predict(net, *weights, batches))
    loss, accuracy = F.cross_entropy(scores, labels), metrics.accuracy(scores, labels)
    return Results(scores, labels, loss.item(), accuracy.item())


def per_class(results: Results) -> list[tuple[str, ...]]:
    """Make a table of the classes: how many images, how many are right, what they are taken for."""
    confusion = metrics.confusion_matrix(results.scores, results.labels, results.scores.shape[1])
    rows = [("class", "images", "right", "accuracy", "most often taken for")]
    for k, counts in enumerate(confusion):
        total, right = int(counts.sum()), int(counts[k])
        wrong = counts.clone()
        wrong[k] = 0
        other = f"{int(wrong.argmax())} ({int(wrong.max())}×)" if wrong.any() else "nothing"
        share = f"{right / total:.2%}" if total else "no images"
        rows.append((str(k), f"{total:,}", f"{right:,}", share, other))
    return rows


def as_text(rows: list[tuple[str, ...]]) -> str:
    """Lay a table out for the terminal, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )

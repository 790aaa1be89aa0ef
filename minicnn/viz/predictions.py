"""Predictions: the predicted class, the true class, and the probabilities of the classes."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..checks import boolean, integer
from .answers import checked, draw_answers
from .settings import drawing


@drawing
def predictions(
    images: Tensor,
    labels: Tensor,
    logits: Tensor,
    *,
    count: int = 10,
    correct: bool = True,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw the first ``count`` correct or incorrect predictions, in the order of the data.

    Below each image are the probabilities of the classes, the softmax of its logits z:

        p_k = exp(z_k) / Σ_j exp(z_j)

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        labels: The true classes, int64 (N,), each in [0, K).
        logits: The network's outputs, (N, K).
        count: The maximum number of predictions to draw.
        correct: Whether to draw correct or incorrect predictions.
        class_names: K names; by default the class indices.

    Returns:
        The figure; its axes are, for each prediction, the image and then the bars.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a label is out of range, or a value is not finite.

    Example:
        >>> import torch
        >>> images, labels = torch.zeros(3, 1, 8, 8), torch.tensor([0, 1, 1])
        >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
        >>> figure = predictions(images, labels, logits, correct=False)
        >>> figure.axes[0].get_title(loc="left")
        'predicted 0\\ntrue 1'
    """
    images, labels, scores = checked(images, labels, logits)
    integer("count", count, 1)
    boolean("correct", correct)
    matching = torch.nonzero((scores.argmax(1) == labels) == correct).flatten()
    captions = {n: f"image {n}" for n in matching[:count].tolist()}
    title = _title(len(captions), len(matching), "correct" if correct else "incorrect")
    note = "Bars: the probability of each class, from 0 to 100%."
    if not correct:
        note += "\nBlue: the true class. Orange: the predicted class."
    return draw_answers(images, labels, scores, class_names, captions, title, note)


def _title(shown: int, matching: int, kind: str) -> str:
    if matching == 0:
        return f"No {kind} predictions"
    if shown < matching:
        return f"The first {shown:,} of {matching:,} {kind} predictions"
    return f"All {shown:,} {kind} predictions" if shown > 1 else f"The only {kind} prediction"

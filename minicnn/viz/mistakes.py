"""The worst mistakes: the incorrect predictions with the highest loss."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from ..checks import integer
from ..functional.loss import cross_entropy
from .answers import checked, draw_answers
from .settings import drawing


@drawing
def worst_mistakes(
    images: Tensor,
    labels: Tensor,
    logits: Tensor,
    *,
    count: int = 10,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draw the incorrect predictions with the highest loss, the worst first.

    The loss of an example is the cross-entropy, the negative log-likelihood of its true class t:

        loss = −log p_t,    p = softmax(logits)

    Wrong labels are often found here, too.

    Args:
        images: uint8, or floats on any scale, (N, C, H, W) with C = 1 or 3.
        labels: The true classes, int64 (N,), each in [0, K).
        logits: The network's outputs, (N, K).
        count: The maximum number of mistakes to draw.
        class_names: K names; by default the class indices.

    Returns:
        The figure; its axes are, for each mistake, the image and then the bars.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A shape is wrong, a label is out of range, or a value is not finite.

    Example:
        >>> import torch
        >>> images, labels = torch.zeros(3, 1, 8, 8), torch.tensor([0, 1, 1])
        >>> logits = torch.tensor([[0.0, 1.0], [3.0, 0.0], [0.0, 3.0]])
        >>> figure = worst_mistakes(images, labels, logits)
        >>> [axes.get_xlabel() for axes in figure.axes[::2]]
        ['image 1, loss 3.05', 'image 0, loss 1.31']
    """
    images, labels, scores = checked(images, labels, logits)
    integer("count", count, 1)
    loss = cross_entropy(scores, labels, reduction="none")
    wrong = scores.argmax(1) != labels
    # Stable: mistakes of equal loss stay in the order of the data.
    worst = [n for n in loss.argsort(descending=True, stable=True).tolist() if wrong[n]]
    captions = {n: f"image {n}, loss {float(loss[n]):.3g}" for n in worst[:count]}
    note = "Bars: the probability of each class, from 0 to 100%. Loss: −log of the blue one.\n"
    note += "Blue: the true class. Orange: the predicted class."
    title = _title(len(captions), len(worst))
    return draw_answers(images, labels, scores, class_names, captions, title, note)


def _title(shown: int, mistakes: int) -> str:
    if mistakes == 0:
        return "No mistakes"
    if shown < mistakes:
        return f"The worst {shown:,} of {mistakes:,} mistakes"
    return f"All {shown:,} mistakes, the worst first" if shown > 1 else "The only mistake"

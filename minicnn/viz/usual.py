"""The standard figures of a run."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from minicnn import metrics, tree
from minicnn.data import to_float
from minicnn.layers import Layer, activations
from minicnn.tree import Tree

from .confusion import confusion_matrix
from .curves import learning_curves
from .feature_maps import feature_maps
from .filters import filters
from .mistakes import worst_mistakes
from .predictions import predictions


def usual_figures(
    net: Layer,
    initial: tuple[Tree, Tree],
    trained: tuple[Tree, Tree],
    history: Sequence[Mapping[str, float]],
    images: Tensor,
    labels: Tensor,
    scores: Tensor,
    class_names: Sequence[str] | None = None,
) -> dict[str, Figure]:
    """Draw the standard figures of a trained classifier: its predictions, mistakes and filters.

    Args:
        net: The network, from `layers.sequential`.
        initial: Parameters and state before training.
        trained: Parameters and state after training.
        history: One row per epoch, as for `learning_curves`; if empty, there are no curves.
        images: The test images, uint8 (N, C, H, W), or floating point in [0, 1].
        labels: Their true classes, int64 (N,).
        scores: Their scores, float (N, K).
        class_names: K names; by default the class indices.

    Returns:
        Figures by name: curves, the first 10 correct and the first 10 incorrect predictions,
        confusion, filters (of the first convolution), feature_maps, worst_mistakes.

    Example:
        >>> import torch
        >>> from minicnn import data, models
        >>> net, test = models.lenet5(), data.load_sample()[1]
        >>> weights = net.init(torch.Generator().manual_seed(0), (1, 28, 28))[:2]
        >>> images, labels = test.images[::50], test.labels[::50]
        >>> scores = net.apply(*weights, images / 255)[0]
        >>> sorted(usual_figures(net, weights, weights, [], images, labels, scores))
        ['confusion', 'correct', 'feature_maps', 'filters', 'incorrect', 'worst_mistakes']
    """
    initial, trained = (tree.map(lambda x: x.cpu(), weights) for weights in (initial, trained))
    first = to_float(images[:1])
    maps = [(name, y[0]) for name, y in activations(net, *trained, first) if y.ndim == 4]
    kernels = [
        next((x for x in tree.leaves(weights[0]) if x.ndim == 4), None)
        for weights in (initial, trained)
    ]
    counts = metrics.confusion_matrix(scores, labels, scores.shape[1])
    figures = {"curves": learning_curves(history)} if history else {}
    figures |= {
        "correct": predictions(images, labels, scores, correct=True, class_names=class_names),
        "incorrect": predictions(images, labels, scores, correct=False, class_names=class_names),
        "confusion": confusion_matrix(counts, class_names),
        "worst_mistakes": worst_mistakes(images, labels, scores, class_names=class_names),
    }
    if kernels[0] is not None and kernels[1] is not None:
        figures["filters"] = filters(kernels[0], kernels[1])
    if maps:
        figures["feature_maps"] = feature_maps(images[0], maps)
    return figures

"""The figures of a run: made of its results, saved as PNG files, opened if asked."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from results import Results

from minicnn import data, insight, layers, metrics, tree, viz
from minicnn.runs import Weights, atomic

Figures = dict[str, Figure]  # by the name of the file


def usual(
    net: layers.Layer,
    before: Weights,
    after: Weights,
    history: Sequence[dict[str, float]],
    split: data.Split,
    results: Results,
) -> Figures:
    """Draw what every run ends with: what it got right and wrong, and what it has become."""
    before, after = on_cpu(before), on_cpu(after)
    images, labels, scores = split.images, split.labels, results.scores
    first = images[:1].float() / 255
    maps = [(name, y[0]) for name, y in layers.activations(net, *after, first) if y.ndim == 4]
    confusion = metrics.confusion_matrix(scores, labels, scores.shape[1])
    curves = {"curves": viz.learning_curves(history)} if history else {}
    return curves | {
        "correct": viz.predictions(images, labels, scores, correct=True),
        "incorrect": viz.predictions(images, labels, scores, correct=False),
        "confusion": viz.confusion_matrix(confusion),
        "filters": viz.filters(before.params[0]["weight"], after.params[0]["weight"]),
        "feature_maps": viz.feature_maps(first[0], maps),
        "worst_mistakes": viz.worst_mistakes(images, labels, scores),
    }


def deeper(net: layers.Layer, weights: Weights, split: data.Split, results: Results) -> Figures:
    """Draw what takes some computing: where it looks, how sure it is, how it tells them apart."""
    weights = on_cpu(weights)
    images, labels = split.images.float() / 255, split.labels
    few, classes = images[:5], labels[:5]
    points = insight.pca(insight.penultimate_features(net, *weights, images[:2000]))
    batch = images[:256], labels[:256]
    maps = {
        name: (few, explain(net, *weights, few, classes), classes)
        for name, explain in (
            ("saliency", insight.saliency),
            ("occlusion", insight.occlusion),
            ("grad_cam", insight.grad_cam),
        )
    }
    return {
        "saliency": viz.saliency(*maps["saliency"]),
        "occlusion": viz.occlusion(*maps["occlusion"]),
        "grad_cam": viz.grad_cam(*maps["grad_cam"]),
        "reliability": viz.reliability_diagram(*insight.calibration(results.scores, labels)),
        "pca": viz.pca(points.projection, points.explained, labels[:2000]),
        "activations": viz.activation_histograms(layers.activations(net, *weights, batch[0])),
        "gradients": viz.gradient_histograms(insight.gradients(net, *weights, batch)),
    }


def on_cpu(weights: Weights) -> Weights:
    """Bring the weights to where the figures are drawn."""
    return Weights(*(tree.map(lambda x: x.cpu(), part) for part in weights))


def save(figures: Figures, folder: Path) -> None:
    """Write each figure as a PNG file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        file = io.BytesIO()
        figure.savefig(file, format="png")
        atomic.write(folder / f"{name}.png", file.getvalue())


def show(figures: Figures) -> None:
    """Open the figures in windows."""
    try:
        viz.show(figures.values())
    except RuntimeError as error:  # no screen: the figures are saved all the same
        print(f"NOTE: {error}", file=sys.stderr)

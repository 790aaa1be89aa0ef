"""Fixtures of the figure tests: rendering, and a figure of every kind."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minicnn import viz


def pixels(figure: Figure) -> np.ndarray:
    """Render the figure, laid out as it would be saved, to RGBA pixels (H, W, 4)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


@pytest.fixture(name="pixels")
def _pixels() -> Callable[[Figure], np.ndarray]:
    return pixels


def _row(epoch: int) -> dict[str, float]:
    loss, accuracy = 1 / epoch, 1 - 0.1 / epoch
    return {
        "epoch": epoch,
        "train_loss": loss,
        "train_accuracy": accuracy,
        "validation_loss": loss + 0.01,
        "validation_accuracy": accuracy - 0.01,
        "learning_rate": 0.001 / epoch,
    }


@pytest.fixture
def history() -> list[dict[str, float]]:
    return [_row(epoch) for epoch in range(1, 6)]


def _figures() -> dict[str, Callable[[], Figure]]:
    """A function for each kind of figure, including edge cases: many, few, grey and colour."""
    g = torch.Generator().manual_seed(0)
    images = torch.randint(256, (40, 1, 9, 9), dtype=torch.uint8, generator=g)
    colour = torch.rand(40, 3, 9, 9, generator=g)
    labels = torch.randint(10, (40,), generator=g)
    logits = torch.randn(40, 10, generator=g)
    counts = torch.randint(12000, (10, 10), generator=g)
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt"]
    names += ["Sneaker", "Bag", "Ankle boot"]
    grey, rgb = torch.randn(24, 1, 5, 5, generator=g), torch.randn(70, 3, 7, 7, generator=g)
    maps = [("conv2d", torch.randn(32, 24, 24, generator=g)), ("pool", torch.randn(5, 1, 1))]
    right = torch.nn.functional.one_hot(labels, 10).double()
    heat, drop = torch.rand(7, 5, 5, generator=g), torch.randn(7, 9, 9, generator=g).tanh()
    few = torch.rand(3, 1, 9, 5, generator=g)
    points, shares = torch.randn(40, 2, generator=g), torch.tensor([0.5, 0.25])
    bins = torch.tensor([0, 3, 12345, 999]), torch.rand(4), torch.rand(4), torch.tensor(0.1)
    many = torch.ones(100).long(), torch.rand(100), torch.rand(100), torch.tensor(0.0)
    flow = [("max_pool2d(2)", grey), ("relu", grey.clamp(min=0)), ("linear(10)", 9 * logits)]
    lrs, losses = torch.logspace(-6, 0, 50), torch.linspace(2.3, 0.1, 50)
    losses[40:] = torch.logspace(0, 9, 10)
    return {
        "correct": lambda: viz.predictions(images, labels, right, count=4),
        "incorrect": lambda: viz.predictions(images, labels, logits, count=6, correct=False),
        "none incorrect": lambda: viz.predictions(images, labels, right, correct=False),
        "one in colour": lambda: viz.predictions(colour, labels, logits, count=1),
        "named": lambda: viz.predictions(images, labels, right, count=2, class_names=names),
        "curves": lambda: viz.learning_curves([_row(epoch) for epoch in range(1, 31)]),
        "curves of one epoch": lambda: viz.learning_curves([_row(1)]),
        "confusion matrix": lambda: viz.confusion_matrix(counts, names),
        "confusion of two": lambda: viz.confusion_matrix(torch.tensor([[9, 1], [0, 0]])),
        "no confusion": lambda: viz.confusion_matrix(5 * torch.eye(3, dtype=torch.int64)),
        "filters": lambda: viz.filters(grey, 2 * grey),
        "filters in colour": lambda: viz.filters(rgb),
        "one filter": lambda: viz.filters(grey[:1]),
        "feature maps": lambda: viz.feature_maps(images[0], maps),
        "feature maps in colour": lambda: viz.feature_maps(colour[0], maps),
        "worst mistakes": lambda: viz.worst_mistakes(images, labels, logits, class_names=names),
        "guesses": lambda: viz.guesses(
            images[:7],
            logits[:7],
            heat,
            captions=[f"a_photo_of_the_digit_{n}.jpeg" for n in range(7)],
        ),
        "one guess": lambda: viz.guesses(few[:1], logits[:1], heat[:1], class_names=names),
        "no mistakes": lambda: viz.worst_mistakes(images, labels, right),
        "saliency": lambda: viz.saliency(images[:7], heat, labels[:7], class_names=names),
        "saliency of one": lambda: viz.saliency(colour[:1], heat[:1], labels[:1]),
        "occlusion": lambda: viz.occlusion(images[:7], drop, labels[:7]),
        "no occlusion": lambda: viz.occlusion(few, 0 * drop[:3, :, :5], labels[:3]),
        "grad-cam": lambda: viz.grad_cam(few, heat[:3], labels[:3], class_names=names),
        "reliability": lambda: viz.reliability_diagram(*bins),
        "reliability in many bins": lambda: viz.reliability_diagram(*many),
        "pca": lambda: viz.pca(points, shares, labels, class_names=names),
        "pca of one point": lambda: viz.pca(points[:1], shares, labels[:1]),
        "activations": lambda: viz.activation_histograms(flow),
        "dead activations": lambda: viz.activation_histograms([("relu", torch.zeros(9))]),
        "gradients": lambda: viz.gradient_histograms(flow),
        "range test": lambda: viz.lr_range_test(lrs, losses, suggested=1e-3),
        "range test of two": lambda: viz.lr_range_test(lrs[:2], 0 * losses[:2]),
    }


FIGURES = _figures()


@pytest.fixture(params=FIGURES)
def make(request: pytest.FixtureRequest) -> Callable[[], Figure]:
    return FIGURES[request.param]


@pytest.fixture
def makers() -> dict[str, Callable[[], Figure]]:
    return FIGURES

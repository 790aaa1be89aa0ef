"""The report of a run: its results, figures and settings on one page."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from .page import page
from .parts import Picture, Section, Table

FIGURES = {  # name: heading, explanation, alternative text
    "curves": (
        "Learning curves",
        "Loss and accuracy after each epoch, on the augmented training images and on the "
        "validation images, which are not used for training.",
        "Training and validation loss, accuracy, and learning rate over the epochs",
    ),
    "confusion": (
        "Confusion matrix",
        "How many test images of each class were predicted as each class.",
        "A matrix of counts: rows are true classes, columns are predicted classes",
    ),
    "correct": (
        "The first 10 correct predictions",
        "Images in the order of the test set, with the probability of each class.",
        "Ten images, each with a bar chart of the class probabilities",
    ),
    "incorrect": (
        "The first 10 incorrect predictions",
        "Blue is the true class, orange the predicted class.",
        "Ten images, each with a bar chart of the class probabilities",
    ),
    "worst_mistakes": (
        "The worst mistakes",
        "The incorrect predictions with the highest loss.",
        "Images with their class probabilities, by decreasing loss",
    ),
    "filters": (
        "Filters of the first layer",
        "Before training they are random; after training, many detect edges and strokes.",
        "The kernels of the first convolution, before and after training",
    ),
    "feature_maps": (
        "Feature maps",
        "The output of each layer for one test image.",
        "One image, and the output channels of each layer",
    ),
}


def report(
    title: str,
    config: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
    seconds: float,
    test: Mapping[str, float],
    classes: Sequence[Sequence[str]],
    figures: Mapping[str, Figure | bytes],
    explorer: str | None = None,
) -> str:
    """Return the report of a run as one self-contained HTML file.

    Args:
        title: The title.
        config: What `runs.describe` returned.
        history: One row per epoch.
        seconds: The training time in seconds.
        test: The "loss" and the "accuracy" on the test images.
        classes: What `metrics.class_table` returned.
        figures: Figures by name, from `viz.usual_figures`, or their PNG files, from
            `runs.save_figures`; those in FIGURES are shown.
        explorer: The file name of the network's explorer, to link to; None if there is none.

    Returns:
        The HTML.

    Example:
        >>> import torch
        >>> from minicnn import data, metrics, models, runs
        >>> config = runs.describe({"lr": 0.01}, data.load_sample(), models.lenet5())
        >>> classes = metrics.class_table(torch.eye(2), torch.tensor([0, 1]))
        >>> history = [{"images_per_second": 9000.0}]
        >>> test = {"loss": 0.03, "accuracy": 0.99}
        >>> html = report("Mine", config, history, 60.0, test, classes, {})
        >>> "99.00%" in html
        True
    """
    headline = [
        ("test accuracy", f"{test['accuracy']:.2%}"),
        ("average test loss", f"{test['loss']:.4f}"),
        ("epochs", f"{len(history)}"),
        ("training time", f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"),
        ("images per second", f"{history[-1]['images_per_second']:,.0f}"),
    ]
    header, *rows = classes
    sections = [
        Section(heading, explanation, Picture(figures[name], alt))
        for name, (heading, explanation, alt) in FIGURES.items()
        if name in figures
    ]
    by_class = Section("Accuracy per class", "Measured on the test images.", Table(header, rows))
    sections = [*sections[:2], by_class, *sections[2:], _settings(config)]
    links = [("Watch this network compute, forward and backward", explorer)] if explorer else []
    return page(title, headline, sections, links)


def _settings(config: Mapping[str, Any]) -> Section:
    rows = [(name.replace("_", "-"), f"{value}") for name, value in config["settings"].items()]
    rows += [(f"version of {name}", value) for name, value in config["versions"].items()]
    images = ", ".join(f"{name} {n:,}" for name, n in config["dataset"]["images"].items())
    rows += [("images", images), ("SHA-256 of the images", config["dataset"]["digest"])]
    rows += [("started", config["begun"]), ("command", config["command"])]
    explanation = "The settings and versions needed to repeat the run."
    return Section("Settings", explanation, Table(("setting", "value"), rows))

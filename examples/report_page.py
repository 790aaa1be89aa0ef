"""report.html: all that is to be said and seen of a run, on one page."""

import results
from pictures import Figures
from recipe import Recipe
from results import Results

from minicnn import runs
from minicnn.pages import Picture, Section, Table, page
from minicnn.runs import Progress, Run, atomic

SECTIONS = {  # name of the figure: heading, text, what it shows
    "curves": (
        "Learning curves",
        "Loss and accuracy after each epoch: on the images that it learns from, as they are "
        "changed for it, and on the validation images, which it never learns from.",
        "Lines of training and validation loss, accuracy, and learning rate over the epochs",
    ),
    "confusion": (
        "Confusion matrix",
        "How many test images of each class were taken for which class.",
        "A matrix of counts, rows the true classes, columns the predicted ones",
    ),
    "correct": (
        "The first 10 correct predictions",
        "Images as they come in the test set, with the probability of each class.",
        "Ten images, each with a bar for the probability of each class",
    ),
    "incorrect": (
        "The first 10 incorrect predictions",
        "Blue is the true class, orange the answer.",
        "Ten images, each with a bar for the probability of each class",
    ),
    "worst_mistakes": (
        "The worst mistakes",
        "Where the network was surest of the wrong answer.",
        "Images with the probabilities of the classes, by decreasing loss",
    ),
    "filters": (
        "Filters of the first layer",
        "Before training they are noise; after it, edges and strokes that it looks for.",
        "The kernels of the first convolution, before and after training",
    ),
    "feature_maps": (
        "Feature maps",
        "What each layer makes of one test image.",
        "One image, and the outputs of each layer for it",
    ),
}


def write(run: Run, recipe: Recipe, progress: Progress, tested: Results, figures: Figures) -> None:
    """Write the report of a run."""
    config = runs.read_config(run)
    seconds = progress.seconds
    headline = [
        ("test accuracy", f"{tested.accuracy:.2%}"),
        ("average test loss", f"{tested.loss:.4f}"),
        ("epochs", f"{len(progress.history)}"),
        ("training time", f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"),
        ("images a second", f"{progress.history[-1]['images_per_second']:,.0f}"),
    ]
    header, *rows = results.per_class(tested)
    sections = [
        Section(heading, text, Picture(figures[name], alt))
        for name, (heading, text, alt) in SECTIONS.items()
    ]
    classes = Section("Class by class", "Accuracy on the test images.", Table(header, rows))
    title = f"{recipe.args.model} on {recipe.args.dataset}: {run.folder.name}"
    html = page(title, headline, [*sections[:2], classes, *sections[2:], settings(config)])
    atomic.write(run.report, html)


def settings(config: dict) -> Section:
    """Tell what the run was made with."""
    rows = [(name.replace("_", "-"), f"{value}") for name, value in config["settings"].items()]
    rows += [(f"version of {name}", value) for name, value in config["versions"].items()]
    images = ", ".join(f"{name} {n:,}" for name, n in config["dataset"]["images"].items())
    rows += [("images", images), ("digest of the images", config["dataset"]["digest"])]
    rows += [("begun", config["begun"]), ("command", config["command"])]
    text = "With these and the same versions, the run can be repeated."
    return Section("Settings", text, Table(("what", "value"), rows))

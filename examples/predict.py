"""Classify your own images: digits, or what a network was trained on.

    python3 examples/predict.py runs/quick seven.jpg drawings/*.png

A photo or a drawing of a character, dark on light or light on dark, is made to look like MNIST's,
if the run's dataset is MNIST, its sample or EMNIST. Any other image is only scaled and cut to the
size of the run's images, in grey if they are grey.

An image that is blank or cannot be read is reported with the reason, and the others are classified.
"""

import argparse
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

import torch

from minicnn import data, insight, runs, viz
from minicnn import functional as F

sys.path.insert(0, str(Path(__file__).parent))  # for `python -P` and `python -m`
from photo import read_digit


def read(trained: runs.Trained, path: Path) -> torch.Tensor:
    """Read an image, prepared as the images of the run were."""
    if trained.setting("dataset").startswith(("mnist", "sample", "emnist")):  # not a whole path
        return read_digit(path)
    channels, height, width = trained.in_shape
    return data.read_image(path, (height, width), channels)


def main(argv: list[str] | None = None) -> None:
    """Read the images, predict, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("images", metavar="IMAGE", nargs="+", type=Path, help="image to classify")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--show", action="store_true", help="also open the figure in a window")
    args = parser.parse_args(argv)

    trained = runs.load_trained(args.run, args.weights)
    paths, images = [], []
    for path in args.images:
        try:
            images.append(read(trained, path))
            paths.append(path)
        except data.DataError as error:
            runs.complain(f"not read: {error}")
    if images:
        inputs = data.to_float(torch.stack(images))
        scores, _ = trained.tested_net.apply(*trained.weights, inputs)
        names = trained.class_names or tuple(map(str, range(scores.shape[1])))
        for path, probabilities in zip(paths, F.softmax(scores, 1), strict=True):
            (first, second), (best, other) = (part.tolist() for part in probabilities.topk(2))
            guess = f"{names[best]} ({first:.1%}; or {names[other]}, {second:.1%})"
            runs.say(runs.one_line(f"{path}: {guess}"))
        maps = insight.saliency(trained.net, *trained.weights, inputs, scores.argmax(1))
        captions = [path.name for path in paths]
        figures = {
            "predict": viz.guesses(
                torch.stack(images), scores, maps, captions=captions, class_names=names
            )
        }
        runs.save_figures(trained.run, figures)
        runs.say(f"Saved {trained.run.figures / 'predict.png'}")
        if args.show:
            runs.show_figures(figures)
    if len(images) < len(args.images):
        raise runs.CommandError("some images could not be read")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

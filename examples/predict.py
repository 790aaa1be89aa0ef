"""Classify digits in your own images: photos or drawings, dark on light or light on dark.

    python3 examples/predict.py runs/quick seven.jpg drawings/*.png

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


def one_line(text: str) -> str:
    """Return a line about a file, whose name may hold newlines."""
    return text.replace("\n", "\\n")


def main(argv: list[str] | None = None) -> None:
    """Read the images, predict, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("images", metavar="IMAGE", nargs="+", type=Path, help="image of a digit")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--show", action="store_true", help="also open the figure in a window")
    args = parser.parse_args(argv)

    trained = runs.load_trained(args.run, args.weights)
    paths, digits = [], []
    for path in args.images:
        try:
            digits.append(read_digit(path))
            paths.append(path)
        except data.DataError as error:
            runs.complain(one_line(f"not read: {error}"))
    if digits:
        images = torch.stack(digits).float() / 255
        scores, _ = trained.tested_net.apply(*trained.weights, images)
        for path, probabilities in zip(paths, F.softmax(scores, 1), strict=True):
            (first, second), (best, other) = (part.tolist() for part in probabilities.topk(2))
            runs.say(one_line(f"{path}: {best} ({first:.1%}; or {other}, {second:.1%})"))
        maps = insight.saliency(trained.net, *trained.weights, images, scores.argmax(1))
        captions = [path.name for path in paths]
        figures = {"predict": viz.guesses(images, scores, maps, captions=captions)}
        runs.save_figures(trained.run, figures)
        runs.say(f"Saved {trained.run.figures / 'predict.png'}")
        if args.show:
            runs.show_figures(figures)
    if len(digits) < len(args.images):
        raise runs.CommandError("some images could not be read")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

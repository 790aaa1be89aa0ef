"""Read digits in pictures of one's own: photos or drawings, dark on light or light on dark.

    python3 examples/predict.py runs/quick seven.jpg drawings/*.png

A picture that is blank, or none, is refused with the reason, and the others are read all the same.
"""

import argparse
import sys
from pathlib import Path

import ctrl_c  # noqa: F401, before what takes long to import
import pictures
import torch
import trained as trainings
from commands import complain, run_command, say
from photo import read_digit
from torch import Tensor

from minicnn import data, insight
from minicnn import functional as F


def read_all(paths: list[Path]) -> tuple[list[Path], Tensor]:
    """Read what can be read; say of each of the others why not."""
    read, digits = [], []
    for path in paths:
        try:
            digits.append(read_digit(path))
            read.append(path)
        except data.DataError as error:
            complain(f"not read: {error}")
    return read, torch.stack(digits) if digits else torch.empty(0)


def line(path: Path, scores: Tensor) -> str:
    """Say what a picture was taken for, and what else it might be."""
    (first, second), classes = F.softmax(scores, 0).topk(2)
    return f"{path}: {int(classes[0])} ({first:.1%}; or {int(classes[1])}, {second:.1%})"


def predict(args: argparse.Namespace) -> int:
    """Read, ask the network, draw."""
    from minicnn import viz  # here, since matplotlib takes a while to import

    trained = trainings.load(args)
    paths, digits = read_all(args.images)
    if not paths:
        return 1
    weights = pictures.on_cpu(trained.weights)
    images = digits.float() / 255
    scores = trained.tested_net.apply(*weights, images)[0]
    for path, its_scores in zip(paths, scores, strict=True):
        say(line(path, its_scores))
    maps = insight.saliency(trained.net, *weights, images, scores.argmax(1))
    figures = {"predict": viz.guesses(images, scores, maps, captions=[p.name for p in paths])}
    pictures.save(figures, trained.run.figures)
    say(f"Drawn in {trained.run.figures / 'predict.png'}")
    if args.show:
        pictures.show(figures)
    return 0 if len(paths) == len(args.images) else 1


def main(argv: list[str] | None = None) -> int:
    """Read the command line and the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    trainings.add_options(parser, needs_data=False)
    parser.add_argument("images", metavar="IMAGE", nargs="+", type=Path, help="picture of a digit")
    parser.add_argument("--show", action="store_true", help="also open the figure in a window")
    return run_command(lambda: predict(parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())

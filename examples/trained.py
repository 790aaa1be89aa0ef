"""A trained network out of the folder of its run, and the images to use it on."""

import argparse
from pathlib import Path
from typing import NamedTuple

import options
import recipe as recipes
import torch

from minicnn import data, layers, runs
from minicnn.runs import Run, Weights


class Trained(NamedTuple):
    """What a run has come to.

    Attributes:
        run: where it is.
        args: its settings.
        net: the network.
        tested_net: the same as it is tested, which may be by several views of each image.
        before: the weights that it began with.
        weights: those that it has now.
        device: where they are.
    """

    run: Run
    args: argparse.Namespace
    net: layers.Layer
    tested_net: layers.Layer
    before: Weights
    weights: Weights
    device: torch.device


def add_options(parser: argparse.ArgumentParser, needs_data: bool = True) -> None:
    """Add the options that choose a run, its weights, and where to compute."""
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("--weights", choices=("last", "best"), default="last", help="best by validation, or last")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    if needs_data:
        usual = str(data.data_dir())
        add("--data-dir", default=usual, help="folder that has MNIST/raw/…")


def load(args: argparse.Namespace) -> Trained:
    """Load the network that the options choose."""
    run = runs.find(args.run)
    settings = options.resumed_arguments(args, run)
    recipe = recipes.make(settings, images=1)  # the schedule is not used
    before = recipes.initial_weights(recipe)
    path = run.last if args.weights == "last" else run.best
    if not path.exists():
        raise runs.RunError(f"{run.folder} has no {path.name} yet")
    weights = runs.load_weights(run, args.weights, like=before)
    return Trained(run, settings, recipe.net, recipe.tested_net, before, weights, recipe.device)


def test_split(trained: Trained) -> data.Split:
    """Load the test images of the dataset that the run was trained on."""
    return data.load(trained.args.dataset, trained.args.data_dir)[1]

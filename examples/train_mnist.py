"""Train a convolutional network on MNIST, test it, and draw what it got right and wrong.

Usage:
    python3 examples/train_mnist.py
    python3 examples/train_mnist.py --preset best
    python3 examples/train_mnist.py --preset quick --seed 7 --device cpu --out runs/quick
    python3 examples/train_mnist.py --resume runs/quick
"""

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

import ctrl_c  # noqa: F401, before what takes long to import
import options
import recipe as recipes
import results
import session
from commands import run_command, say
from recipe import Recipe

from minicnn import data, parallel, runs, summary
from minicnn.parallel import Processes
from minicnn.runs import Progress, Run, Weights


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    return options.parse_arguments(argv, (__doc__ or "").split("\n\n")[0])


def run(args: argparse.Namespace) -> dict[str, float]:
    """Load, train, test, draw; return the test's loss and accuracy."""
    past = runs.find(args.resume) if args.resume else None
    if past:
        args = options.resumed_arguments(args, past)
    with parallel.start(recipes.choose_device(args.device)) as processes:
        return run_in(processes, args, past)


def run_in(processes: Processes, args: argparse.Namespace, past: Run | None) -> dict[str, float]:
    """Do that in one of the processes that train together, the first of which tests and writes."""
    began = time.perf_counter()
    args.quiet = args.quiet or processes.rank > 0
    whole, test, note = data.load(args.dataset, args.data_dir)
    if args.dataset == "auto":  # what it has come to, for whoever resumes this
        args.dataset = "sample" if note else "mnist"
    if note:
        say(f"NOTE: {note}\n", args.quiet)
    training, validation = data.hold_out(whole, len(whole.labels) // 12, args.seed)
    recipe = recipes.make(args, len(training.labels), processes)
    say(introduction(recipe, training, validation, test), args.quiet)
    folder, progress = go_on(recipe, past, whole, test) if past else begin(recipe, whole, test)

    progress = session.train(recipe, folder, progress, training, validation)
    if not recipe.leads:
        return {}
    weights = recipes.final_weights(recipe, progress.training)
    with session.resumable(folder, lambda: progress):
        tested = results.test(recipe.tested_net, weights, test, recipe.device)
        say(f"\nTest, {tested}")
        if note:
            say(f"NOTE: {note}", args.quiet)
        finish(recipe, folder, progress, weights, test, tested)
    seconds = time.perf_counter() - began
    say(f"{seconds:.0f} seconds in all. Everything is in {folder.folder}:", args.quiet)
    say(f"open {folder.report} in a browser.", args.quiet)
    return {
        "test_loss": tested.loss,
        "test_accuracy": tested.accuracy,
        "validation_accuracy": progress.history[-1]["validation_accuracy"],
    }


def introduction(recipe: Recipe, *splits: data.Split) -> str:
    """Say what is about to happen."""
    counts = (f"{len(split.labels):,}" for split in splits)
    purposes = ("to train on", "to validate", "to test")
    numbers = ", ".join(f"{count} {what}" for count, what in zip(counts, purposes, strict=True))
    table = summary(recipe.net, recipes.IN_SHAPE)
    size = recipe.processes.size
    where = f"on {recipe.device}" + (f", {size} processes" if size > 1 else "")
    return f"{splits[0].name}: {numbers}; {where}\n\n{table}\n"


def begin(recipe: Recipe, *splits: data.Split) -> tuple[Run, Progress]:
    """Begin a run."""
    args, folder = recipe.args, recipe.args.out or dated_folder()
    progress = recipes.start(recipe)
    if not recipe.leads:
        return Run(folder), progress
    about = runs.describe(options.settings_of(args), splits, ["python", *sys.argv])
    return runs.begin(folder, about, args.overwrite), progress


def dated_folder() -> Path:
    """Name a folder after the present moment, with a number if that is taken."""
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    names = (Path("runs", name + suffix) for suffix in ("", *(f"_{n}" for n in range(2, 100))))
    return next(folder for folder in names if not folder.exists())


def go_on(recipe: Recipe, run: Run, *splits: data.Split) -> tuple[Run, Progress]:
    """Take a run up where it was saved last."""
    if runs.digest(splits) != runs.read_description(run)["dataset"]["digest"]:
        raise runs.RunError(
            f"the images of {splits[0].name} are not those that {run.folder} was begun with"
        )
    if recipe.leads:
        runs.sweep(run)
    progress = recipes.start(recipe)
    if run.last.exists():
        progress = runs.load(run, like=progress)
    say(f"Going on with {run.folder} after step {progress.training.step:,}.", recipe.args.quiet)
    return run, progress


def finish(
    recipe: Recipe,
    run: Run,
    progress: Progress,
    weights: Weights,
    test: data.Split,
    tested: results.Results,
) -> None:
    """Draw the figures, save them, write the report; open the figures if asked."""
    import pictures  # here, since matplotlib takes a while to import
    import report_page

    before = recipes.initial_weights(recipe)
    figures = pictures.usual(recipe.net, before, weights, progress.history, test, tested)
    pictures.save(figures, run.figures)
    report_page.write(run, recipe, progress, tested, figures)
    if recipe.args.show:
        pictures.show(figures)


def main(argv: list[str] | None = None) -> int:
    """Run the program; a user's mistake becomes one line and a non-zero exit code."""

    def command() -> int:
        run(parse_arguments(argv))
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(main())

"""Train a convolutional network on MNIST, test it, and draw what it got right and wrong.

Usage:
    python examples/train_mnist.py
    python examples/train_mnist.py --preset best
    python examples/train_mnist.py --preset quick --seed 7 --device cpu --out runs/quick
    python examples/train_mnist.py --resume runs/quick
"""

import argparse
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path

import options
import recipe as recipes
import results
from commands import StoppedError, alarm, run_command, say
from recipe import DivergedError, Recipe
from tqdm import tqdm

from minicnn import atomic, data, runs, summary
from minicnn.runs import Progress, Run, Weights


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    return options.parse_arguments(argv, (__doc__ or "").split("\n\n")[0])


def run(args: argparse.Namespace) -> dict[str, float]:
    """Load, train, test, draw; return the test's loss and accuracy."""
    began = time.perf_counter()
    past = None
    if args.resume:
        past = runs.find(args.resume)
        args = options.resumed_arguments(args, past)
    whole, test, note = data.load(args.dataset, args.data_dir)
    if args.dataset == "auto":  # what it has come to, for whoever resumes this
        args.dataset = "sample" if note else "mnist"
    if note:
        say(f"NOTE: {note}\n", args.quiet)
    training, validation = data.hold_out(whole, len(whole.labels) // 12, args.seed)
    recipe = recipes.make(args, len(training.labels))
    say(introduction(recipe, training, validation, test), args.quiet)
    folder, progress = go_on(recipe, past, whole, test) if past else begin(recipe, whole, test)

    progress = train(recipe, folder, progress, training, validation)
    weights = recipes.final_weights(recipe, progress.training)
    tested = results.test(recipe.net, weights, test, recipe.device)
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
    return f"{splits[0].name}: {numbers}; on {recipe.device}\n\n{table}\n"


def begin(recipe: Recipe, *splits: data.Split) -> tuple[Run, Progress]:
    """Begin a run."""
    args = recipe.args
    progress = recipes.start(recipe)
    about = runs.describe(options.settings_of(args), splits, ["python", *sys.argv])
    return runs.begin(args.out or dated_folder(), about, args.overwrite), progress


def dated_folder() -> Path:
    """Name a folder after the present moment, with a number if that is taken."""
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    names = (Path("runs", name + suffix) for suffix in ("", *(f"_{n}" for n in range(2, 100))))
    return next(folder for folder in names if not folder.exists())


def go_on(recipe: Recipe, run: Run, *splits: data.Split) -> tuple[Run, Progress]:
    """Take a run up where it was saved last."""
    known = runs.read_config(run).get("dataset", {}).get("digest")
    if runs.digest(splits) != known:
        raise runs.RunError(
            f"the images of {splits[0].name} are not those that {run.folder} was begun with"
        )
    atomic.sweep(run.folder)
    progress = recipes.start(recipe)
    if run.last.exists():
        progress = runs.load(run, like=progress)
    say(f"Going on with {run.folder} after step {progress.training.step:,}.", recipe.args.quiet)
    return run, progress


def train(
    recipe: Recipe, run: Run, start: Progress, training: data.Split, validation: data.Split
) -> Progress:
    """Train to the end, save now and then, and stop where somebody asks for it."""
    args, images = recipe.args, len(training.labels)
    total = args.epochs * recipe.steps
    save(recipe, run, start)
    progress = saved = start
    saved_at = time.monotonic()
    try:
        with progress_bar(recipe, start, images) as bar, runs.interruptible(alarm) as stopping:
            for progress in recipes.fit(recipe, start, training, validation):
                ended = len(progress.history) > len(saved.history)
                advance(bar, recipe, progress, images)
                if ended or stopping() or time.monotonic() - saved_at > args.save_every:
                    save(recipe, run, progress)
                    saved, saved_at = progress, time.monotonic()
                if ended:
                    say(recipes.epoch_line(progress.history[-1], args.epochs), args.quiet)
                if stopping() and progress.training.step < total:
                    raise StoppedError(
                        f"stopped after step {progress.training.step:,} of {total:,}. "
                        f"To go on: {resume_command(run)}"
                    )
    except DivergedError as error:
        raise DivergedError(
            f"{error}. The last good state is {run.last}, of step {saved.training.step:,}; "
            "a smaller --lr may help"
        ) from None
    except (OSError, KeyboardInterrupt) as error:
        what = str(error) or "interrupted"
        kind = OSError if isinstance(error, OSError) else StoppedError
        raise kind(
            f"{what}. The last state saved is of step {saved.training.step:,}. "
            f"To go on from it: {resume_command(run)}"
        ) from error
    return progress


def save(recipe: Recipe, run: Run, progress: Progress) -> None:
    """Write the state; at the end of an epoch the metrics, and the weights if they are best."""
    weights = recipes.final_weights(recipe, progress.training)
    if not runs.is_finite(weights):
        step = progress.training.step
        raise DivergedError(f"a weight is no longer finite after step {step:,}")
    history = progress.history
    if history and history[-1]["step"] == progress.training.step:
        runs.write_metrics(run, history)
        if history[-1]["validation_accuracy"] == max(row["validation_accuracy"] for row in history):
            runs.save_best(run, weights, history[-1])
    runs.save(run, progress, weights)


def progress_bar(recipe: Recipe, progress: Progress, images: int) -> tqdm:
    """Make a bar over all images to come; there is none off a terminal."""
    return tqdm(
        total=recipe.args.epochs * images,
        initial=images_seen(recipe, progress, images),
        unit=" images",
        unit_scale=True,
        leave=False,
        disable=True if recipe.args.quiet else None,
    )


def advance(bar: tqdm, recipe: Recipe, progress: Progress, images: int) -> None:
    """Move the bar to where training is, and show the means of the epoch."""
    bar.update(images_seen(recipe, progress, images) - bar.n)
    if seen := progress.training.step % recipe.steps:
        loss, accuracy = (progress.sums / seen).tolist()
        bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{accuracy:.2%}")


def images_seen(recipe: Recipe, progress: Progress, images: int) -> int:
    """Count the images that training has seen; the last batch of an epoch may be smaller."""
    epochs, steps = divmod(progress.training.step, recipe.steps)
    return epochs * images + steps * recipe.args.batch_size


def resume_command(run: Run) -> str:
    """Say how to go on with a run."""
    return shlex.join(["python", sys.argv[0], "--resume", str(run.folder)])


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

    before = recipes.initial_weights(recipe)
    figures = pictures.usual(recipe.net, before, weights, progress.history, test, tested)
    pictures.save(figures, run.figures)
    if recipe.args.show:
        pictures.show(figures)


def main(argv: list[str] | None = None) -> int:
    """Run the program; a user's mistake becomes one line and a non-zero exit code."""
    args = parse_arguments(argv)

    def command() -> int:
        run(args)
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(main())

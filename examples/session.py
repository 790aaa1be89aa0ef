"""A session of training: from any state towards the end, saving, showing, ready to be stopped."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import recipe as recipes
from commands import StoppedError, alarm, say
from recipe import DivergedError, Recipe
from tqdm import tqdm

from minicnn import data, parallel, runs
from minicnn.parallel import ProcessLostError
from minicnn.runs import Progress, Run


def train(
    recipe: Recipe, run: Run, start: Progress, training: data.Split, validation: data.Split
) -> Progress:
    """Train to the end, save now and then, and stop where somebody asks for it."""
    args, total = recipe.args, recipe.args.epochs * recipe.steps
    save(recipe, run, start)
    saved, saved_at = start, time.monotonic()
    progress = start
    bar = progress_bar(recipe, start, len(training.labels))
    # torchrun hands a Ctrl-C on to its processes, which have had it from the terminal already.
    once = recipe.processes.size > 1
    try:
        with resumable(run, lambda: saved), bar, runs.interruptible(alarm, once) as asked:
            for progress in recipes.fit(recipe, start, training, validation):
                ended = len(progress.history) > len(saved.history)
                stopping = parallel.any_of(asked(), recipe.processes)
                advance(bar, recipe, progress, len(training.labels))
                if ended or stopping or time.monotonic() - saved_at > args.save_every:
                    save(recipe, run, progress)
                    saved, saved_at = progress, time.monotonic()
                if ended:
                    say(recipes.epoch_line(progress.history[-1], args.epochs), args.quiet)
                if stopping and progress.training.step < total:
                    step = progress.training.step
                    raise StoppedError(
                        f"stopped after step {step:,} of {total:,}. To go on: {resume_command(run)}"
                    )
    except DivergedError as error:
        raise DivergedError(
            f"{error}. The last good state is {run.last}, of step {saved.training.step:,}; "
            "a smaller --lr may help"
        ) from None
    return progress


@contextmanager
def resumable(run: Run, saved: Callable[[], Progress]) -> Iterator[None]:
    """Where a session is cut off, say what is left of it, and how to go on."""

    def remedy() -> str:
        step = saved().training.step
        return f"The last state saved is of step {step:,}. To go on from it: {resume_command(run)}"

    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(f"interrupted. {remedy()}") from None
    except (OSError, ProcessLostError) as error:
        kind = OSError if isinstance(error, OSError) else ProcessLostError
        raise kind(f"{error}. {remedy()}") from error


def save(recipe: Recipe, run: Run, progress: Progress) -> None:
    """Write the state; at the end of an epoch the metrics, and the weights if they are best."""
    if not recipe.leads:
        return
    step, *state = progress.training
    if not runs.is_finite(tuple(state)):  # the optimizer's too: what goes on from it is no better
        raise DivergedError(f"a weight became infinite or nan {recipes.moment(recipe, step)}")
    weights = recipes.final_weights(recipe, progress.training)
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
    return shlex.join(["python3", sys.argv[0], "--resume", str(run.folder)])

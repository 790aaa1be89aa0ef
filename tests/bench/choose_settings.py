"""Compare settings of train_mnist.py on validation digits, and never on the test digits.

    python3 -m tests.bench.choose_settings "--preset default" "--preset default --shift 1"
    python3 -m tests.bench.choose_settings --folds 2 --splits 2 --save choice.json "--preset best"

With --resume the results that the file has already are kept, so settings can be added to it.

Each setting is one quoted argument: options of train_mnist.py. The training digits are divided into
equal folds; a setting is trained once for each of the first few folds, on all the others, and its
errors on those that were held out are added up. All settings get the same folds. Fold i has the
initial weights of seed i.

With two folds a setting learns from half the digits, and 30,000 count its errors: as many as six
trainings with ten folds could count.
"""

import argparse
import functools
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from examples import train_mnist
from examples.train_mnist import Settings
from minicnn import data, layers, models, optim, runs, train
from minicnn import functional as F
from minicnn.optim import schedules
from minicnn.parallel import Processes, find_device
from tests.bench import jobs
from tests.bench.arguments import at_least, check_writable, refuse
from tests.bench.jobs import threads_of_each

# Options of train_mnist.py without effect here: no run is saved or shown, and the seeds are fixed.
WITHOUT_EFFECT = {*(field.name for field in fields(runs.Settings)), "seed", "show", "help"}


def check_setting(parser: argparse.ArgumentParser, text: str) -> None:
    """End the program if a setting is not one."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        parser.error(f"setting {text!r}: {error}")
    refuse(parser, words, WITHOUT_EFFECT, "without effect in a comparison of settings")
    parse_setting(text, 0)


def parse_setting(text: str, seed: int) -> Settings:
    """Read the options of one setting."""
    argv = ["--dataset", "mnist", *shlex.split(text), "--seed", f"{seed}"]
    return Settings.parse(argv, presets=train_mnist.PRESETS)


def divide(split: data.Split, folds: int, fold: int) -> tuple[data.Split, data.Split]:
    """Return all folds of a split but one, and this one; no two folds share a digit.

    Example:
        >>> digits = data.load_sample()[0]
        >>> [len(part.labels) for part in divide(digits, 5, 0)]
        [3200, 800]
    """
    order = torch.randperm(len(split.labels), generator=torch.Generator().manual_seed(0))
    parts = [part.sort().values for part in order.tensor_split(folds)]
    held_out = parts.pop(fold)
    rest = torch.cat(parts).sort().values
    training, validation = (
        split._replace(images=split.images[part], labels=split.labels[part])
        for part in (rest, held_out)
    )
    return training, validation


def train_once(settings: Settings, folds: int) -> dict[str, float]:
    """Train with one setting on all folds but that of its seed, and count its errors on this."""
    started = time.perf_counter()
    how = {"size": settings.size, "skip_unreadable": settings.skip_unreadable}
    # The test digits are dropped unread.
    whole = data.load(settings.dataset, settings.data_dir, **how)[0]
    training, validation = divide(whole, folds, settings.seed)
    processes = Processes(0, 1, find_device(settings.device))
    device = processes.device
    total = settings.epochs * data.steps_per_epoch(len(training.labels), settings.batch_size)

    net = models.MODELS[settings.model](whole.num_classes)
    loss = functools.partial(F.cross_entropy, label_smoothing=settings.label_smoothing)
    schedule = schedules.one_cycle(settings.lr, total)
    optimizer = train_mnist.make_optimizer(settings, schedule, total, processes)
    step = train.make_train_step(net, loss, optimizer)
    params, state = runs.initial_weights(net, tuple(whole.images.shape[1:]), settings.seed, device)
    now = start = train.TrainState(0, params, state, optimizer.init(params))
    rng = torch.Generator(device).manual_seed(settings.seed)
    batches = data.batches(
        training,
        settings.batch_size,
        rng,
        settings.epochs,
        augment=train_mnist.make_augmentation(settings),
        device=device,
    )
    for now, logs in train.fit(step, start, batches, rng):
        if now.step % 100 == 0:
            print(f"step {now.step} of {total}: loss {logs['loss']:.4f}", flush=True)

    warp = settings.test_warp, settings.test_warp / 100
    tested_net = layers.average_views(net, settings.test_shift, *warp)
    params = optim.averaged(now.opt_state) if settings.average else now.params
    held_out = data.batches(validation, 1000, device=device)
    result = train.evaluate(tested_net, params, now.state, held_out)
    digits = len(validation.labels)
    return {
        "seed": settings.seed,
        "errors": round((1 - result["accuracy"]) * digits),
        "digits": digits,
        "validation_loss": result["loss"],
        "seconds": round(time.perf_counter() - started, 1),
    }


def pooled(setting: str, results: list[dict[str, float]]) -> dict:
    """Add up the errors of a setting on all folds that were held out.

    rate p = errors / digits,    standard error √(p·(1 − p) / digits)
    """
    errors, digits = (sum(result[key] for result in results) for key in ("errors", "digits"))
    rate = errors / digits
    return {
        "setting": setting,
        "errors": errors,
        "digits": digits,
        "error_rate": rate,
        "standard_error": (rate * (1 - rate) / digits) ** 0.5,
        "mean_seconds": round(sum(result["seconds"] for result in results) / len(results), 1),
        "runs": results,
    }


def describe(folds: int, splits: int, jobs: int) -> dict[str, Any]:
    """Return what results must have in common, to be compared."""
    return {
        "torch": torch.__version__,
        "threads": threads_of_each(jobs),
        "folds": folds,
        "splits": splits,
    }


def read_results(path: Path, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the results in a file, if they can be compared with others that are ``about`` the same.

    Raises:
        ValueError: The file is damaged, or of another measurement.
        OSError: It cannot be read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        there, results = {name: record[name] for name in about}, record["results"]
        settings = [result["setting"] for result in results]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {type(error).__name__}: {error}") from None
    if there != about:
        raise ValueError(f"{path} is of another measurement: {there} there, {about} here")
    if len(set(settings)) < len(settings):
        raise ValueError(f"{path} is damaged: it holds a setting twice")
    return results


def save(path: Path, about: dict[str, Any], results: list[dict], argv: Sequence[str]) -> None:
    """Write what has been measured, and how."""
    words = [word for word in argv if word != "--resume"]
    command = shlex.join(["python3", "-m", "tests.bench.choose_settings", *words])
    record = {"command": command, **about, "results": results}
    path.parent.mkdir(parents=True, exist_ok=True)
    runs.atomic.write(path, json.dumps(record, indent=2) + "\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line, compare, report."""
    # An abbreviated --resume would be left in the recorded command.
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    add = parser.add_argument
    add("--folds", type=at_least(2), default=6, help="equal parts of the digits")
    add("--splits", type=at_least(1), default=3, help="trainings: the first folds to hold out")
    add("--jobs", type=at_least(1), default=1, help="trainings at a time")
    add("--save", type=Path, help="JSON file for the results")
    add("--resume", action="store_true", help="keep the results that this file has already")
    add("settings", nargs="+", help="options of train_mnist.py, each setting one quoted argument")
    argv = sys.argv[1:] if argv is None else argv
    args = parser.parse_args(argv)
    if args.splits > args.folds:
        parser.error(f"--splits: must be at most {args.folds}, the folds, got {args.splits}")
    if args.resume and not args.save:
        parser.error("--resume needs the file that --save names")
    for setting in args.settings:  # a mistake in the last one should not wait for the others
        check_setting(parser, setting)
    if args.save:
        check_writable(parser, args.save)
    about = describe(args.folds, args.splits, args.jobs)
    resumed = args.resume and args.save.exists()
    known = read_results(args.save, about) if resumed else []
    results = [result for result in known if result["setting"] in args.settings]
    if missing := len(known) - len(results):
        parser.error(f"--resume: {missing} settings in {args.save} are not among those asked for")

    for setting in args.settings:
        if any(setting == result["setting"] for result in results):
            continue
        each = [parse_setting(setting, seed) for seed in range(args.splits)]
        folds = [args.folds] * args.splits
        trained = list(jobs.run_all(train_once, each, folds, jobs=args.jobs))
        results.append(pooled(setting, trained))
        if args.save:
            save(args.save, about, results, argv)
    for result in sorted(results, key=lambda result: result["error_rate"]):
        print(
            f"{result['error_rate']:.3%} ± {result['standard_error']:.3%} wrong, "
            f"{result['mean_seconds']:.0f} s: {result['setting']}"
        )


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

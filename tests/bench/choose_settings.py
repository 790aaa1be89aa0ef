"""Compare settings of train_mnist.py on validation digits, and never on the test digits.

    python3 -m tests.bench.choose_settings "--preset default" "--preset default --shift 1"
    python3 -m tests.bench.choose_settings --splits 3 --save choice.json "--preset best"

Each setting is one quoted argument: options of train_mnist.py. It is trained once for each of
several divisions of the training digits, and its errors on the held-out digits are added up. All
settings get the same divisions, which differ by the seed, as the initial weights do.
"""

import argparse
import functools
import json
import shlex
import sys
import time
from dataclasses import fields
from pathlib import Path

import torch

from examples import train_mnist
from examples.train_mnist import Settings
from minicnn import data, layers, models, optim, runs, train
from minicnn import functional as F
from minicnn.optim import schedules
from minicnn.parallel import Processes, find_device
from tests.bench import jobs
from tests.bench.arguments import at_least, check_writable, refuse

# Options of train_mnist.py without effect here: no run is saved or shown, and the seeds are fixed.
WITHOUT_EFFECT = {*(field.name for field in fields(runs.Settings)), "seed", "show", "help"}
HELD_OUT = 6  # one digit in six: twice as many as in the example, since errors are few to count


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


def train_once(settings: Settings) -> dict[str, float]:
    """Train with one setting on one division, and count the errors on what it holds out."""
    started = time.perf_counter()
    how = {"size": settings.size, "skip_unreadable": settings.skip_unreadable}
    # The test digits are dropped unread.
    whole = data.load(settings.dataset, settings.data_dir, **how)[0]
    training, validation = data.hold_out(whole, len(whole.labels) // HELD_OUT, settings.seed)
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

    views = settings.test_shift
    tested_net = layers.average_views(net, views) if views else net
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
    """Add up the errors of a setting on all divisions.

        rate p = errors / digits,    standard error √(p·(1 − p) / digits)

    The standard error takes all digits for different ones; divisions share a few.
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


def save(path: Path, results: list[dict]) -> None:
    """Write what has been measured, and how."""
    record = {
        "command": shlex.join(["python3", "-m", "tests.bench.choose_settings", *sys.argv[1:]]),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "results": results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    runs.atomic.write(path, json.dumps(record, indent=2) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Read the command line, compare, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--splits", type=at_least(1), default=3, help="divisions of the digits")
    add("--jobs", type=at_least(1), default=1, help="divisions at a time")
    add("--save", type=Path, help="JSON file for the results")
    add("settings", nargs="+", help="options of train_mnist.py, each setting one quoted argument")
    args = parser.parse_args(argv)
    for setting in args.settings:  # a mistake in the last one should not wait for the others
        check_setting(parser, setting)
    if args.save:
        check_writable(parser, args.save)

    results = []
    for setting in args.settings:
        each = [parse_setting(setting, seed) for seed in range(args.splits)]
        results.append(pooled(setting, list(jobs.run_all(train_once, each, jobs=args.jobs))))
        if args.save:
            save(args.save, results)
    for result in sorted(results, key=lambda result: result["error_rate"]):
        print(
            f"{result['error_rate']:.3%} ± {result['standard_error']:.3%} wrong, "
            f"{result['mean_seconds']:.0f} s: {result['setting']}"
        )


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

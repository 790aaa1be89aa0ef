"""Compare settings of train_mnist.py on validation digits, and never on the test digits.

    python examples/choose_settings.py "--preset default" "--preset default --shift 1"
    python examples/choose_settings.py --splits 3 --save docs/results/choice.json "--preset best"

Each setting is one argument: options of train_mnist.py between quotation marks. It is trained once
for each of several divisions of the training digits, and its errors on what is held back are added
up. All settings meet the same divisions, which differ by the seed, as the initial weights do.
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

import options
import recipe as recipes
import torch

from minicnn import data, train
from tests.bench import jobs

HELD_BACK = 6  # one digit in six: twice as many as when training, since errors are few to count


def parse_setting(text: str, seed: int) -> argparse.Namespace:
    """Read the options of one setting."""
    return options.parse_arguments(["--dataset", "mnist", *shlex.split(text), "--seed", f"{seed}"])


def train_once(args: argparse.Namespace) -> dict[str, float]:
    """Train by one setting on one division, and count the errors on what it holds back."""
    started = time.perf_counter()
    whole = data.load(args.dataset, args.data_dir)[0]  # the test digits are dropped unread
    training, validation = data.hold_out(whole, len(whole.labels) // HELD_BACK, args.seed)
    recipe = recipes.make(args, len(training.labels))
    progress = start = recipes.start(recipe)
    for progress in recipes.fit(recipe, start, training, validation):
        if progress.training.step % recipe.steps == 0:
            print(recipes.epoch_line(progress.history[-1], args.epochs), flush=True)
    weights = recipes.final_weights(recipe, progress.training)
    held = train.evaluate(recipe.tested_net, *weights, recipes.all_of(validation, recipe.device))
    digits = len(validation.labels)
    return {
        "seed": args.seed,
        "errors": round((1 - held["accuracy"]) * digits),
        "digits": digits,
        "validation_loss": held["loss"],
        "seconds": round(time.perf_counter() - started, 1),
    }


def pooled(setting: str, runs: list[dict[str, float]]) -> dict:
    """Add up the errors of a setting's runs.

        rate p = errors / digits,    standard error √(p·(1 − p) / digits)

    The standard error takes all digits for different ones; divisions share a few.
    """
    errors, digits = (sum(run[key] for run in runs) for key in ("errors", "digits"))
    rate = errors / digits
    return {
        "setting": setting,
        "errors": errors,
        "digits": digits,
        "error_rate": rate,
        "standard_error": (rate * (1 - rate) / digits) ** 0.5,
        "mean_seconds": round(sum(run["seconds"] for run in runs) / len(runs), 1),
        "runs": runs,
    }


def save(path: Path, results: list[dict]) -> None:
    """Write what has been measured, and how."""
    record = {
        "command": shlex.join(["python", "examples/choose_settings.py", *sys.argv[1:]]),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "results": results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")


def main(argv: list[str] | None = None) -> int:
    """Read the command line, compare, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--splits", type=options.at_least(1), default=3, help="divisions of the digits")
    add("--jobs", type=options.at_least(1), default=1, help="divisions at a time")
    add("--save", type=Path, help="JSON file for the results")
    add("settings", nargs="+", help="options of train_mnist.py, each setting one quoted argument")
    args = parser.parse_args(argv)
    for setting in args.settings:  # a mistake in the last one should not wait for the others
        parse_setting(setting, 0)

    results = []
    try:
        for setting in args.settings:
            each = [parse_setting(setting, seed) for seed in range(args.splits)]
            results.append(pooled(setting, list(jobs.run_all(train_once, each, jobs=args.jobs))))
            if args.save:
                save(args.save, results)
    except (data.DataError, OSError, ValueError) as error:
        print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        return 1
    for result in sorted(results, key=lambda result: result["error_rate"]):
        print(
            f"{result['error_rate']:.3%} ± {result['standard_error']:.3%} wrong, "
            f"{result['mean_seconds']:.0f} s: {result['setting']}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Train the example with several seeds; report the mean and the spread of the test accuracy.

    python3 -m tests.bench.measure_seeds
    python3 -m tests.bench.measure_seeds --seeds 10 --save quick.json -- --preset quick

The options after -- are those of train_mnist.py.
"""

import argparse
import json
import operator
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from examples import train_mnist
from examples.train_mnist import Settings
from minicnn import checks, runs
from minicnn.runs.config import first_difference
from tests.bench import jobs

OWN = ("seed", "out", "overwrite", "resume")  # the options that are set here


def parse_settings(options: list[str]) -> dict[str, Any]:
    """Return the settings that the options stand for, without the seed."""
    argv = ["--dataset", "mnist", *options]
    if own := sorted(Settings.given(argv, train_mnist.PRESETS) & {*OWN}):
        raise ValueError(f"measure_seeds itself sets --{', --'.join(own)}: leave it out behind --")
    settings = Settings.parse(argv, presets=train_mnist.PRESETS).fixed()
    del settings["seed"]
    return settings


def measure(seed: int, options: list[str]) -> dict[str, float]:
    """Run the example with a seed."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--seed", str(seed), "--out", f"{folder}/run"]
        result = train_mnist.main(["--dataset", "mnist", *options, *where])
    return {"seed": seed, **result, "seconds": round(time.perf_counter() - started, 1)}


def summarise(
    results: list[dict[str, float]], settings: dict[str, Any], args: argparse.Namespace
) -> dict:
    """Put the results beside how they were measured."""
    accuracies = [result["test_accuracy"] for result in results]
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return {
        "command": shlex.join(["python3", "-m", "tests.bench.measure_seeds", *words]),
        "settings": settings,
        "torch": torch.__version__,
        "threads": max(1, torch.get_num_threads() // args.jobs),
        "jobs": args.jobs,
        "mean_test_accuracy": statistics.mean(accuracies),
        "deviation_of_test_accuracy": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
        "mean_seconds": round(statistics.mean(result["seconds"] for result in results), 1),
        "results": results,
    }


def read_results(path: Path, settings: dict[str, Any], seeds: int) -> list[dict[str, float]]:
    """Read the results that a file has already; they must belong to those that are to come.

    Raises:
        ValueError: the file is damaged, or its results are of another setting, another version of
            torch, or other seeds.
    """
    try:
        record = json.loads(checks.file(path).read_text(encoding="utf-8"))
        before = {"settings": dict(record["settings"]), "torch": str(record["torch"])}
        results = [
            {**result, "seed": operator.index(result["seed"]), **_numbers(result)}
            for result in record["results"]
        ]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {type(error).__name__}: {error}") from None
    now = {"settings": settings, "torch": str(torch.__version__)}
    if before != now:
        name, theirs, ours = first_difference(before, now)
        raise ValueError(f"{path} has other results: {name} is {theirs!r} there, {ours!r} here")
    found = [result["seed"] for result in results]
    if len(set(found)) < len(found) or not set(found) <= set(range(seeds)):
        raise ValueError(f"{path} must have some of the seeds 0 to {seeds - 1}, got {found}")
    return results


def _numbers(result: dict[str, Any]) -> dict[str, float]:
    return {name: float(result[name]) for name in ("test_accuracy", "seconds")}


def measure_all(settings: dict[str, Any], args: argparse.Namespace) -> dict:
    """Run all seeds, and write what is known after each."""
    results = []
    if args.resume and args.save.exists():
        results = read_results(args.save, settings, args.seeds)
    left = sorted(set(range(args.seeds)) - {result["seed"] for result in results})
    for result in jobs.run_all(measure, left, [args.options] * len(left), jobs=args.jobs):
        results.append(result)
        if args.save:
            text = json.dumps(summarise(results, settings, args), indent=2)
            runs.atomic.write(args.save, text + "\n")
    return summarise(results, settings, args)


def main(argv: Iterable[str] | None = None) -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--seeds", type=jobs.at_least(2), default=5, help="how many")
    add("--jobs", type=jobs.at_least(1), default=1, help="seeds at a time")
    add("--save", type=jobs.file_to_write, help="JSON file for the results")
    add("--resume", action="store_true", help="keep the seeds that this file has already")
    add("options", nargs="*", help="options of train_mnist.py, behind --")
    args = parser.parse_args(argv if argv is None else list(argv))
    if args.resume and not args.save:
        parser.error("--resume needs the file that --save names")
    settings = parse_settings(args.options)
    record = measure_all(settings, args)
    mean, spread = record["mean_test_accuracy"], record["deviation_of_test_accuracy"]
    print(f"\nTest accuracy over {args.seeds} seeds: mean {mean:.2%}, deviation {spread:.2%}")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

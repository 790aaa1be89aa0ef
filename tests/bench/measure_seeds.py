"""Train the example with several seeds; report the mean and the spread of the test accuracy.

    python3 -m tests.bench.measure_seeds
    python3 -m tests.bench.measure_seeds --seeds 10 --save quick.json -- --preset quick

The options after -- are those of train_mnist.py.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import torch

from examples import train_mnist
from minicnn import runs
from tests.bench import jobs


def measure(seed: int, options: list[str]) -> dict[str, float]:
    """Run the example with a seed."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--seed", str(seed), "--out", f"{folder}/run"]
        result = train_mnist.main(["--dataset", "mnist", *options, *where])
    return {"seed": seed, **result, "seconds": round(time.perf_counter() - started, 1)}


def summarise(results: list[dict[str, float]], args: argparse.Namespace) -> dict:
    """Put the results beside how they were measured."""
    accuracies = [result["test_accuracy"] for result in results]
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return {
        "command": shlex.join(["python3", "-m", "tests.bench.measure_seeds", *words]),
        "torch": torch.__version__,
        "threads": max(1, torch.get_num_threads() // args.jobs),
        "jobs": args.jobs,
        "mean_test_accuracy": statistics.mean(accuracies),
        "deviation_of_test_accuracy": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
        "mean_seconds": round(statistics.mean(result["seconds"] for result in results), 1),
        "results": results,
    }


def measure_all(args: argparse.Namespace) -> dict:
    """Run all seeds, and write what is known after each."""
    results = []
    if args.resume and args.save.exists():
        results = json.loads(args.save.read_text(encoding="utf-8"))["results"]
    left = sorted(set(range(args.seeds)) - {result["seed"] for result in results})
    for result in jobs.run_all(measure, left, [args.options] * len(left), jobs=args.jobs):
        results.append(result)
        if args.save:
            args.save.parent.mkdir(parents=True, exist_ok=True)
            runs.atomic.write(args.save, json.dumps(summarise(results, args), indent=2) + "\n")
    return summarise(results, args)


def main(argv: Iterable[str] | None = None) -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--seeds", type=jobs.at_least(2), default=5, help="how many")
    add("--jobs", type=jobs.at_least(1), default=1, help="seeds at a time")
    add("--save", type=Path, help="JSON file for the results")
    add("--resume", action="store_true", help="keep the seeds that this file has already")
    add("options", nargs="*", help="options of train_mnist.py, behind --")
    args = parser.parse_args(argv if argv is None else list(argv))
    if args.resume and not args.save:
        parser.error("--resume needs the file that --save names")
    record = measure_all(args)
    mean, spread = record["mean_test_accuracy"], record["deviation_of_test_accuracy"]
    print(f"\nTest accuracy over {args.seeds} seeds: mean {mean:.2%}, deviation {spread:.2%}")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

"""Train with several seeds, and report the mean and the spread of the accuracy.

    python examples/measure_seeds.py
    python examples/measure_seeds.py --seeds 10 --save docs/results/quick.json -- --preset quick

What stands behind -- goes to train_mnist.py.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import jobs
import options
import torch
import train_mnist

from minicnn import data


def measure(seed: int, settings: list[str]) -> dict[str, float]:
    """Run the example with a seed."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--seed", str(seed), "--out", f"{folder}/run"]
        args = train_mnist.parse_arguments(["--dataset", "mnist", *settings, *where])
        result = train_mnist.run(args)
    return {"seed": seed, **result, "seconds": round(time.perf_counter() - started, 1)}


def main() -> int:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seeds", type=options.at_least(2), default=5, help="how many")
    parser.add_argument("--jobs", type=options.at_least(1), default=1, help="seeds at a time")
    parser.add_argument("--save", type=Path, help="JSON file for the results")
    parser.add_argument("settings", nargs="*", help="options of train_mnist.py, behind --")
    args = parser.parse_args()
    try:
        columns = range(args.seeds), [args.settings] * args.seeds
        results = jobs.run_all(measure, *columns, jobs=args.jobs)
    except (data.DataError, OSError, ValueError) as error:
        print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        return 1

    accuracies = [result["test_accuracy"] for result in results]
    mean, spread = statistics.mean(accuracies), statistics.stdev(accuracies)
    print(f"\nTest accuracy over {args.seeds} seeds: mean {mean:.2%}, deviation {spread:.2%}")
    if args.save:
        command = " ".join(["python", "examples/measure_seeds.py", *sys.argv[1:]])
        record = {
            "command": command,
            "torch": torch.__version__,
            "threads": max(1, torch.get_num_threads() // args.jobs),
            "jobs": args.jobs,
            "mean_test_accuracy": mean,
            "deviation_of_test_accuracy": spread,
            "mean_seconds": round(statistics.mean(result["seconds"] for result in results), 1),
            "results": results,
        }
        args.save.parent.mkdir(parents=True, exist_ok=True)
        args.save.write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

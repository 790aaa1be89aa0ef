"""Train the example with several seeds; report the mean and the spread of the test accuracy.

    python3 -m tests.bench.measure_seeds
    python3 -m tests.bench.measure_seeds --seeds 10 --save quick.json -- --preset quick

The options after -- are those of train_mnist.py.
"""

import argparse
import json
import math
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
from minicnn import data, runs
from minicnn.parallel import find_device
from tests.bench import jobs
from tests.bench.arguments import at_least, check_writable, refuse
from tests.bench.jobs import threads_of_each

SET_HERE = ("dataset", "seed", "out", "overwrite", "resume", "help")
NUMBERS = ("test_loss", "test_accuracy", "validation_accuracy", "seconds")  # of each result


def measure(seed: int, options: list[str]) -> dict[str, float]:
    """Run the example with a seed."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--seed", str(seed), "--out", f"{folder}/run"]
        result = train_mnist.main(["--dataset", "mnist", *options, *where])
    return {"seed": seed, **result, "seconds": round(time.perf_counter() - started, 1)}


def describe(options: list[str], jobs: int) -> dict[str, Any]:
    """Return what results must have in common, to be averaged."""
    argv = ["--dataset", "mnist", *options]
    settings = train_mnist.Settings.parse(argv, presets=train_mnist.PRESETS)
    # A preset is the settings that it stands for, and a folder the images in it.
    without = ("seed", "preset", "data_dir")
    resolved = {name: value for name, value in settings.saved().items() if name not in without}
    return {
        "settings": {**resolved, "device": str(find_device(settings.device))},
        "images": runs.digest(data.load("mnist", settings.data_dir)[:2]),
        "torch": torch.__version__,
        "threads": threads_of_each(jobs),
        "jobs": jobs,
    }


def read_results(path: Path, about: dict[str, Any], seeds: int) -> list[dict[str, float]]:
    """Read the results in a file, if they can be averaged with others that are ``about`` the same.

    Raises:
        ValueError: The file is damaged, of another setting, or holds seeds that were not asked for.
        OSError: It cannot be read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested too deeply
        raise ValueError(f"{path} is damaged: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path} is damaged: it must hold an object, got {record!r:.60}")
    valid = {name: name in record for name in about}
    valid["settings"] = isinstance(record.get("settings"), dict)
    results = record.get("results")
    valid["results"] = isinstance(results, list) and all(map(_is_result, results))
    if invalid := [name for name, is_valid in valid.items() if not is_valid]:
        raise ValueError(f"{path} is damaged: missing or invalid {', '.join(invalid)}")
    there, here = (
        {**whole["settings"], **{name: whole[name] for name in about if name != "settings"}}
        for whole in (record, about)
    )
    missing = "nothing"  # of a setting that only one of them knows
    differences = [
        f"{name} {there.get(name, missing)} there, {here.get(name, missing)} here"
        for name in {**here, **there}
        if there.get(name, missing) != here.get(name, missing)
    ]
    if differences:
        raise ValueError(f"{path} is of another measurement: {'; '.join(differences)}")
    known = sorted(result["seed"] for result in record["results"])
    if unwanted := [seed for seed in known if seed >= seeds]:
        raise ValueError(f"{path} holds seeds beyond the {seeds} asked for: {unwanted}")
    if len(set(known)) < len(known):
        raise ValueError(f"{path} is damaged: it holds a seed twice, got {known}")
    return record["results"]


def _is_result(result: Any) -> bool:
    return (
        isinstance(result, dict)
        and type(result.get("seed")) is int
        and result["seed"] >= 0
        and all(type(result.get(name)) in (int, float) for name in NUMBERS)
        and all(0 <= result[name] < math.inf for name in NUMBERS)
    )


def summarise(
    results: list[dict[str, float]], about: dict[str, Any], command: str
) -> dict[str, Any]:
    """Put the results beside how they were measured."""
    accuracies = [result["test_accuracy"] for result in results]
    return {
        "command": command,
        **about,
        "mean_test_accuracy": statistics.mean(accuracies),
        "deviation_of_test_accuracy": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
        "mean_seconds": round(statistics.mean(result["seconds"] for result in results), 1),
        "results": sorted(results, key=lambda result: result["seed"]),
    }


def main(argv: Iterable[str] | None = None) -> None:
    """Read the command line, measure, report."""
    # An abbreviated --resume would be left in the recorded command.
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    add = parser.add_argument
    add("--seeds", type=at_least(2), default=5, help="how many")
    add("--jobs", type=at_least(1), default=1, help="seeds at a time")
    add("--save", type=Path, help="JSON file for the results")
    add("--resume", action="store_true", help="keep the seeds that this file has already")
    add("options", nargs="*", help="options of train_mnist.py, behind --")
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parser.parse_args(argv)
    if args.resume and not args.save:
        parser.error("--resume needs the file that --save names")
    refuse(parser, args.options, SET_HERE, "set by measure_seeds itself")
    if args.save:
        check_writable(parser, args.save)
    about = describe(args.options, args.jobs)
    resumed = args.resume and args.save.exists()
    results = read_results(args.save, about, args.seeds) if resumed else []

    words = [word for word in argv if word != "--resume"]
    command = shlex.join(["python3", "-m", "tests.bench.measure_seeds", *words])
    left = sorted(set(range(args.seeds)) - {result["seed"] for result in results})
    for result in jobs.run_all(measure, left, [args.options] * len(left), jobs=args.jobs):
        results.append(result)
        if args.save:  # what is known so far
            args.save.parent.mkdir(parents=True, exist_ok=True)
            record = json.dumps(summarise(results, about, command), indent=2)
            runs.atomic.write(args.save, record + "\n")
    record = summarise(results, about, command)
    mean, spread = record["mean_test_accuracy"], record["deviation_of_test_accuracy"]
    print(f"\nTest accuracy over {args.seeds} seeds: mean {mean:.2%}, deviation {spread:.2%}")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

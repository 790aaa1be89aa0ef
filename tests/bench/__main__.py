"""The command line of the measurements: see the package."""

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import torch

from minicnn.functional import keep_freed_memory
from tests.bench import __doc__ as description
from tests.bench import guard, machine, report, table
from tests.bench.measure import Meter
from tests.bench.row import Result, Row, run

THREADS = 2
RECORDED = Path("docs/results/bench.json")  # what --save docs/results wrote


def at_least(minimum: int):
    """Make an argument type that refuses smaller integers."""

    def parse(text: str) -> int:
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        return int(text)

    parse.__name__ = "int"  # argparse calls a text that is no number an "invalid int value"
    return parse


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--repetitions", type=at_least(2), default=15, help="of each measurement (15)")
    add("--processes", type=at_least(1), default=3, help="fresh processes of each kind (3)")
    add("--threads", type=at_least(1), help="threads of torch (2; the guard uses 1)")
    add("--only", default="", metavar="PATTERN", help="regular expression of rows to measure")
    add("--save", type=Path, metavar="FOLDER", help="write JSON, Markdown and charts there")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="short rows, 5 short repetitions")
    kind.add_argument("--whole", action="store_true", help="whole processes too: 40 minutes")
    kind.add_argument(
        "--guard",
        nargs="?",
        type=Path,
        const=RECORDED,
        metavar="RECORD",
        help=f"exit 1 at a ratio twice its goal, or twice that in a record ({RECORDED})",
    )
    args = parser.parse_args(argv)
    lengths = ["short"]
    if not (args.quick or args.guard):
        lengths += ["long", "whole"] if args.whole else ["long"]
    try:
        args.rows = table.choose(tuple(lengths), args.only)
    except re.error as error:
        parser.error(f"--only {args.only!r} is no regular expression: {error}")
    if not args.rows:
        parser.error(f"--only {args.only!r} leaves no row")
    return args


def measure(rows: list[Row], meter: Meter) -> list[Result]:
    """Measure rows and print each result as it comes."""
    results = []
    for row in rows:
        results.append(run(row, meter))
        print(report.line(results[-1]), flush=True)
    return results


def save(folder: Path, results: list[Result], argv: list[str], facts: dict[str, Any]) -> None:
    """Write bench.json, bench.md, bench.png and bench.svg."""
    from tests.bench import chart  # here, since matplotlib takes a while to import

    command = shlex.join(["python", "-m", "tests.bench", *argv])
    record = report.record(results, command, facts)
    folder.mkdir(parents=True, exist_ok=True)
    report.save(folder / "bench.json", record)
    (folder / "bench.md").write_text(report.markdown(record) + "\n", encoding="utf-8")
    if any(result.ratio is not None for result in results):
        chart.save(folder, results)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, save; the guard's exit code is 1 if it found a slow row."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_arguments(argv)
    torch.set_num_threads(args.threads or (guard.THREADS if args.guard else THREADS))
    keep_freed_memory()  # as programs that train do; for both sides
    facts = machine.facts()  # before our own work adds to the load
    if facts["load"] > facts["cores"] / 2:
        print(f"NOTE: a load of {facts['load']} on {facts['cores']} cores: others are at work here")
    if args.guard:
        known = report.load(args.guard) if args.guard.exists() else []
        return 1 if guard.slow_rows(guard.allow_known(args.rows, known)) else 0
    meter = Meter(args.repetitions, processes=args.processes)
    results = measure(args.rows, guard.METER if args.quick else meter)
    reached = sum(result.reached for result in results)
    print(f"\n{reached} of {len(results)} goals reached")
    if args.save:
        save(args.save, results, argv, facts)
        print(f"Saved in {args.save}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

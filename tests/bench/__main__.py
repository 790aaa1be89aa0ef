"""The command line: see the package."""

import argparse
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from minicnn.runs import CommandError, run_command
from tests.bench import __doc__ as description
from tests.bench import guard, report, table
from tests.bench.arguments import at_least, check_writable
from tests.bench.measure import Meter, in_fresh_process, prepare
from tests.bench.row import Result, conclude

THREADS = 2
RECORDED = Path("docs/results/bench.json")  # written by --save docs/results


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--repetitions", type=at_least(2), default=15, help="of each measurement (15)")
    add("--runs", type=at_least(1), default=1, help="fresh processes to repeat all in (1: none)")
    add("--threads", type=at_least(1), help="threads of torch (2; the guard uses 1)")
    add("--only", default="", metavar="PATTERN", help="regular expression of rows to measure")
    add("--save", type=Path, metavar="FOLDER", help="write JSON, Markdown and charts there")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="short rows, 5 short repetitions")
    kind.add_argument("--whole", action="store_true", help="whole processes too: 15 minutes more")
    kind.add_argument(
        "--guard",
        nargs="?",
        type=Path,
        const=RECORDED,
        metavar="RECORD",
        help=f"exit 1 at a ratio far above its goal, or that in a record ({RECORDED})",
    )
    args = parser.parse_args(argv)
    if args.guard and args.runs > 1:
        parser.error(f"--guard measures in one process: leave out --runs {args.runs}")
    short = args.quick or args.guard
    args.lengths = ("short",) if short else ("short", "long", "whole")[: 2 + args.whole]
    try:
        args.rows = table.choose(args.lengths, args.only)
    except re.error as error:
        parser.error(f"--only {args.only!r} is no regular expression: {error}")
    if not args.rows:
        parser.error(f"--only {args.only!r} leaves no row")
    if args.save:
        check_writable(parser, *(args.save / name for name in report.FILES))
    return args


def measure(args: argparse.Namespace, meter: Meter) -> list[Result]:
    """Measure the rows in this process, or for several runs in as many fresh ones."""
    if args.runs == 1:
        runs = [table.measure_run(args.lengths, args.only, meter)]
    else:
        runs = []
        for number in range(args.runs):
            print(f"Run {number + 1} of {args.runs}", flush=True)
            choice = args.lengths, args.only, replace(meter, run=number)
            runs.append(in_fresh_process(table.measure_run, *choice))
    results = [
        conclude(row, measured)
        for row, measured in zip(args.rows, zip(*runs, strict=True), strict=True)
    ]
    if args.runs > 1:
        print(f"All {args.runs} runs", *map(report.line, results), sep="\n")
    return results


def save(folder: Path, results: list[Result], argv: list[str], facts: dict[str, Any]) -> None:
    """Write bench.json, bench.md, bench.png and bench.svg."""
    command = shlex.join(["python", "-m", "tests.bench", *argv])
    record = report.record(results, command, facts)
    folder.mkdir(parents=True, exist_ok=True)
    report.save(folder / "bench.json", record)
    (folder / "bench.md").write_text(report.markdown(record) + "\n", encoding="utf-8")
    if any(result.ratio is not None for result in results):
        report.save_chart(folder, results)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, save; return the exit code: 1 if the guard found a slow row."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_arguments(argv)
    prepare(args.threads or (guard.THREADS if args.guard else THREADS))
    facts = report.facts()  # before the measurements add to the load
    if facts["load"] > facts["cores"] / 2:
        print(f"NOTE: load {facts['load']} on {facts['cores']} cores: other processes are running")
    if args.guard:
        known = report.load(args.guard) if args.guard.exists() else []
        return 1 if guard.slow_rows(guard.allow_known(args.rows, known)) else 0
    results = measure(args, guard.METER if args.quick else Meter(args.repetitions))
    reached = sum(result.reached for result in results)
    print(f"\n{reached} of {len(results)} goals reached")
    if args.save:
        save(args.save, results, argv, facts)
        print(f"Saved in {args.save}")
    return 0


def command() -> None:
    """Run main, in the way that `run_command` expects."""
    if main():
        raise CommandError


if __name__ == "__main__":
    sys.exit(run_command(command))

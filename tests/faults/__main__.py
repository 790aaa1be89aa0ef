"""Inject every fault, from the root of the project: ``python -m tests.faults --help``."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import torch

from tests import signals
from tests.bench.arguments import check_writable

from . import provoked
from .fault import FAULTS, mistakes
from .kills import Kill, Killer, kill_often
from .stage import ImpossibleError, Seen, Server, prepared

assert provoked

HEADER = """# What happens when something goes wrong

`python -m tests.faults --save docs/results/faults.md` injected each fault and recorded what the
user sees. The run is in `runs/x`, has two epochs of four steps each, and saves after every step.
The tests in `tests/faults/` inject every fault again.

| what happens | exit code | what the user sees |
|---|---|---|
"""


def main(arguments: list[str]) -> int:
    """Inject faults, or kill runs; return 0 if every fault is handled as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--save", metavar="FILE", type=Path, help="write the table of faults to FILE"
    )
    parser.add_argument("--kills", metavar="N", type=int, help="instead, kill runs N times")
    parser.add_argument("--seed", type=int, default=0, help="seed of the kill times (default: 0)")
    options = parser.parse_args(arguments)
    if options.save:
        check_writable(parser, options.save)
    torch.set_num_threads(1)
    signals.heed()
    with tempfile.TemporaryDirectory() as folder:
        if options.kills:
            return kill(Path(folder), options.kills, options.seed)
        table, bad = provoke(Path(folder))
    print(table)
    for complaint in bad:
        print(complaint, file=sys.stderr)
    if options.save and not bad:
        options.save.write_text(table, encoding="utf-8")
    return 1 if bad else 0


def provoke(folder: Path) -> tuple[str, list[str]]:
    """Inject every fault; return the table, and a list of what went wrong."""
    rows, bad = [], []
    with prepared(folder) as make:
        for number, fault in enumerate(FAULTS.values()):
            empty = folder / str(number)
            empty.mkdir()
            try:
                seen = fault.provoke(make(empty))
            except ImpossibleError as error:
                bad.append(f"{fault.name}: not injected, because {error}")
                continue
            rows.append(row(fault.name, seen))
            bad += [f"{fault.name}: {mistake}" for mistake in mistakes(fault, seen)]
    return HEADER + "".join(rows), bad


def row(name: str, seen: Seen) -> str:
    """Return a row of the table, with the lines printed to stderr."""
    lines = [line for line in seen.err.splitlines() if line.strip()]
    # argparse prints several lines, of which the last is the error.
    lines = lines[-1:] if seen.code == 2 else lines
    shown = "<br>".join(f"`{line}`" for line in lines).replace("|", "\\|") or "no message"
    return f"| {name} | {seen.code} | {shown} |\n"


def kill(folder: Path, count: int, seed: int) -> int:
    """Kill runs, and print how each one ended."""
    print("| kill | run | at second | of | found afterwards | same end |")
    print("|---|---|---|---|---|---|")
    number = 0

    def tell(kill: Kill) -> None:
        nonlocal number
        number += 1
        verdict = f"no: {', '.join(kill.different)}" if kill.different else "yes"
        times = f"{kill.moment:.2f} | {kill.of:.2f}"
        print(f"| {number} | {kill.variant} | {times} | {kill.found} | {verdict} |", flush=True)

    server = Server()
    try:
        kills = kill_often(Killer(server, folder, False, random.Random(seed)), count, tell)
    finally:
        server.stop()
    same = sum(not kill.different for kill in kills)
    print(f"\n{same} of {len(kills)} killed runs end the same as an uninterrupted one.")
    return 0 if same == count else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

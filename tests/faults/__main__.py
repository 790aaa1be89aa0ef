"""Provoke every fault, from the root of the project: ``python -m tests.faults --help``."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import torch

from . import provoked
from .fault import FAULTS, mistakes
from .kills import Kill, Killer, kill_often
from .stage import ImpossibleError, Seen, Server, prepared

assert provoked

HEADER = """# What happens when something goes wrong

Each row was provoked, and what the user saw of it written down, by
`python -m tests.faults --save docs/results/faults.md`. The run is in `runs/x`, has two epochs of
four steps each, and saves after every step. The tests provoke all of it again: see
`tests/faults/`.

| what happens | exit code | what the user sees |
|---|---|---|
"""


def main(arguments: list[str]) -> int:
    """Provoke faults, or kill runs; return 0 if no user would complain."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--save", metavar="FILE", type=Path, help="write the table of faults here")
    parser.add_argument("--kills", metavar="N", type=int, help="kill runs N times instead")
    parser.add_argument("--seed", type=int, default=0, help="of the kills' moments (default: 0)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
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
    """Provoke every fault; return the table, and what users would complain about."""
    rows, bad = [], []
    with prepared(folder) as make:
        for number, fault in enumerate(FAULTS.values()):
            empty = folder / str(number)
            empty.mkdir()
            try:
                seen = fault.provoke(make(empty))
            except ImpossibleError as error:
                bad.append(f"{fault.name}: not provoked, for {error}")
                continue
            rows.append(row(fault.name, seen))
            bad += [f"{fault.name}: {mistake}" for mistake in mistakes(fault, seen)]
    return HEADER + "".join(rows), bad


def row(name: str, seen: Seen) -> str:
    """Make a row of the table: what went to stderr is what is special."""
    lines = [line for line in seen.err.splitlines() if line.strip()]
    # Of argparse's several lines the last is the one that says what is wrong.
    lines = lines[-1:] if seen.code == 2 else lines
    shown = "<br>".join(f"`{line}`" for line in lines).replace("|", "\\|") or "nothing of it"
    return f"| {name} | {seen.code} | {shown} |\n"


def kill(folder: Path, count: int, seed: int) -> int:
    """Kill runs, and print what became of each."""
    print("| kill | run | at second | of | found afterwards | ends the same |")
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
    print(f"\n{same} of {len(kills)} killed runs end the same as an undisturbed one.")
    return 0 if same == count else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Try mutants, from the root of the project: ``python -m tests.mutants --help``."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import torch

from .general import sample
from .museum import MUSEUM
from .survivors import SURVIVORS
from .targets import AROUND, MATHS
from .trial import PROJECT, Verdict, judge_all

RESULTS = PROJECT / "docs" / "results" / "mutants.json"
ENOUGH = 0.95  # of a general run's mutants, to be killed
# What --over says: the part of the results, and the files.
GENERAL = {"maths": ("general", MATHS), "around": ("around", AROUND)}


def main(arguments: list[str]) -> int:
    """Run the museum or the general sample; return 0 if the tests noticed what they should."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--only", metavar="TEXT", help="mutants of the museum with TEXT in the name"
    )
    parser.add_argument("--general", metavar="N", type=int, help="N mechanical mutants instead")
    parser.add_argument("--seed", type=int, default=0, help="which N mutants (default: 0)")
    parser.add_argument(
        "--over",
        choices=GENERAL,
        default="maths",
        help="of what: the functions and optimizers, or what is around them (default: maths)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="mutants at the same time (default: 1)")
    parser.add_argument(
        "--limit", type=float, default=90, help="seconds after which a test hangs (default: 90)"
    )
    options = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "tests.mutants", *arguments])
    run = museum if options.general is None else general
    return run(options, command)


def museum(options: argparse.Namespace, command: str) -> int:
    """Try the museum: every mutant has to be killed, by the test that it names."""
    mutants = [mutant for mutant in MUSEUM if (options.only or "") in mutant.name]
    verdicts, broken = judge_all(mutants, options.jobs, options.limit, _show)
    killed = sum(bool(verdict.killed_by) for verdict in verdicts)
    others = [
        f"{mutant.name}: {verdict.killed_by or 'no test'}, not {mutant.test}"
        for mutant, verdict in zip(mutants, verdicts, strict=True)
        if not verdict.killed_by.startswith(f"tests/{mutant.test}")  # its parameters may follow
    ]
    print(f"{killed} of {len(mutants)} killed", *others, sep="\n")
    if not options.only:
        rows = [
            {"file": mutant.file.removeprefix("../"), "bug": mutant.bug, **_row(verdict)}
            for mutant, verdict in zip(mutants, verdicts, strict=True)
        ]
        _write("museum", command, {"mutants": len(rows), "killed": killed, "verdicts": rows})
    return _tell_broken(broken) or int(bool(others))


def general(options: argparse.Namespace, command: str) -> int:
    """Try a sample: 95 % have to be killed, and every survivor to be explained."""
    part, files = GENERAL[options.over]
    mutants = sample(options.general, options.seed, files)
    verdicts, broken = judge_all(mutants, options.jobs, options.limit, _show)
    killed = sum(bool(verdict.killed_by) for verdict in verdicts)
    survivors = {v.name: SURVIVORS.get(v.name, "") for v in verdicts if not v.killed_by}
    print(f"{killed} of {len(mutants)} killed, {killed / len(mutants):.1%}; survivors:")
    for name, reason in survivors.items():
        print(f"    {name}\n        {reason or 'NOT EXPLAINED'}")
    _write(
        part,
        command,
        {
            "mutants": len(mutants),
            "killed": killed,
            "survivors": survivors,
            "verdicts": [_row(verdict) for verdict in verdicts],
        },
    )
    enough = killed >= ENOUGH * len(mutants) and all(survivors.values())
    return _tell_broken(broken) or int(not enough)


def _show(verdict: Verdict) -> None:
    how = {"failed": "", "passed": "SURVIVED"}.get(verdict.how, verdict.how.upper() + " in ")
    print(
        f"{verdict.seconds:6.1f} s  {verdict.name}\n          {how}{verdict.killed_by}", flush=True
    )


def _row(verdict: Verdict) -> dict[str, Any]:
    return {**verdict._asdict(), "seconds": round(verdict.seconds, 1)}


def _tell_broken(broken: set[str]) -> int:
    for test in sorted(broken):
        print(f"left out, for it fails without any mutant: {test}")
    return int(bool(broken))


def _write(part: str, command: str, results: dict[str, Any]) -> None:
    """Replace one part of the file of results."""
    path = Path(RESULTS)
    everything = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    everything[part] = {"command": command, "torch": torch.__version__, **results}
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(everything, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

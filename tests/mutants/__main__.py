"""Try mutants, from the root of the project: ``python -m tests.mutants --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import torch

from .general import Change, sample
from .museum import MUSEUM
from .mutant import Mutant
from .survivors import SURVIVORS
from .targets import AROUND, MATHS
from .trial import PROJECT, Verdict, judge_all

RESULTS = PROJECT / "docs" / "results" / "mutants.json"
COMMAND = "python -m tests.mutants"
LIMIT = 90
ENOUGH = 0.95  # of a general run's mutants, to be killed
# What --over says: the part of the results, and the files.
GENERAL = {"maths": ("general", MATHS), "around": ("around", AROUND)}


def main(arguments: list[str]) -> int:
    """Run the museum or the general sample; return 0 if the tests noticed what they should."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", help="mutants with TEXT in the name alone")
    parser.add_argument("--rest", action="store_true", help="those without a verdict on file alone")
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
        "--limit", type=float, default=LIMIT, help="seconds after which a test hangs (default: 90)"
    )
    options = parser.parse_args(arguments)
    return museum(options) if options.general is None else general(options)


def museum(options: argparse.Namespace) -> int:
    """Try the museum: every mutant has to be killed, by the test that it names."""
    record = Record("museum", MUSEUM, COMMAND, options)
    broken = record.judge()
    others = [
        f"{mutant.name}: {killed_by or 'no test'}, not {mutant.test}"
        for mutant in MUSEUM
        if (killed_by := record.killed_by(mutant)) is not None
        and not killed_by.startswith(f"tests/{mutant.test}")  # its parameters may follow
    ]
    print(record.summary(), *others, sep="\n")
    return _tell_broken(broken) or int(bool(others))


def general(options: argparse.Namespace) -> int:
    """Try a sample: 95 % have to be killed, and every survivor to be explained."""
    part, files = GENERAL[options.over]
    mutants = sample(options.general, options.seed, files)
    over = "" if options.over == "maths" else f" --over {options.over}"
    command = f"{COMMAND} --general {options.general} --seed {options.seed}{over}"
    record = Record(part, mutants, command, options)
    broken = record.judge()
    survivors = record.survivors()
    print(record.summary(), "survivors:")
    for name in survivors:
        print(f"    {name}\n        {SURVIVORS.get(name, 'NOT EXPLAINED')}")
    enough = len(survivors) <= (1 - ENOUGH) * len(record.rows) and survivors <= set(SURVIVORS)
    return _tell_broken(broken) or int(not enough)


class Record:
    """One part of the file of results, which is written anew with every verdict.

    So a run that is interrupted loses nothing, and ``--rest`` goes on with it. Its command is one
    that judges all mutants, though the verdicts on file may come from several, with ``--only``.
    """

    def __init__(
        self,
        part: str,
        mutants: Sequence[Mutant | Change],
        command: str,
        options: argparse.Namespace,
    ) -> None:
        limit = "" if options.limit == LIMIT else f" --limit {options.limit:g}"
        self.part, self.mutants, self.options = part, mutants, options
        self.command = command + limit
        names = {mutant.name for mutant in mutants}
        kept = options.only is not None or options.rest
        found = _results().get(part, {}).get("verdicts", []) if kept else []
        self.rows = {row["name"]: row for row in found if row["name"] in names}

    def judge(self) -> set[str]:
        """Judge those that the options choose; return the tests that fail without any mutant."""
        options = self.options
        chosen = [
            mutant
            for mutant in self.mutants
            if (options.only or "") in mutant.name
            and not (options.rest and mutant.name in self.rows)
        ]
        _, broken = judge_all(chosen, options.jobs, options.limit, self._add)
        return broken

    def killed_by(self, mutant: Mutant | Change) -> str | None:
        """Return the test that noticed the mutant, "" if none did, None if it was not tried."""
        row = self.rows.get(mutant.name)
        return row and row["killed_by"]

    def survivors(self) -> set[str]:
        """Return the names of those that no test noticed."""
        return {name for name, row in self.rows.items() if not row["killed_by"]}

    def summary(self) -> str:
        """Say how many were killed, of those that were tried."""
        killed, tried = len(self.rows) - len(self.survivors()), len(self.rows)
        return f"{killed} of {tried} killed, {killed / max(tried, 1):.1%}"

    def _add(self, verdict: Verdict) -> None:
        _show(verdict)
        self.rows[verdict.name] = {**verdict._asdict(), "seconds": round(verdict.seconds, 1)}
        rows = [
            {**_origin(mutant), **self.rows[mutant.name]}
            for mutant in self.mutants
            if mutant.name in self.rows
        ]
        survivors = self.survivors()
        results = {
            "command": self.command,
            "torch": torch.__version__,
            "mutants": len(rows),
            "killed": len(rows) - len(survivors),
            "survivors": {name: SURVIVORS.get(name, "") for name in sorted(survivors)},
            "verdicts": rows,
        }
        text = json.dumps(
            {**_results(), self.part: results}, indent=1, ensure_ascii=False, sort_keys=True
        )
        RESULTS.parent.mkdir(exist_ok=True)
        temporary = RESULTS.with_suffix(".tmp")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(RESULTS)


def _origin(mutant: Mutant | Change) -> dict[str, str]:
    """Return what of a mutant of the museum is shown: the file, and the mistake."""
    if isinstance(mutant, Change):
        return {}
    return {"file": mutant.file.removeprefix("../"), "bug": mutant.bug}


def _results() -> dict[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def _show(verdict: Verdict) -> None:
    how = {"failed": "", "passed": "SURVIVED"}.get(verdict.how, verdict.how.upper() + " in ")
    print(
        f"{verdict.seconds:6.1f} s  {verdict.name}\n          {how}{verdict.killed_by}", flush=True
    )


def _tell_broken(broken: set[str]) -> int:
    for test in sorted(broken):
        print(f"left out, for it fails without any mutant: {test}")
    return int(bool(broken))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

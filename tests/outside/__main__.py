"""Print the table of the outside judges, from the root: ``python -m tests.outside``."""

from collections import Counter

from .judge import Verdict
from .verdicts import SOURCES, Row, row


def _counts(r: Row) -> tuple[int, int, int, int]:
    return r.samples, r.passed, sum(r.declined.values()), len(r.failed)


def _first_line(verdict: Verdict) -> str:
    return f"{verdict.result.upper()}: {verdict.detail.splitlines()[0]}"


def main() -> int:
    """Print a row for each name, and below it what was declined and what failed."""
    line = "{:20} {:20} {:>8} {:>8} {:>8} {:>8}"
    print(line.format("name", "from torch's", "samples", "passed", "declined", "failed"))
    rows = [row(name) for name in SOURCES]
    for r in rows:
        print(line.format(r.name, r.database, *_counts(r)))
        for rule, count in r.declined.items():
            print(f"    {count} {rule.result}: {rule.reason}")
        for what, count in Counter(_first_line(verdict) for verdict in r.failed).items():
            print(f"    {count} {what}")
    totals = (sum(values) for values in zip(*(_counts(r) for r in rows), strict=True))
    print(line.format("all", "", *totals))
    return 1 if any(r.failed for r in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())

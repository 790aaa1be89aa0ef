"""Grade every wrong answer: ``python -m tests.exercises [--save docs/results/grader.md]``."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

from minicnn.exercises.catalogue import EXERCISES
from tests.bench.arguments import check_writable

from .grading import hand_in, topic
from .table import Row, markdown, row
from .wrong import WRONG_ANSWERS
from .wrong.wrong_answer import right_answer


def main(arguments: list[str]) -> int:
    """Print every mistake that was not identified; return 0 if there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.exercises", description=__doc__)
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the table to FILE")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only answers whose name has TEXT"
    )
    options = parser.parse_args(arguments)
    if options.save:
        check_writable(parser, options.save)
    torch.set_num_threads(1)
    rows: list[Row] = []
    missed, longest, began = [], 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for name in EXERCISES:
            if topic(hand_in(name, right_answer(name), Path(folder))) != "right":
                missed.append(f"{name}: the solution is rejected")
        for answer in WRONG_ANSWERS:
            if options.only in answer.name:
                start = time.perf_counter()
                verdict = hand_in(answer.exercise, answer.file, Path(folder))
                longest = max(longest, time.perf_counter() - start)
                rows.append(row(answer, verdict))
                if topic(verdict) != answer.topic:
                    missed.append(f"{answer.name}: {topic(verdict)!r}, not {answer.topic!r}")
    seconds = time.perf_counter() - began
    print(*missed, f"{len(rows)} wrong answers, {len(missed)} missed", sep="\n")
    print(f"{seconds:.0f} seconds, at most {longest:.1f} for one answer")
    if options.save and not missed and not options.only:
        options.save.write_text(markdown(rows), encoding="utf-8")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

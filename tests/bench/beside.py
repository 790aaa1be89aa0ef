"""Two records side by side, case by case: what a change did.

python -m tests.bench.beside before/bench.json after/bench.json
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import report
from tests.bench.row import Result


def table(before: Sequence[Result], after: Sequence[Result]) -> str:
    """Format the cases that both records have as a Markdown table.

    Example:
        >>> case = {"name": "3×3", "ratio": 5.0}
        >>> old = Result("conv2d", "torch", 1.5, 2.0, False, 5.0, cases=[case])
        >>> new = Result("conv2d", "torch", 1.5, 2.0, True, 1.0, cases=[case | {"ratio": 1.0}])
        >>> print(table([old], [new]))
        | case | against | before | after | goal |
        |---|---|---|---|---|
        | 3×3 | torch | 5.00 | 1.00 | ≤ 2 |
    """
    lines = ["| case | against | before | after | goal |", "|---|---|---|---|---|"]
    old = {case["name"]: case["ratio"] for result in before for case in result.cases}
    for result in after:
        for case in result.cases:
            if case["name"] in old:
                name = case["name"] or result.what
                ratios = (report.number(ratio) for ratio in (old[case["name"]], case["ratio"]))
                goal = f"≤ {result.worst_goal or result.goal:g}"
                lines.append(f"| {' | '.join([name, result.against, *ratios, goal])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(*(report.load(Path(name)) for name in sys.argv[1:3])))

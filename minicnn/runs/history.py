"""metrics.csv: one row per epoch, for any spreadsheet."""

import csv
import io
from collections.abc import Sequence

from minicnn import checks
from minicnn.runs import atomic
from minicnn.runs.folder import Run, RunError

Row = dict[str, float]


def write_metrics(run: Run, history: Sequence[Row]) -> None:
    """Write the history of a run, replacing the old file.

    Args:
        run: The run.
        history: Rows with the same keys, which become the header.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_metrics(Run(Path(folder)), [{"epoch": 1, "train_loss": 0.5}])
        ...     Run(Path(folder)).metrics.read_text().split()
        ['epoch,train_loss', '1,0.5']
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]) if history else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    atomic.write(run.metrics, text.getvalue())


def read_metrics(run: Run) -> list[Row]:
    """Read the history of a run.

    Args:
        run: The run.

    Returns:
        The rows; none before the end of the first epoch.

    Raises:
        RunError: The file is damaged.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_metrics(Run(Path(folder)), [{"epoch": 1, "train_loss": 0.5}])
        ...     read_metrics(Run(Path(folder)))
        [{'epoch': 1.0, 'train_loss': 0.5}]
    """
    if not run.metrics.exists():
        return []
    try:
        with checks.file(run.metrics).open(encoding="utf-8", newline="") as file:
            return _rows([line for line in csv.reader(file) if line])
    except (ValueError, csv.Error) as error:
        raise RunError(f"{run.metrics} is damaged: {error}") from None


def _rows(lines: list[list[str]]) -> list[Row]:
    names, *rows = lines or [[]]
    if not all(name.isidentifier() for name in names):
        raise ValueError(f"the first line must name the columns, got {names!r:.60}")
    if lines and not rows:
        raise ValueError("it names columns, but has no rows")
    for values in rows:
        if len(values) != len(names):
            raise ValueError(f"it has {len(names)} columns, but a row has {len(values)} values")
    return [dict(zip(names, map(float, values), strict=True)) for values in rows]

"""A run's folder: the names of its files, how it begins, and how it is found again."""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from minicnn.runs import atomic


class RunError(ValueError):
    """A folder that is no run, or not one that can be used as was asked; the message says why."""


class Run(NamedTuple):
    """Where everything about one run of training is.

    Attributes:
        folder: of the run.
    """

    folder: Path

    @property
    def config(self) -> Path:
        """Every setting, and what it was run on: JSON."""
        return self.folder / "config.json"

    @property
    def metrics(self) -> Path:
        """A row an epoch: CSV."""
        return self.folder / "metrics.csv"

    @property
    def last(self) -> Path:
        """The state of training when it was saved last: a checkpoint."""
        return self.folder / "last.pt"

    @property
    def best(self) -> Path:
        """The weights that did best on the validation images so far: a checkpoint."""
        return self.folder / "best.pt"

    @property
    def figures(self) -> Path:
        """A folder of pictures."""
        return self.folder / "figures"

    @property
    def report(self) -> Path:
        """All of it on one page: HTML."""
        return self.folder / "report.html"


def begin(folder: str | Path, config: dict[str, Any], overwrite: bool = False) -> Run:
    """Make the folder of a new run, and write its config.

    Args:
        folder: Where; it must not hold anything yet.
        config: Plain data, as JSON has it: what `describe` returns, say.
        overwrite: Whether a run that is there already may be lost; its config must be of
            `describe`, so that no folder of another program's is taken for one.

    Returns:
        The run.

    Raises:
        RunError: There is something in the folder, and it is not to be overwritten, or is no run.
        OSError: The folder cannot be made, or not be written to.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = begin(f"{parent}/first", {"seed": 0})
        ...     read_config(find(run.folder))
        {'seed': 0}
    """
    run = Run(Path(folder))
    if run.folder.exists() and not run.folder.is_dir():
        raise RunError(f"{run.folder} is a file, and a run needs a folder")
    if run.folder.is_dir() and set(run.folder.iterdir()) - set(atomic.leftovers(run.folder)):
        if not overwrite:
            raise RunError(
                f"{run.folder} is there already: give another --out, --resume it, or --overwrite it"
            )
        _check_ours(find(run.folder))
        _clear(run)
    sweep(run)  # not before it is sure that no other program is writing there
    run.folder.mkdir(parents=True, exist_ok=True)
    atomic.write(run.config, json.dumps(config, indent=2) + "\n")
    return run


def dated_folder() -> Path:
    """Return a folder in runs, named after the present moment, that is not there yet.

    Example:
        >>> dated_folder().parent.name
        'runs'
    """
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    names = (Path("runs", name + suffix) for suffix in ("", *(f"_{n}" for n in range(2, 100))))
    return next(folder for folder in names if not folder.exists())


def find(folder: str | Path) -> Run:
    """Find a run by its folder.

    Args:
        folder: The folder.

    Returns:
        The run.

    Raises:
        RunError: There is no run in it.

    Example:
        >>> try:
        ...     find("nowhere")
        ... except RunError as error:
        ...     print(error)
        nowhere is no run: there is no such folder
    """
    run = Run(Path(folder))
    if not run.folder.is_dir():
        reason = "it is a file" if run.folder.exists() else "there is no such folder"
        raise RunError(f"{folder} is no run: {reason}")
    if not run.config.is_file():
        raise RunError(f"{folder} is no run: it has no {run.config.name}")
    return run


def read_config(run: Run) -> dict[str, Any]:
    """Read what ``begin`` wrote.

    Args:
        run: The run.

    Returns:
        The config.

    Raises:
        RunError: The file is damaged.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     read_config(begin(f"{parent}/run", {"settings": {"lr": 0.01}}))
        {'settings': {'lr': 0.01}}
    """
    try:
        config = json.loads(run.config.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8; or nested too deeply
        raise RunError(f"{run.config} is damaged: {error}") from None
    if not isinstance(config, dict):
        raise RunError(f"{run.config} is damaged: it must hold an object, got {config!r:.60}")
    return config


def save_figures(run: Run, figures: Mapping[str, Any]) -> None:
    """Write figures as PNG files into a run's folder of figures.

    Args:
        run: The run.
        figures: matplotlib's Figures, each by the name of its file without the suffix.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> from matplotlib.figure import Figure
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = Run(Path(folder))
        ...     save_figures(run, {"curves": Figure()})
        ...     [path.name for path in run.figures.iterdir()]
        ['curves.png']
    """
    run.figures.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        file = io.BytesIO()
        figure.savefig(file, format="png")
        atomic.write(run.figures / f"{name}.png", file.getvalue())


def sweep(run: Run) -> None:
    """Remove the temporary files that killed programs have left in a run's folder.

    Args:
        run: The run; nobody else is writing to it now.

    Raises:
        OSError: A file cannot be removed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = begin(f"{parent}/run", {})
        ...     (run.folder / ".minicnn-0123456789abcdef.tmp").touch()
        ...     sweep(run)
        ...     [path.name for path in run.folder.iterdir()]
        ['config.json']
    """
    for folder in (run.folder, run.figures):
        atomic.sweep(folder)


def _check_ours(run: Run) -> None:
    versions = read_config(run).get("versions")
    if not isinstance(versions, dict) or "minicnn" not in versions:
        raise RunError(f"{run.folder} is no run: its {run.config.name} is another program's")


def _clear(run: Run) -> None:
    """Remove what a run has written and nothing else.

    Its config stays, to be replaced: without it the folder would be no run, and if the program were
    killed now, what is in it could neither be overwritten nor resumed.
    """
    if run.figures.is_dir():
        for picture in run.figures.glob("*.png"):
            picture.unlink()
    for file in (run.report, run.metrics, run.best, run.last):
        file.unlink(missing_ok=True)

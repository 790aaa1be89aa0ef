"""A run's folder: the names of its files, how it begins, and how it is found again."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from minicnn import atomic


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
        config: Plain data, as JSON has it.
        overwrite: Whether a run that is there already may be lost.

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
    if run.folder.is_dir():
        atomic.sweep(run.folder)  # of a program that was killed before it wrote anything else
    if run.folder.is_dir() and any(run.folder.iterdir()):
        if not overwrite:
            raise RunError(
                f"{run.folder} is there already: give another --out, --resume it, or --overwrite it"
            )
        _clear(find(run.folder))
    run.folder.mkdir(parents=True, exist_ok=True)
    atomic.write(run.config, json.dumps(config, indent=2) + "\n")
    return run


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
    except ValueError as error:  # no JSON, or no UTF-8
        raise RunError(f"{run.config} is damaged: {error}") from None
    if not isinstance(config, dict):
        raise RunError(f"{run.config} is damaged: it must hold an object, got {config!r:.60}")
    return config


def _clear(run: Run) -> None:
    """Remove what a run has written and nothing else, its config last: till then it is a run."""
    if run.figures.is_dir():
        for picture in run.figures.glob("*.png"):
            picture.unlink()
    for file in (run.report, run.metrics, run.best, run.last, run.config):
        file.unlink(missing_ok=True)
    atomic.sweep(run.folder)

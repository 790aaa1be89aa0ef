"""The folder of a run: its files, starting a run, and finding it again."""

import io
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from minicnn.runs import atomic
from minicnn.runs.console import complain

try:
    import fcntl
except ModuleNotFoundError:  # on Windows, where folders cannot be locked
    fcntl = None

# The parts of config.json on which the weights depend; the others say when they were trained.
BOUND = ("settings", "network", "tested_network", "in_shape", "dataset")

_claims: dict[Path, int] = {}  # the folders that this process has claimed, as open files


class RunError(ValueError):
    """The folder is not a run, or the run cannot be used as requested; the message says why."""


class Run(NamedTuple):
    """The paths of the files of one training run.

    Attributes:
        folder: the folder of the run.
        bound: what config.json said about the training when the run was begun or found, as JSON.
            Checkpoints hold a copy: if config.json is edited, they no longer belong to it.
    """

    folder: Path
    bound: str = ""

    @property
    def config(self) -> Path:
        """Settings, network, data and versions: JSON."""
        return self.folder / "config.json"

    @property
    def metrics(self) -> Path:
        """One row per epoch: CSV."""
        return self.folder / "metrics.csv"

    @property
    def last(self) -> Path:
        """The last saved training state: a checkpoint."""
        return self.folder / "last.pt"

    @property
    def best(self) -> Path:
        """The weights with the best validation accuracy so far: a checkpoint."""
        return self.folder / "best.pt"

    @property
    def figures(self) -> Path:
        """The folder of the figures."""
        return self.folder / "figures"

    @property
    def report(self) -> Path:
        """Results, figures and settings on one page: HTML."""
        return self.folder / "report.html"

    @property
    def explorer(self) -> Path:
        """The network, to be watched forward and backward: HTML."""
        return self.folder / "explorer.html"


def begin(folder: str | Path, config: dict[str, Any], overwrite: bool = False) -> Run:
    """Create the folder of a new run, and write its config.

    Args:
        folder: The folder; it must be empty or not exist.
        config: Plain data for JSON, such as `describe` returns.
        overwrite: Whether to replace an existing run. Its config must be from `describe`, so that
            the folder of another program is never mistaken for a run.

    Returns:
        The run.

    Raises:
        RunError: The folder is not empty, and ``overwrite`` is False or it is not a run.
        OSError: The folder cannot be created or written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = begin(f"{parent}/first", {"seed": 0})
        ...     read_config(find(run.folder))
        {'seed': 0}
    """
    run = Run(Path(folder))
    if run.folder.exists() and not run.folder.is_dir():
        raise RunError(f"{run.folder} is a file, but a run needs a folder")
    if run.folder.is_dir() and set(run.folder.iterdir()) - set(atomic.leftovers(run.folder)):
        if not overwrite:
            raise RunError(
                f"{run.folder} already exists: choose another --out, --resume it, or --overwrite it"
            )
        _check_ours(find(run.folder))
        _clear(run)
    sweep(run)  # only now is it certain that no other program is writing there
    run.folder.mkdir(parents=True, exist_ok=True)
    atomic.write(run.config, json.dumps(config, indent=2) + "\n")
    return find(run.folder)


def dated_folder() -> Path:
    """Make a new folder in runs, named after the current date and time.

    Two programs that are started in the same second get two folders.

    Returns:
        The folder.

    Raises:
        OSError: It cannot be made.
    """
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for suffix in ("", *(f"_{n}" for n in range(2, 100))):
        folder = Path("runs", name + suffix)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"runs has 99 folders named {name}")


def claim(folder: Path) -> None:
    """Reserve a folder for this process until `release`, or until the process ends.

    The lock is one of the system, on the folder itself, so that it ends with the process even if it
    is killed. On Windows, and on network file systems without locks, nothing is reserved.

    Args:
        folder: The folder.

    Raises:
        RunError: Another process has claimed it.
        OSError: It cannot be opened.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     claim(Path(folder))
        ...     release(Path(folder))
    """
    if fcntl is None or (folder in _claims and is_claimed(folder)):
        return
    release(folder)
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise RunError(f"{folder} is in use: another process is training this run") from None
    except OSError:
        pass  # a file system without locks
    _claims[folder] = opened


def is_claimed(folder: Path) -> bool:
    """Return whether a claimed folder is still the same one; without a claim, True.

    Args:
        folder: The folder; it may have been removed or exchanged since.

    Example:
        >>> is_claimed(Path("nowhere"))
        True
    """
    if folder not in _claims:
        return True
    try:
        return os.path.samestat(os.fstat(_claims[folder]), os.stat(folder))
    except FileNotFoundError:
        return False


def release(folder: Path) -> None:
    """End the claim of this process on a folder, if it has one.

    Args:
        folder: The folder.

    Example:
        >>> release(Path("nowhere"))
    """
    if folder in _claims:
        os.close(_claims.pop(folder))


def find(folder: str | Path) -> Run:
    """Return the run in a folder.

    Args:
        folder: The folder.

    Returns:
        The run.

    Raises:
        RunError: The folder is not a run, or its config.json is damaged.
        OSError: config.json cannot be read.

    Example:
        >>> try:
        ...     find("nowhere")
        ... except RunError as error:
        ...     print(error)
        nowhere is not a run: the folder does not exist
    """
    run = Run(Path(folder))
    if not run.folder.is_dir():
        reason = "it is a file" if run.folder.exists() else "the folder does not exist"
        raise RunError(f"{folder} is not a run: {reason}")
    if not run.config.is_file():
        raise RunError(f"{folder} is not a run: it has no {run.config.name}")
    config = read_config(run)
    bound = {part: config[part] for part in BOUND if part in config}
    return run._replace(bound=json.dumps(bound))


def read_config(run: Run) -> dict[str, Any]:
    """Read the config that ``begin`` wrote.

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
    from minicnn import checks  # here, since it imports torch, which --help need not wait for

    try:
        config = json.loads(checks.file(run.config).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested too deeply
        raise RunError(f"{run.config} is damaged: {error}") from None
    if not isinstance(config, dict):
        raise RunError(f"{run.config} is damaged: it must hold an object, got {config!r:.60}")
    return config


def save_figures(run: Run, figures: Mapping[str, Any]) -> dict[str, bytes]:
    """Write figures as PNG files into the figures folder of a run.

    Args:
        run: The run.
        figures: matplotlib Figures by file name without the suffix.

    Returns:
        The content of each file, by the same names: for a report, as `pages.report` takes it.

    Raises:
        OSError: A file cannot be written.

    Example:
        >>> import tempfile
        >>> from matplotlib.figure import Figure
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = Run(Path(folder))
        ...     saved = save_figures(run, {"curves": Figure()})
        ...     [path.name for path in run.figures.iterdir()], saved["curves"][1:4]
        (['curves.png'], b'PNG')
    """
    run.figures.mkdir(parents=True, exist_ok=True)
    saved = {}
    for name, figure in figures.items():
        file = io.BytesIO()
        figure.savefig(file, format="png")
        saved[name] = file.getvalue()
        atomic.write(run.figures / f"{name}.png", saved[name])
    return saved


def show_figures(figures: Mapping[str, Any]) -> None:
    """Open figures in windows; where none can be opened, print a note: the files are saved.

    Args:
        figures: By name, as for `save_figures`.

    Example:
        >>> show_figures({})
    """
    from minicnn import viz  # here, since matplotlib takes a while to import

    try:
        viz.show(figures.values())
    except RuntimeError as error:
        complain(f"NOTE: {error}")


def sweep(run: Run) -> None:
    """Remove the temporary files that killed programs left in the folder of a run.

    Args:
        run: The run; no other program may be writing to it.

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
        raise RunError(f"{run.folder} is not a run: its {run.config.name} is not from minicnn")


def _clear(run: Run) -> None:
    """Remove the files of a run and nothing else.

    The config stays until it is replaced: without it the folder would not be a run, and if the
    program were killed now, it could be neither overwritten nor resumed.
    """
    if run.figures.is_dir():
        for picture in run.figures.glob("*.png"):
            picture.unlink()
    for file in (run.report, run.explorer, run.metrics, run.best, run.last):
        file.unlink(missing_ok=True)

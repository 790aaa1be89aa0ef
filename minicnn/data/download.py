"""Download a dataset completely or not at all, and give up when the network hangs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

STALL_SECONDS = 20.0


class DownloadError(RuntimeError):
    """The download failed; the message gives the reason, to follow "could not be downloaded"."""


def download(
    dataset: str,
    root: Path,
    *,
    mirrors: Sequence[str] | None = None,
    resources: Sequence[tuple[str, str]] | None = None,
    stall_seconds: float = STALL_SECONDS,
) -> None:
    """Put the files of one of torchvision's MNIST-like datasets into ``root/dataset/raw``.

    A child process (``minicnn.data.fetch``) downloads into a temporary folder on the same file
    system. When all files are complete and checked, they are renamed into place, so that a partial
    file is never visible; existing files are not changed. After an error or Ctrl-C the child is
    terminated and the temporary folder removed.

    Args:
        dataset: the name of the class in ``torchvision.datasets``, such as "MNIST".
        root: the data folder; created if it does not exist.
        mirrors: URLs, each ending in "/", tried in turn for each file; None: torchvision's.
        resources: (file name, MD5 in hexadecimal) of each file; None: torchvision's.
        stall_seconds: how long the network may be silent, over all mirrors. Within every period of
            this length, on average at least 1,000 bytes per second must arrive.

    Raises:
        DownloadError: if the files cannot be downloaded or cannot be written.
    """
    root = root.absolute()
    existing = next(folder for folder in (root, *root.parents) if os.path.exists(folder))
    try:
        with tempfile.TemporaryDirectory(prefix=".minicnn-download-", dir=existing) as folder:
            job = {
                "dataset": dataset,
                "folder": folder,
                "stall_seconds": stall_seconds,
                "mirrors": mirrors,
                "resources": resources,
            }
            _run_child(json.dumps(job))
            _move_missing(Path(folder) / dataset / "raw", root / dataset / "raw")
    except OSError as error:
        raise DownloadError(f"cannot download into {root}: {error.strerror}") from error


def _run_child(job: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "minicnn.data.fetch", job],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # where minicnn is
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if sys.stderr.isatty() else subprocess.DEVNULL,  # the progress bar
        text=True,
        start_new_session=True,  # Ctrl-C reaches the parent only, which ends the child
    ) as child:
        try:
            output, _ = child.communicate()
        except BaseException:
            child.kill()
            child.wait()  # until it can write no more into the folder that will be removed
            raise
    if child.returncode != 0:
        said = output.splitlines() or [f"the download exited with code {child.returncode}"]
        raise DownloadError(said[-1])


def _move_missing(source: Path, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.suffix not in (".gz", ".zip") and not (destination / file.name).exists():
            file.replace(destination / file.name)

"""Download a dataset whole or not at all, and give up on a network that hangs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

STALL_SECONDS = 20.0


class DownloadError(RuntimeError):
    """The download failed; the message says why, in words that fit after "could not be …:"."""


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
    system. Once all files are there and checked they are renamed into place, which leaves no moment
    at which half a file is seen; files that are in place already stay as they are. Whatever
    happens instead, an error or Ctrl-C, the child is ended and the temporary folder removed.

    Args:
        dataset: the name of the class in ``torchvision.datasets``: "MNIST" or "FashionMNIST".
        root: the data folder; made if there is none.
        mirrors: URLs, each ending in "/", tried in turn for each file; None: torchvision's.
        resources: (file name, MD5 in hexadecimal) of each file there; None: torchvision's.
        stall_seconds: for how long the network may be silent, all mirrors together.

    Raises:
        DownloadError: if the files cannot be had or cannot be written.
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
    child = subprocess.run(
        [sys.executable, "-m", "minicnn.data.fetch", job],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # it finds what we found
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if sys.stderr.isatty() else subprocess.DEVNULL,  # its progress bar, for people
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for us, who end the child: it shall print no traceback
    )
    if child.returncode != 0:
        said = child.stdout.splitlines() or [f"the download ended with code {child.returncode}"]
        raise DownloadError(said[-1])


def _move_missing(source: Path, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.suffix != ".gz" and not (destination / file.name).exists():
            file.replace(destination / file.name)

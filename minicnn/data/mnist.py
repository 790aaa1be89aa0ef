"""MNIST and Fashion-MNIST: read or downloaded, checked, and kept in memory as bytes."""

import hashlib
import os
from pathlib import Path

import torch
from torch import Tensor

from minicnn import checks
from minicnn.data import idx
from minicnn.data.download import DownloadError, download
from minicnn.data.errors import DataError, MissingDataError
from minicnn.data.split import Split

SHAPES = {
    "train-images-idx3-ubyte": (60000, 28, 28),
    "train-labels-idx1-ubyte": (60000,),
    "t10k-images-idx3-ubyte": (10000, 28, 28),
    "t10k-labels-idx1-ubyte": (10000,),
}
CLASSES = 10
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def load_mnist(root: str | Path | None = None, *, download: bool = True) -> tuple[Split, Split]:
    """Load MNIST: 60,000 handwritten digits for training and 10,000 for testing.

    An existing copy is verified by its SHA-256 digests and read, without writing anything or using
    the network. Otherwise ``torchvision.datasets.MNIST`` downloads it.

    Args:
        root: the folder for ``MNIST/raw/…``; None: the environment variable ``MINICNN_DATA_DIR``,
            or else ``data`` in the current folder.
        download: whether to download missing files.

    Returns:
        "MNIST train" and "MNIST test".

    Raises:
        MissingDataError: if it is missing and cannot be downloaded.
        DataError: if a file is damaged, of another size, has a label above 9 or cannot be read, or
            if the data folder is a file.

    Example:
        >>> load_mnist("no-such-folder", download=False)
        Traceback (most recent call last):
        minicnn.data.errors.MissingDataError: MNIST was not found in no-such-folder. To get it, ...

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86(11), 1998, section III-A.
    """
    return _load("MNIST", "MNIST", data_dir(root), download, MNIST_SHA256)


def load_fashion_mnist(
    root: str | Path | None = None, *, download: bool = True
) -> tuple[Split, Split]:
    """Load Fashion-MNIST: images of clothes in ten classes, in the format and sizes of MNIST.

    Args:
        root: the folder for ``FashionMNIST/raw/…``, as in ``load_mnist``.
        download: whether to download missing files.

    Returns:
        "Fashion-MNIST train" and "Fashion-MNIST test".

    Raises:
        MissingDataError: if it is missing and cannot be downloaded.
        DataError: if a file is damaged, of another size, has a label above 9 or cannot be read, or
            if the data folder is a file.

    Example:
        >>> load_fashion_mnist("no-such-folder", download=False)
        Traceback (most recent call last):
        minicnn.data.errors.MissingDataError: Fashion-MNIST was not found in no-such-folder. ...

    Reference: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms", arXiv:1708.07747, 2017.
    """
    return _load("FashionMNIST", "Fashion-MNIST", data_dir(root), download, {})


def data_dir(root: str | Path | None = None) -> Path:
    """Return the data folder: ``root``, or else ``$MINICNN_DATA_DIR``, or else ``data``.

    Example:
        >>> data_dir("elsewhere").name
        'elsewhere'
    """
    return Path(root or os.environ.get("MINICNN_DATA_DIR") or "data")


def _load(
    dataset: str, title: str, root: Path, may_download: bool, digests: dict[str, str]
) -> tuple[Split, Split]:
    raw = root / dataset / "raw"
    for folder in (raw, *raw.parents):
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise DataError(
                f"{folder} is not a folder: MINICNN_DATA_DIR, or the data folder given instead, "
                f"must be a folder with {dataset}/raw in it, or a new one"
            )
    files = _read_present(raw, digests)
    if len(files) < len(SHAPES):
        _obtain(dataset, title, root, may_download)
        files = _read_present(raw, digests)

    def split(prefix: str, name: str) -> Split:
        images, labels = files[f"{prefix}-images-idx3-ubyte"], files[f"{prefix}-labels-idx1-ubyte"]
        return Split(images.unsqueeze(1), labels.to(torch.int64), f"{title} {name}")

    return split("train", "train"), split("t10k", "test")


def _obtain(dataset: str, title: str, root: Path, may_download: bool) -> None:
    raw = root / dataset / "raw"
    why = ""
    if may_download:
        try:
            return download(dataset, root)
        except DownloadError as error:
            why = f" and could not be downloaded ({error})"
    raise MissingDataError(
        f"{title} was not found in {root}{why}. To get it, run again with a network connection, "
        f"put its four files ({', '.join(SHAPES)}) into {raw}, or set MINICNN_DATA_DIR to the "
        "folder that has them."
    )


def _read_present(raw: Path, digests: dict[str, str]) -> dict[str, Tensor]:
    """Read and check the files that exist."""
    return {
        name: _read(raw / name, shape, digests.get(name))
        for name, shape in SHAPES.items()
        if os.path.exists(raw / name)
    }


def _read(path: Path, shape: tuple[int, ...], sha256: str | None) -> Tensor:
    try:
        content = checks.file(path).read_bytes()
    except OSError as error:
        reason = error.strerror or "it is not a file"
        raise DataError(f"{path} cannot be read: {reason}") from error
    try:
        values = idx.decode(content)
        if values.shape != torch.Size(shape):
            raise ValueError(f"has shape {tuple(values.shape)}, expected {shape}")
        if len(shape) == 1 and values.max() >= CLASSES:
            raise ValueError(f"has the label {values.max()}, expected 0 to {CLASSES - 1}")
        digest = hashlib.sha256(content).hexdigest()
        if sha256 is not None and digest != sha256:
            raise ValueError(f"its SHA-256 is {digest}, expected {sha256}")
    except ValueError as error:
        raise DataError(
            f"{path} is damaged ({error}): delete it to download it again, "
            "or replace it with a good copy"
        ) from error
    return values

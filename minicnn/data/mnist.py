"""MNIST and its relatives: read or downloaded, checked, and kept in memory as bytes.

All have grey images of 28 × 28 pixels, in the files and folders of torchvision's datasets.
"""

import gzip
import hashlib
import math
import os
import string
import zlib
from pathlib import Path
from typing import NamedTuple

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
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MOST = 10**6  # images in a file whose number is not known; EMNIST's largest has 697,932

CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
DIGITS = tuple(string.digits)


class Source(NamedTuple):
    """Where a dataset is, and what is in it.

    Attributes:
        dataset: the name of the class in torchvision.datasets, and of the folder.
        title: the name for people.
        class_names: the names of the classes.
        shapes: the four files, training first and images first, each with the shape of its array;
            0 for a number of images that differs between editions.
        digests: the SHA-256 digests that are known.
        first_label: the label of the first class in the files.
        transposed: whether the files hold columns of pixels instead of rows.
    """

    dataset: str
    title: str
    class_names: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]] = SHAPES
    digests: dict[str, str] = {}  # noqa: RUF012
    first_label: int = 0
    transposed: bool = False


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
    source = Source("MNIST", "MNIST", DIGITS, digests=MNIST_SHA256)
    return load_source(source, data_dir(root), download)


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
    source = Source("FashionMNIST", "Fashion-MNIST", CLOTHES)
    return load_source(source, data_dir(root), download)


def load_kmnist(root: str | Path | None = None, *, download: bool = True) -> tuple[Split, Split]:
    """Load KMNIST: cursive Japanese characters in ten classes, in the format and sizes of MNIST.

    Args:
        root: the folder for ``KMNIST/raw/…``, as in ``load_mnist``.
        download: whether to download missing files.

    Returns:
        "KMNIST train" and "KMNIST test".

    Raises:
        MissingDataError, DataError: as for ``load_fashion_mnist``.

    Example:
        >>> load_kmnist("no-such-folder", download=False)
        Traceback (most recent call last):
        minicnn.data.errors.MissingDataError: KMNIST was not found in no-such-folder. To get it, ...

    Reference: Clanuwat et al., "Deep learning for classical Japanese literature",
    arXiv:1812.01718, 2018.
    """
    return load_source(Source("KMNIST", "KMNIST", KUZUSHIJI), data_dir(root), download)


def data_dir(root: str | Path | None = None) -> Path:
    """Return the data folder: ``root``, or else ``$MINICNN_DATA_DIR``, or else ``data``.

    Example:
        >>> data_dir("elsewhere").name
        'elsewhere'
    """
    return Path(root or os.environ.get("MINICNN_DATA_DIR") or "data")


def load_source(source: Source, root: Path, may_download: bool) -> tuple[Split, Split]:
    """Read the files of a dataset, after downloading those that are missing."""
    raw = root / source.dataset / "raw"
    for folder in (raw, *raw.parents):
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise DataError(
                f"{folder} is not a folder: MINICNN_DATA_DIR, or the data folder given instead, "
                f"must be a folder with {source.dataset}/raw in it, or a new one"
            )
    files = _read_present(raw, source)
    if len(files) < len(source.shapes):
        _obtain(source, root, may_download)
        files = _read_present(raw, source)

    def split(images_file: str, labels_file: str, part: str) -> Split:
        images, labels = files[images_file], files[labels_file].to(torch.int64)
        if len(images) != len(labels):
            raise DataError(
                f"{raw / labels_file} is damaged: it has {len(labels):,} labels, and "
                f"{images_file} {len(images):,} images"
            )
        if source.transposed:
            images = images.transpose(1, 2).contiguous()
        name = f"{source.title} {part}"
        return Split(images.unsqueeze(1), labels - source.first_label, name, source.class_names)

    first, second, third, fourth = source.shapes
    return split(first, second, "train"), split(third, fourth, "test")


def _obtain(source: Source, root: Path, may_download: bool) -> None:
    raw = root / source.dataset / "raw"
    why = ""
    if may_download:
        try:
            return download(source.dataset, root)
        except DownloadError as error:
            why = f" and could not be downloaded ({error})"
    raise MissingDataError(
        f"{source.title} was not found in {root}{why}. To get it, run again with a network "
        f"connection, put its four files ({', '.join(source.shapes)}) into {raw}, or set "
        "MINICNN_DATA_DIR to the folder that has them."
    )


def _read_present(raw: Path, source: Source) -> dict[str, Tensor]:
    """Read and check the files that exist, as they are or else packed: name or name.gz."""
    found = {}
    for name in source.shapes:
        for path in (raw / name, raw / f"{name}.gz"):
            if os.path.exists(path):
                found[name] = _read(path, source, name)
                break
    return found


def _read(path: Path, source: Source, name: str) -> Tensor:
    shape, sha256 = source.shapes[name], source.digests.get(name)
    try:
        content = _content(checks.file(path), shape)
        values = idx.decode(content)
        expected = (shape[0] or len(values), *shape[1:]) if values.ndim else shape
        if values.shape != torch.Size(expected) or len(values) == 0:
            wanted = str(shape).replace("0,", "N,", 1) if shape[0] == 0 else shape
            raise ValueError(f"has shape {tuple(values.shape)}, expected {wanted}")
        if len(shape) == 1:
            _check_labels(values, source)
        digest = hashlib.sha256(content).hexdigest()
        if sha256 is not None and digest != sha256:
            raise ValueError(f"its SHA-256 is {digest}, expected {sha256}")
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is damaged ({error}): delete it to download it again, "
            "or replace it with a good copy"
        ) from error
    except OSError as error:
        reason = error.strerror or "it is not a file"
        raise DataError(f"{path} cannot be read: {reason}") from error
    return values


def _content(path: Path, shape: tuple[int, ...]) -> bytes:
    """Return the bytes of a file; of a packed one, no more than it may have and one byte."""
    if path.suffix != ".gz":
        return path.read_bytes()
    limit = 4 + 4 * len(shape) + (shape[0] or MOST) * math.prod(shape[1:])
    with gzip.open(path) as file:
        return file.read(limit + 1)


def _check_labels(labels: Tensor, source: Source) -> None:
    least, last = source.first_label, source.first_label + len(source.class_names) - 1
    for label in (labels.min().item(), labels.max().item()):
        if not least <= label <= last:
            raise ValueError(f"has the label {label}, expected {least} to {last}")

"""The embedded sample: 5,000 MNIST digits that need no download."""

import gzip
import zlib
from importlib.resources import files

import torch
from torch import Tensor

from minicnn.data import idx
from minicnn.data.errors import DataError
from minicnn.data.mnist import DIGITS
from minicnn.data.split import Split


def load_sample() -> tuple[Split, Split]:
    """Load the embedded sample of MNIST: 4,000 digits for training and 1,000 for testing.

    Each class has 400 training and 100 test images, in random order. All 5,000 images are from the
    *training* set of MNIST: a model trained on MNIST has seen the test split of the sample, and
    must not be evaluated on it. ``README.md`` in this folder describes the origin.

    Returns:
        "sample train" and "sample test".

    Raises:
        DataError: if the files of minicnn are damaged.

    Example:
        >>> train, test = load_sample()
        >>> train.images.shape, test.images.shape
        (torch.Size([4000, 1, 28, 28]), torch.Size([1000, 1, 28, 28]))
    """
    return _split("train", "train"), _split("t10k", "test")


def _split(prefix: str, name: str) -> Split:
    images = _read(f"{prefix}-images-idx3-ubyte.gz")
    labels = _read(f"{prefix}-labels-idx1-ubyte.gz")
    return Split(images.unsqueeze(1), labels.to(torch.int64), f"sample {name}", DIGITS)


def _read(name: str) -> Tensor:
    file = files("minicnn.data.sample") / name
    try:
        return idx.decode(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{file} is damaged or missing ({error}): reinstall minicnn") from error

"""Load a dataset by name."""

from pathlib import Path

from minicnn.data.errors import MissingDataError
from minicnn.data.mnist import load_fashion_mnist, load_mnist
from minicnn.data.sample import load_sample
from minicnn.data.split import Split

DATASETS = ("auto", "mnist", "sample", "fashion-mnist")


def load(dataset: str = "auto", root: str | Path | None = None) -> tuple[Split, Split, str | None]:
    """Load a dataset by name; "auto" is MNIST or, if it cannot be downloaded, the sample.

    Only missing data is replaced by the sample. A damaged file is always an error.

    Args:
        dataset: "auto", "mnist", "sample" or "fashion-mnist".
        root: the data folder, as for ``load_mnist``.

    Returns:
        The training split, the test split, and a note for the user if "auto" used the sample: why,
        and how to get MNIST. Otherwise the note is None.

    Raises:
        ValueError: if there is no dataset of this name.
        MissingDataError: if it is missing and cannot be downloaded ("auto" never raises this).
        DataError: if a file is damaged or cannot be read.

    Example:
        >>> train, test, note = load("sample")
        >>> train.name, test.name, note
        ('sample train', 'sample test', None)
    """
    if dataset not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}, got {dataset!r}")
    if dataset == "sample":
        return *load_sample(), None
    if dataset == "fashion-mnist":
        return *load_fashion_mnist(root), None
    try:
        return *load_mnist(root), None
    except MissingDataError as error:
        if dataset == "mnist":
            raise
        note = (
            "This run uses the embedded sample of MNIST (4,000 training and 1,000 test digits) "
            f"instead of the full dataset (60,000 and 10,000). {error}"
        )
        return *load_sample(), note

"""Load a dataset by name, or from a folder of one's own."""

import os
from pathlib import Path

import torch
from torch import Tensor

from minicnn.data.emnist import EMNIST_CLASSES, load_emnist
from minicnn.data.errors import DataError, MissingDataError
from minicnn.data.folder import class_folders, load_folder
from minicnn.data.mnist import load_fashion_mnist, load_kmnist, load_mnist
from minicnn.data.picture import Size
from minicnn.data.sample import load_sample
from minicnn.data.split import Split, take
from minicnn.data.streams import stream

DATASETS = (
    *("auto", "mnist", "sample", "fashion-mnist", "kmnist"),
    *(f"emnist-{split}" for split in EMNIST_CLASSES),
)
PARTS = {"train", "test"}
NO_CLASSES = {"train", "test", "val", "valid", "validation"}  # parts, as others divide datasets
TEST_SHARE = 6  # one image in six


def load(
    dataset: str = "auto",
    root: str | Path | None = None,
    *,
    size: Size | None = None,
    skip_unreadable: bool = False,
) -> tuple[Split, Split, str | None]:
    """Load a dataset by name; "auto" is MNIST or, if it cannot be downloaded, the sample.

    Only missing data is replaced by the sample. A damaged file is always an error.

    Or load images of one's own from a folder, as `load_folder` does: from its class folders, of
    which one image in six of each class is held out for the test; or, if it has the folders
    ``train`` and ``test``, from the class folders in these. The images that are held out are drawn
    at random, but they are always the same ones.

    Args:
        dataset: one of `DATASETS`, or a folder of one's own.
        root: the data folder, as for ``load_mnist``.
        size: of the images of one's own, as for ``load_folder``.
        skip_unreadable: whether to leave out images of one's own that cannot be read.

    Returns:
        The training split, the test split, and a note for the user: if "auto" used the sample, why,
        and how to get MNIST; how a folder was divided, and what was left out. Otherwise it is None.

    Raises:
        ValueError: if there is no dataset of this name, and no such folder.
        MissingDataError: if it is missing and cannot be downloaded ("auto" never raises this).
        DataError: if a file is damaged or cannot be read, or a folder of one's own is refused.

    Example:
        >>> train, test, note = load("sample")
        >>> train.name, test.name, note
        ('sample train', 'sample test', None)
    """
    if dataset in DATASETS:
        return _load_by_name(dataset, root)
    if not os.path.isdir(dataset):
        names = ", ".join(DATASETS)
        missing = "" if os.path.exists(dataset) else ", which does not exist"
        raise ValueError(
            f"dataset must be one of {names}, or a folder of images, got {dataset!r}{missing}"
        )
    return _load_own(Path(dataset), size, skip_unreadable)


def _load_by_name(dataset: str, root: str | Path | None) -> tuple[Split, Split, str | None]:
    if dataset == "sample":
        return *load_sample(), None
    if dataset == "fashion-mnist":
        return *load_fashion_mnist(root), None
    if dataset == "kmnist":
        return *load_kmnist(root), None
    if dataset.startswith("emnist-"):
        return *load_emnist(dataset.removeprefix("emnist-"), root), None
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


def _load_own(folder: Path, size: Size | None, skip: bool) -> tuple[Split, Split, str]:
    skipped: list[DataError] = []
    on_unreadable = skipped.append if skip else _refuse
    folders = set(class_folders(folder))
    if folders >= PARTS:
        if others := sorted(folders - PARTS):
            raise DataError(f"{folder} has the folders train and test, expected no others beside "
                            f"them, got {others[0]!r}")  # fmt: skip
        train = load_folder(folder / "train", size, on_unreadable=on_unreadable)
        _, channels, height, width = train.images.shape
        test = load_folder(folder / "test", (height, width), channels, on_unreadable=on_unreadable)
        if train.class_names != test.class_names:
            differ = sorted({*(train.class_names or ())} ^ {*(test.class_names or ())})
            raise DataError(f"{folder} must have the same classes in train and test, "
                            f"got {differ[0]!r} in one of them")  # fmt: skip
        chosen = torch.arange(len(train.labels)), torch.arange(len(test.labels))
        division = f"{folder} is divided into train and test"
    else:
        if folders and folders <= NO_CLASSES:
            raise DataError(f"{folder} must have the folders train and test, or a folder of images "
                            f"for each class, got {', '.join(sorted(folders))}")  # fmt: skip
        train = test = load_folder(folder, size, on_unreadable=on_unreadable)
        chosen = _divide(folder, train.labels)
        division = (
            f"{folder} has no folders train and test: one image in {TEST_SHARE} of each class, "
            f"{len(chosen[1]):,} in all, are held out for the test"
        )
    return (
        take(train, _shuffled(chosen[0]), f"{folder.resolve().name} train"),
        take(test, _shuffled(chosen[1]), f"{folder.resolve().name} test"),
        "; skipped: ".join([division, *map(str, skipped)]) + ".",
    )


def _refuse(error: DataError) -> None:
    raise DataError(f"{error} (--skip-unreadable leaves such files out)") from error


def _divide(folder: Path, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Choose the images for training and for testing, at random in each class, never all of one."""
    order = torch.randperm(len(labels), generator=stream(0))
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = order[labels[order] == label]
        is_test[members[: min(-(-len(members) // TEST_SHARE), len(members) - 1)]] = True
    if not is_test.any():
        raise DataError(f"{folder} has one image of each class, expected more: some to train with, "
                        "and some to test with")  # fmt: skip
    return (~is_test).nonzero().squeeze(1), is_test.nonzero().squeeze(1)


def _shuffled(chosen: Tensor) -> Tensor:
    """Mix the classes: figures show the first images of a split."""
    return chosen[torch.randperm(len(chosen), generator=stream(1))]

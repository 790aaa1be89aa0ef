"""A split: labelled images held in memory; and holding a part of one back for validation."""

from typing import NamedTuple

from torch import Tensor, randperm

from minicnn import checks
from minicnn.data.streams import stream


class Split(NamedTuple):
    """Labelled images of one purpose: to train on, to validate with or to test on.

    A tuple of three, so ``len(split)`` is 3; the number of images is ``len(split.labels)``.

    Attributes:
        images: ``(N, C, H, W)``, uint8, 0 (background) to 255 (ink); ``(N, 1, 28, 28)`` for MNIST.
        labels: ``(N,)``, int64, the class of each image.
        name: what it is, in words: ``"MNIST train"``, ``"sample test"``.
    """

    images: Tensor
    labels: Tensor
    name: str


def hold_out(split: Split, count: int, seed: int) -> tuple[Split, Split]:
    """Divide a training split at random into a part to train on and a part to validate with.

    Choosing the settings by the test set would make its accuracy too good to be true, so they are
    chosen by images held back from training. Both parts keep the order of the whole.

    Args:
        split: N images with their labels.
        count: how many images to hold back, 1 to N − 1.
        seed: which images those are; the same seed holds the same images back.

    Returns:
        The remaining N − ``count`` images under the split's own name, and the ``count`` held back,
        named "… validation".

    Raises:
        ValueError: if ``count`` leaves one of the two parts empty.

    Example:
        >>> from minicnn import data
        >>> train, test = data.load_sample()
        >>> train, validation = data.hold_out(train, len(train.labels) // 12, seed=0)
        >>> train.name, len(train.labels), validation.name, len(validation.labels)
        ('sample train', 3667, 'sample validation', 333)
    """
    total = len(split.labels)
    if checks.integer("count", count, 1) >= total:
        raise ValueError(f"count must be below the split's {total} images, got {count}")
    order = randperm(total, generator=stream(checks.integer("seed", seed, 0)))
    held, kept = order[:count].sort().values, order[count:].sort().values
    name = f"{split.name.removesuffix(' train')} validation"
    return (
        Split(split.images[kept], split.labels[kept], split.name),
        Split(split.images[held], split.labels[held], name),
    )

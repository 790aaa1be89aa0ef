"""A split: labelled images in memory; and holding out part of one for validation."""

from typing import NamedTuple

from torch import Tensor, randperm

from minicnn import checks
from minicnn.data.streams import stream


class Split(NamedTuple):
    """Labelled images for training, validation or testing.

    A tuple of three, so ``len(split)`` is 3; the number of images is ``len(split.labels)``.

    Attributes:
        images: ``(N, C, H, W)``, uint8, 0 (background) to 255 (ink); ``(N, 1, 28, 28)`` for MNIST.
        labels: ``(N,)``, int64, the class of each image.
        name: a name for people: ``"MNIST train"``, ``"sample test"``.
    """

    images: Tensor
    labels: Tensor
    name: str


def hold_out(split: Split, count: int, seed: int) -> tuple[Split, Split]:
    """Divide a split at random into a training part and a validation part.

    Settings chosen on the test set would make the test accuracy too optimistic, so they are chosen
    on images held out from training. Both parts keep the order of the split.

    Args:
        split: N images with their labels.
        count: number of images to hold out, 1 to N − 1.
        seed: determines which images are held out; in [0, 2⁶⁴), and every bit counts.

    Returns:
        The remaining N − ``count`` images under the name of the split, and the ``count`` images
        held out, named "… validation".

    Raises:
        ValueError: if ``count`` leaves one of the two parts empty, or the seed is out of range.

    Example:
        >>> from minicnn import data
        >>> train, test = data.load_sample()
        >>> train, validation = data.hold_out(train, len(train.labels) // 12, seed=0)
        >>> train.name, len(train.labels), validation.name, len(validation.labels)
        ('sample train', 3667, 'sample validation', 333)
    """
    total = len(split.labels)
    if checks.integer("count", count, 1) >= total:
        raise ValueError(f"count must be below {total}, the number of images, got {count}")
    order = randperm(total, generator=stream(checks.integer("seed", seed, 0)))
    held, kept = order[:count].sort().values, order[count:].sort().values
    name = f"{split.name.removesuffix(' train')} validation"
    return (
        Split(split.images[kept], split.labels[kept], split.name),
        Split(split.images[held], split.labels[held], name),
    )

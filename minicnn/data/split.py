"""A split: labelled images in memory; and holding out part of one for validation."""

from typing import NamedTuple

import torch
from torch import Tensor, randperm

from minicnn import checks
from minicnn.data.streams import stream


class Split(NamedTuple):
    """Labelled images for training, validation or testing.

    A tuple of four, so ``len(split)`` is 4; the number of images is ``len(split.labels)``.

    Attributes:
        images: ``(N, C, H, W)``, uint8, 0 (background) to 255 (ink); ``(N, 1, 28, 28)`` for MNIST.
            Or floating point, 0 to 1.
        labels: ``(N,)``, int64, the class of each image.
        name: a name for people: ``"MNIST train"``, ``"sample test"``.
        class_names: the name of each class; None: the classes are only numbers.
    """

    images: Tensor
    labels: Tensor
    name: str
    class_names: tuple[str, ...] | None = None

    @property
    def num_classes(self) -> int:
        """The number of classes: that of the names, or else one more than the greatest label."""
        return len(self.class_names) if self.class_names else int(self.labels.max()) + 1


def to_float(images: Tensor) -> Tensor:
    """Convert the images of a split to what a network gets: float32 in [0, 1].

    Args:
        images: uint8, which is divided by 255; or floating point, which is not.

    Returns:
        float32, of the same shape.

    Raises:
        TypeError: if the images are neither.

    Example:
        >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
        tensor([0.0000, 0.2000, 1.0000])
    """
    if images.is_floating_point():
        return images.to(torch.float32)
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8 or floating point, got {images.dtype}")
    return images.to(torch.float32) / 255


def hold_out(split: Split, count: int, seed: int) -> tuple[Split, Split]:
    """Divide a split at random into a training part and a validation part.

    Settings chosen on the test set would make the test accuracy too optimistic, so they are chosen
    on images held out from training. Both parts keep the order of the split. An image of every
    class stays in training, as far as ``count`` allows it.

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
    labels = split.labels[order]
    is_last = torch.zeros(total, dtype=torch.bool)  # of its class, in this order
    is_last[[int((labels == k).nonzero()[-1]) for k in labels.unique()]] = True
    order = torch.cat([order[~is_last], order[is_last]])
    held, kept = order[:count].sort().values, order[count:].sort().values
    return take(split, kept, split.name), take(
        split, held, f"{split.name.removesuffix(' train')} validation"
    )


def take(split: Split, chosen: Tensor, name: str) -> Split:
    """Return some images of a split, with their labels, under a name."""
    return split._replace(images=split.images[chosen], labels=split.labels[chosen], name=name)

"""Mini-batches: slices of a split in memory, in an order that can be resumed at any step."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from minicnn import checks
from minicnn.data.augment import Augment
from minicnn.data.split import Split, to_float
from minicnn.data.streams import stream

Batch = tuple[Tensor, Tensor]


def steps_per_epoch(n: int, batch_size: int, drop_last: bool = False) -> int:
    """Count the batches of one epoch: ⌈n / batch_size⌉, or ⌊n / batch_size⌋ with ``drop_last``.

    Args:
        n: number of images.
        batch_size: images per batch.
        drop_last: leave out the last batch if it is smaller than the others.

    Raises:
        ValueError: if there would be no batches.

    Example:
        >>> steps_per_epoch(60000, 256), steps_per_epoch(60000, 256, drop_last=True)
        (235, 234)
    """
    checks.integer("n", n, 1)
    checks.integer("batch_size", batch_size, 1)
    if drop_last and batch_size > n:
        raise ValueError(f"batch_size must be at most {n} with drop_last, got {batch_size}")
    return n // batch_size if drop_last else -(-n // batch_size)


def batches(
    split: Split,
    batch_size: int,
    rng: Generator | None = None,
    epochs: int = 1,
    *,
    augment: Augment | None = None,
    drop_last: bool = False,
    start: int = 0,
    device: torch.device | str | None = None,
) -> Iterator[Batch]:
    """Divide a split into mini-batches, epoch after epoch.

        images = to_float(split.images[order[k · batch_size : (k + 1) · batch_size]])

    where ``order`` is a new random permutation in each epoch if ``rng`` is given, and 0, 1, …,
    N − 1 otherwise.

    The order depends only on the seed of ``rng`` and the epoch, and the augmentation only on these
    and the number of the batch. No numbers are drawn from ``rng`` itself, which training may use
    for its dropout masks. So a run can stop at any step and resume with ``start``: it gets exactly
    the batches that it would have got without stopping.

    Args:
        split: images ``(N, C, H, W)``, uint8, or floating point in [0, 1]; labels ``(N,)``, int64.
        batch_size: images per batch; the last batch of an epoch may be smaller.
        rng: all 64 bits of its ``initial_seed()`` determine the order; None: in order.
        epochs: number of passes over the split.
        augment: function ``(images, generator) -> images`` of float32 images in [0, 1]; requires
            ``rng``.
        drop_last: leave out the last batch of an epoch if it is smaller.
        start: number of batches to skip, counted over all epochs.
        device: where to move the batches; None: where the split is.

    Returns:
        An iterator of (images, labels): float32 ``(B, C, H, W)`` in [0, 1], and int64 ``(B,)``.

    Raises:
        TypeError: if ``rng`` is not a generator, or images or labels have the wrong dtype.
        ValueError: if a number is out of range, the split is empty or has a wrong shape, an image
            of floating point has a value outside [0, 1], ``drop_last`` leaves no batches, or
            ``augment`` is given without ``rng``.

    Example:
        >>> from minicnn import data
        >>> _, test = data.load_sample()
        >>> for images, labels in data.batches(test, 600):
        ...     print(tuple(images.shape), images.dtype, tuple(labels.shape))
        (600, 1, 28, 28) torch.float32 (600,)
        (400, 1, 28, 28) torch.float32 (400,)
    """
    _check_split(split)
    steps = steps_per_epoch(len(split.labels), batch_size, drop_last)
    total = steps * checks.integer("epochs", epochs, 1)
    if checks.integer("start", start, 0) > total:
        raise ValueError(f"start must be at most {total}, the number of batches, got {start}")
    if rng is not None and not isinstance(rng, Generator):
        raise TypeError(f"rng must be a torch.Generator or None, got {rng!r}")
    if augment is not None and rng is None:
        raise ValueError("augment draws random numbers and needs rng, got rng=None")
    seed = None if rng is None else rng.initial_seed()

    # A generator function runs nothing before the first `next`. This one is nested, so that the
    # checks above run at the call.
    def generate() -> Iterator[Batch]:
        for epoch in range(start // steps, epochs):
            order = _order(len(split.labels), seed, epoch).to(split.labels.device)
            for k in range(max(0, start - epoch * steps), steps):
                chosen = order[k * batch_size : (k + 1) * batch_size]
                images = to_float(split.images[chosen].to(device))
                if augment is not None and seed is not None:
                    images = augment(images, stream(seed, epoch, k))
                yield images, split.labels[chosen].to(device)

    return generate()


def _order(n: int, seed: int | None, epoch: int) -> Tensor:
    if seed is None:
        return torch.arange(n)
    return torch.randperm(n, generator=stream(seed, epoch))


def _check_split(split: Split) -> None:
    images, labels = split.images, split.labels
    floating = images.is_floating_point()
    if not (floating or images.dtype == torch.uint8) or labels.dtype != torch.int64:
        raise TypeError(
            "split must hold uint8 or floating-point images and int64 labels, "
            f"got {images.dtype} and {labels.dtype}"
        )
    if images.dim() != 4 or labels.shape != images.shape[:1] or len(labels) == 0:
        raise ValueError(
            "split must hold images (N, C, H, W) and labels (N,) with N at least 1, "
            f"got {tuple(images.shape)} and {tuple(labels.shape)}"
        )
    if floating and images.numel():
        least, greatest = (value.item() for value in images.aminmax())
        if not (least >= 0 and greatest <= 1):  # NaN, too, is outside
            raise ValueError(
                f"images of floating point must be in [0, 1], got {least:g} to {greatest:g}"
            )

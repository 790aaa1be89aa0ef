"""Digits to measure with: real ones, because blank areas and edges are what a network gets."""

import torch
from torch import Tensor

from minicnn import data

Batch = tuple[Tensor, Tensor]

IN_SHAPE = (1, 28, 28)
TEST_DIGITS = 10_000


def digit_batches(size: int, count: int = 8) -> list[Batch]:
    """Draw batches from the embedded sample's training digits, with replacement.

    Several, because training on a single one soon drives its gradients to zero, and numbers next
    to zero (subnormal ones) are slow.

    Args:
        size: digits in a batch.
        count: number of batches.

    Returns:
        Pairs (images (N, 1, 28, 28) in [0, 1], labels (N,)), the same at each call.

    Example:
        >>> [(images.shape, labels.shape) for images, labels in digit_batches(5, count=1)]
        [(torch.Size([5, 1, 28, 28]), torch.Size([5]))]
    """
    digits, _ = data.load_sample()
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(digits.labels), (count, size), generator=generator)
    return [(digits.images[draw].float() / 255, digits.labels[draw]) for draw in draws]


def evaluation_batches(size: int = 1000) -> tuple[list[Batch], str]:
    """Return 10,000 digits to evaluate on, in batches, and a note if they are not MNIST's test set.

    Without MNIST on the disk they are the embedded sample's 1,000 test digits, over and over: it
    takes the same time.

    Example:
        >>> batches, note = evaluation_batches()
        >>> sum(len(labels) for _, labels in batches)
        10000
    """
    note = ""
    try:
        _, test = data.load_mnist(download=False)
    except data.MissingDataError:
        _, test = data.load_sample()
        note = "MNIST is not here: the sample's test digits, repeated until they are 10,000"
    repeats = -(-TEST_DIGITS // len(test.labels))
    return list(data.batches(test, size, epochs=repeats)), note

"""Data: splits of images in memory, where they come from, and mini-batches cut from them."""

from minicnn.data.augment import random_shift, shift
from minicnn.data.batches import batches, steps_per_epoch
from minicnn.data.errors import DataError, MissingDataError
from minicnn.data.load import DATASETS, load
from minicnn.data.mnist import data_dir, load_fashion_mnist, load_mnist
from minicnn.data.sample import load_sample
from minicnn.data.split import Split, hold_out

__all__ = [
    "DATASETS",
    "DataError",
    "MissingDataError",
    "Split",
    "batches",
    "data_dir",
    "hold_out",
    "load",
    "load_fashion_mnist",
    "load_mnist",
    "load_sample",
    "random_shift",
    "shift",
    "steps_per_epoch",
]

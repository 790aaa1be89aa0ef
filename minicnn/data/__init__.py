"""Data: image data sets in memory, loading and downloading them, augmentation, mini-batches."""

from minicnn.data.affine import affine_displacement, affine_field
from minicnn.data.augment import Augment, random_shift, shift
from minicnn.data.batches import batches, steps_per_epoch
from minicnn.data.elastic import elastic_field
from minicnn.data.errors import DataError, MissingDataError
from minicnn.data.load import DATASETS, load
from minicnn.data.mnist import data_dir, load_fashion_mnist, load_mnist
from minicnn.data.sample import load_sample
from minicnn.data.split import Split, hold_out
from minicnn.data.warp import random_warp, warp

__all__ = [
    "DATASETS",
    "Augment",
    "DataError",
    "MissingDataError",
    "Split",
    "affine_displacement",
    "affine_field",
    "batches",
    "data_dir",
    "elastic_field",
    "hold_out",
    "load",
    "load_fashion_mnist",
    "load_mnist",
    "load_sample",
    "random_shift",
    "random_warp",
    "shift",
    "steps_per_epoch",
    "warp",
]

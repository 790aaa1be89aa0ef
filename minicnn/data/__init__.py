"""Data: image data sets in memory, loading and downloading them, augmentation, mini-batches."""

from minicnn.data.affine import affine_displacement, affine_field
from minicnn.data.augment import Augment, random_shift, shift
from minicnn.data.batches import batches, steps_per_epoch
from minicnn.data.elastic import elastic_field
from minicnn.data.emnist import load_emnist
from minicnn.data.errors import DataError, MissingDataError
from minicnn.data.folder import load_folder
from minicnn.data.load import DATASETS, load
from minicnn.data.mnist import data_dir, load_fashion_mnist, load_kmnist, load_mnist
from minicnn.data.picture import Size, open_picture, read_image
from minicnn.data.sample import load_sample
from minicnn.data.split import Split, hold_out, to_float
from minicnn.data.warp import random_warp, warp

__all__ = [
    "DATASETS",
    "Augment",
    "DataError",
    "MissingDataError",
    "Size",
    "Split",
    "affine_displacement",
    "affine_field",
    "batches",
    "data_dir",
    "elastic_field",
    "hold_out",
    "load",
    "load_emnist",
    "load_fashion_mnist",
    "load_folder",
    "load_kmnist",
    "load_mnist",
    "load_sample",
    "open_picture",
    "random_shift",
    "random_warp",
    "read_image",
    "shift",
    "steps_per_epoch",
    "to_float",
    "warp",
]

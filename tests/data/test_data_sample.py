"""The embedded sample: balanced, small, and from the training set of MNIST only."""

import hashlib
from importlib.resources import files

import pytest
import torch

from minicnn import data
from minicnn.data.sample import make_sample


def as_set(split: data.Split) -> set[tuple[bytes, int]]:
    return {
        (image.numpy().tobytes(), int(label))
        for image, label in zip(split.images, split.labels, strict=True)
    }


def test_the_splits_are_stratified():
    for split, name, each in zip(data.load_sample(), ("train", "test"), (400, 100), strict=True):
        assert split.name == f"sample {name}"
        assert split.images.shape == (10 * each, 1, 28, 28)
        assert (split.images.dtype, split.labels.dtype) == (torch.uint8, torch.int64)
        assert split.labels.bincount().tolist() == [each] * 10


def test_the_splits_are_shuffled():
    for split in data.load_sample():
        repeats = (split.labels[1:] == split.labels[:-1]).double().mean()
        assert 0.05 < repeats < 0.15  # a tenth in random order; nearly all if sorted by class


def test_the_splits_share_no_image():
    train, test = data.load_sample()
    assert len(as_set(train)) == 4000
    assert len(as_set(test)) == 1000
    assert not as_set(train) & as_set(test)


def test_the_files_are_small_and_match_the_readme():
    folder = files("minicnn.data.sample")
    content = [f.read_bytes() for f in folder.iterdir() if f.name.endswith(".gz")]
    assert len(content) == 4
    assert sum(map(len, content)) <= 1.2e6
    note = (folder / "README.md").read_text(encoding="utf-8")
    assert all(hashlib.sha256(c).hexdigest() in note for c in content)


def test_every_image_is_in_mnists_training_set_and_none_in_its_test_set(mnist_root):
    train, test = (as_set(split) for split in data.load_mnist(mnist_root, download=False))
    sample = set().union(*(as_set(split) for split in data.load_sample()))
    assert sample <= train
    assert not {image for image, _ in sample} & {image for image, _ in test}


def test_the_division_takes_the_first_of_each_class_and_loses_none(monkeypatch):
    monkeypatch.setattr(make_sample, "TRAIN_PER_CLASS", 3)
    rows = [bytes([i, label]) for label in range(10) for i in range(5)]
    train, test = make_sample.divide(rows)
    assert sorted(train + test) == sorted(rows)
    assert [sum(row[-1] == label for row in train) for label in range(10)] == [3] * 10
    assert (train, test) == make_sample.divide(rows)


def test_compressing_twice_gives_the_same_bytes():
    assert make_sample.compress(b"digits") == make_sample.compress(b"digits")


def test_a_damaged_sample_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("minicnn.data.sample.files", lambda _: tmp_path)
    with pytest.raises(data.DataError, match=r"train-images-idx3-ubyte\.gz is damaged or missing"):
        data.load_sample()
    for content in (b"no gzip", make_sample.compress(b"no IDX"), make_sample.compress(b"")[:-1]):
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
        with pytest.raises(data.DataError, match=r"train-images-idx3-ubyte\.gz is damaged"):
            data.load_sample()

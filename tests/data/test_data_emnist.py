"""EMNIST and KMNIST, packed files, and the names of the classes: as torchvision has them."""

import gzip
import hashlib
import json
import shutil
import zipfile

import pytest
import torch
from torchvision import datasets

from minicnn import data
from minicnn.data import emnist, fetch, idx, mnist
from minicnn.data.download import DownloadError

from .test_data_mnist import offline, write, write_blank

__all__ = ["offline"]  # a fixture


def write_emnist(root, split, count=30, first=0, classes=10):
    """Write small files; return the images and the labels of the training part."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 28, 28), generator=rng).byte()
    labels = (torch.arange(count) % classes + first).byte()
    for part in ("train", "test"):
        write(root, f"emnist-{split}-{part}-images-idx3-ubyte", idx.encode(images), "EMNIST")
        write(root, f"emnist-{split}-{part}-labels-idx1-ubyte", idx.encode(labels), "EMNIST")
    return images, labels


@pytest.mark.parametrize("split", emnist.EMNIST_CLASSES)
def test_emnist_is_read_upright_with_torchvisions_classes(split, tmp_path, offline):
    first = int(split == "letters")
    classes = emnist.EMNIST_CLASSES[split]
    images, labels = write_emnist(tmp_path, split, 70, first, len(classes))
    theirs = datasets.EMNIST(tmp_path, split, train=True)
    train, test, note = data.load(f"emnist-{split}", tmp_path)
    assert (train.name, test.name, note) == (f"EMNIST {split} train", f"EMNIST {split} test", None)
    assert list(classes) == theirs.classes[first:]
    assert train.class_names == test.class_names == classes
    assert train.images[:, 0].equal(theirs.data.mT)
    assert train.images[:, 0].equal(images.mT)
    assert (train.labels + first).equal(theirs.targets)
    assert test.labels.equal(labels.long() - first)
    assert train.images.is_contiguous()


def test_letters_have_no_class_0(tmp_path, offline):
    write_emnist(tmp_path, "letters")
    path = tmp_path / "EMNIST" / "raw" / "emnist-letters-train-labels-idx1-ubyte"
    with pytest.raises(data.DataError) as error:
        data.load("emnist-letters", tmp_path)
    assert str(error.value).startswith(f"{path} is damaged (has the label 0, expected 1 to 26): ")


def test_as_many_labels_as_images(tmp_path, offline):
    write_emnist(tmp_path, "digits")
    name = "emnist-digits-test-labels-idx1-ubyte"
    path = write(tmp_path, name, idx.encode(torch.zeros(3).byte()), "EMNIST")
    with pytest.raises(data.DataError) as error:
        data.load("emnist-digits", tmp_path)
    assert str(error.value) == (
        f"{path} is damaged: it has 3 labels, and emnist-digits-test-images-idx3-ubyte 30 images"
    )


@pytest.mark.parametrize("shape", [(30, 28, 27), (0, 28, 28), (30, 784), ()])
def test_images_of_another_shape_are_refused(shape, tmp_path, offline):
    write_emnist(tmp_path, "digits")
    name = "emnist-digits-test-images-idx3-ubyte"
    path = write(tmp_path, name, idx.encode(torch.zeros(shape).byte()), "EMNIST")
    with pytest.raises(data.DataError) as error:
        data.load("emnist-digits", tmp_path)
    assert str(error.value).startswith(
        f"{path} is damaged (has shape {shape}, expected (N, 28, 28)): "
    )


def test_another_split_is_refused():
    with pytest.raises(ValueError, match=r"split must be one of balanced, .*, got 'capitals'"):
        data.load_emnist("capitals")


def test_kmnist_is_read(tmp_path, offline):
    for name in mnist.SHAPES:
        write_blank(tmp_path, name, "KMNIST")
    train, test, note = data.load("kmnist", tmp_path)
    assert (train.name, test.name, note) == ("KMNIST train", "KMNIST test", None)
    assert list(test.class_names or ()) == datasets.KMNIST.classes


def test_the_classes_of_the_others_are_torchvisions():
    assert list(mnist.CLOTHES) == datasets.FashionMNIST.classes
    assert [f"{name} - " for name in mnist.DIGITS] == [c[:4] for c in datasets.MNIST.classes]
    assert [split.class_names for split in data.load_sample()] == [mnist.DIGITS] * 2
    assert mnist.CLOTHES[9] == "Ankle boot"


@pytest.mark.parametrize("name", ["kmnist", "emnist-balanced"])
def test_what_is_missing_and_cannot_be_downloaded_is_an_error(name, tmp_path, offline):
    with pytest.raises(data.MissingDataError, match=r"could not be downloaded \(there is no netw"):
        data.load(name, tmp_path)


# --- Packed files -------------------------------------------------------------------------------

LABELS = "t10k-labels-idx1-ubyte"
PACKED = f"{LABELS}.gz"


def test_a_packed_file_is_read_if_it_is_not_unpacked(tmp_path, offline):
    for name in mnist.SHAPES:
        write_blank(tmp_path, name, "KMNIST")
    raw = tmp_path / "KMNIST" / "raw"
    labels = torch.arange(10000) % 10
    (raw / PACKED).write_bytes(gzip.compress(idx.encode(labels.byte())))
    assert data.load_kmnist(tmp_path)[1].labels.any().item() is False
    (raw / LABELS).unlink()
    assert data.load_kmnist(tmp_path)[1].labels.equal(labels)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "truncated: has 0 bytes, expected at least 4"),
        (b"no gzip", "Not a gzipped file"),
        (gzip.compress(bytes(10008))[:-9], "Compressed file ended before the end-of-stream"),
        (gzip.compress(bytes(10**7)), "not an IDX file"),
        (
            gzip.compress(idx.encode(torch.zeros(10000).byte()) + bytes(10**7)),
            "too long: has 10009 bytes, expected 10008",
        ),
    ],
    ids=["empty", "not packed", "cut off", "no images", "too long"],
)
def test_a_damaged_packed_file_is_named(content, fault, tmp_path, offline):
    path = write(tmp_path, PACKED, content)
    with pytest.raises(
        data.DataError, match=rf"^{path} is damaged \({fault}.*\): delete it to dow"
    ):
        data.load("mnist", tmp_path)


def test_only_the_digits_of_mnist_are_taken_packed(tmp_path, offline):
    write(tmp_path, PACKED, gzip.compress(idx.encode(torch.zeros(10000).byte())))
    with pytest.raises(data.DataError, match=r"its SHA-256 is [0-9a-f]{64}, expected ff7bcfd4"):
        data.load("mnist", tmp_path)


# --- EMNIST's one archive -----------------------------------------------------------------------


def test_emnist_is_fetched_by_torchvision_and_moved_into_place(tmp_path, monkeypatch):
    written = write_emnist(tmp_path / "made", "digits")
    archive = tmp_path / "gzip.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in (tmp_path / "made" / "EMNIST" / "raw").iterdir():
            for split in ("digits", "letters"):
                name = path.name.replace("digits", split)
                file.writestr(f"gzip/{name}.gz", gzip.compress(path.read_bytes()))
    digest = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(
        "torchvision.datasets.utils._urlretrieve", lambda _, name: shutil.copy(archive, name)
    )
    monkeypatch.setattr(datasets.EMNIST, "url", archive.as_uri())
    monkeypatch.setattr(datasets.EMNIST, "md5", digest)
    monkeypatch.setattr(fetch, "end_when_slow", lambda seconds: None)

    def in_this_process(job):
        fetch.fetch(**json.loads(job))

    monkeypatch.setattr("minicnn.data.download._run_child", in_this_process)
    train, _ = data.load_emnist("digits", tmp_path / "new")
    assert train.images[:, 0].equal(written[0].mT)
    raw = tmp_path / "new" / "EMNIST" / "raw"
    assert len(list(raw.iterdir())) == 8
    assert {path.suffix for path in raw.iterdir()} == {""}  # the archive is not kept
    monkeypatch.setattr(mnist, "download", refuse)
    assert data.load("emnist-digits", tmp_path / "new")[0].images.equal(train.images)


def refuse(*_):
    raise DownloadError("asked the network")

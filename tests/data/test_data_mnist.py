"""Where MNIST is searched, the errors of damaged files, and when the sample is used."""

import os
import struct
from functools import partial
from pathlib import Path

import pytest
import torch

from minicnn import data
from minicnn.data import idx, mnist
from minicnn.data.download import DownloadError, download

LABELS = "t10k-labels-idx1-ubyte"


def no_network(*_):
    raise DownloadError("there is no network in this test")


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(mnist, "download", no_network)


def write(root: Path, name: str, content: bytes, dataset: str = "MNIST") -> Path:
    path = root / dataset / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_blank(root: Path, name: str, dataset: str) -> None:
    """Write a sparse file of the right shape, all zeros, which takes no disk space."""
    shape = mnist.SHAPES[name]
    path = write(root, name, struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape), dataset)
    os.truncate(path, path.stat().st_size + torch.Size(shape).numel())


good_labels = idx.encode(torch.zeros(10000, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "truncated: has 0 bytes, expected at least 4"),
        (good_labels[:123], "truncated: has 123 bytes, expected 10008"),
        (good_labels + b"\0", "too long: has 10009 bytes, expected 10008"),
        (b"<html>404 Not Found</html>", "not an IDX file of unsigned bytes: starts with 3c 68"),
        (idx.encode(torch.zeros(9, dtype=torch.uint8)), r"has shape \(9,\), expected \(10000,\)"),
        (good_labels, "its SHA-256 is [0-9a-f]{64}, expected ff7bcfd4"),
    ],
)
@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_a_damaged_file_is_named_with_fault_and_remedy(tmp_path, offline, content, fault, dataset):
    path = write(tmp_path, LABELS, content)
    with pytest.raises(data.DataError, match=rf"{path} is damaged \({fault}.*\): delete it") as e:
        data.load(dataset, tmp_path)
    assert not isinstance(e.value, data.MissingDataError)
    assert "\n" not in str(e.value)


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


mkfifo = pytest.param(getattr(os, "mkfifo", None), marks=needs_pipes)


@pytest.mark.parametrize("make", [os.mkdir, mkfifo])
@pytest.mark.parametrize("name", mnist.SHAPES)
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path, offline, make, name):
    path = tmp_path / "MNIST" / "raw" / name
    path.parent.mkdir(parents=True)
    make(path)
    with pytest.raises(data.DataError) as error:
        data.load("auto", tmp_path)
    assert str(error.value) == f"{path} cannot be read: it is not a file"


def test_a_file_without_permission_is_named(tmp_path, offline, monkeypatch):
    path = write(tmp_path, LABELS, good_labels)

    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(data.DataError) as error:
        data.load("auto", tmp_path)
    assert str(error.value) == f"{path} cannot be read: Permission denied"


@pytest.mark.parametrize("make", [Path.touch, mkfifo])
@pytest.mark.parametrize(
    ("taken", "root"),
    [
        ("root", "root"),
        ("root", "root/below"),
        ("root/MNIST", "root"),
        ("root/MNIST/raw", "root"),
    ],
)
def test_a_data_folder_that_is_a_file_is_named_and_not_replaced_by_the_sample(
    tmp_path, monkeypatch, make, taken, root
):
    (tmp_path / taken).parent.mkdir(parents=True, exist_ok=True)
    make(tmp_path / taken)
    monkeypatch.setattr(mnist, "download", pytest.fail)
    monkeypatch.setenv("MINICNN_DATA_DIR", str(tmp_path / root))
    for dataset in ("auto", "mnist"):
        with pytest.raises(data.DataError) as error:
            data.load(dataset)
        assert not isinstance(error.value, data.MissingDataError)
        assert str(error.value) == (
            f"{tmp_path / taken} is not a folder: MINICNN_DATA_DIR, or the data folder given "
            "instead, must be a folder with MNIST/raw in it, or a new one"
        )


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("t10k-images-idx3-ubyte", (10000, 27, 28)),
        ("t10k-images-idx3-ubyte", (10000, 28, 29)),
        ("t10k-images-idx3-ubyte", (9999, 28, 28)),
        ("t10k-images-idx3-ubyte", (0, 28, 28)),
        ("t10k-images-idx3-ubyte", (10000, 784)),
        ("train-images-idx3-ubyte", (10000, 28, 28)),
        ("train-labels-idx1-ubyte", (0,)),
        ("train-labels-idx1-ubyte", (10000,)),
        ("t10k-labels-idx1-ubyte", (9999,)),
        ("t10k-labels-idx1-ubyte", ()),
    ],
)
@pytest.mark.parametrize("dataset", ["MNIST", "FashionMNIST"])
def test_every_size_but_the_right_one_is_refused(tmp_path, offline, dataset, name, shape):
    path = write(tmp_path, name, idx.encode(torch.zeros(shape, dtype=torch.uint8)), dataset)
    load = {"MNIST": data.load_mnist, "FashionMNIST": data.load_fashion_mnist}[dataset]
    with pytest.raises(data.DataError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"{path} is damaged (has shape {shape}, expected {mnist.SHAPES[name]}): delete it to "
        "download it again, or replace it with a good copy"
    )


@pytest.mark.parametrize("label", [10, 255])
@pytest.mark.parametrize("name", [name for name in mnist.SHAPES if "labels" in name])
@pytest.mark.parametrize("dataset", ["MNIST", "FashionMNIST"])
def test_a_label_that_is_no_class_is_found_when_the_file_is_read(
    tmp_path, offline, dataset, name, label
):
    labels = torch.arange(mnist.SHAPES[name][0]) % 10
    labels[-1] = label
    path = write(tmp_path, name, idx.encode(labels.byte()), dataset)
    load = {"MNIST": data.load_mnist, "FashionMNIST": data.load_fashion_mnist}[dataset]
    with pytest.raises(data.DataError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"{path} is damaged (has the label {label}, expected 0 to 9): delete it to download it "
        "again, or replace it with a good copy"
    )


def test_missing_data_without_download_is_an_error_and_creates_nothing(tmp_path):
    root = tmp_path / "none"
    with pytest.raises(data.MissingDataError, match=f"MNIST was not found in {root}. To get it, "):
        data.load_mnist(root, download=False)
    assert not root.exists()


def test_the_folder_is_the_argument_else_the_variable_else_data(monkeypatch):
    monkeypatch.setenv("MINICNN_DATA_DIR", "from-variable")
    assert data.data_dir("from-argument") == Path("from-argument")
    assert data.data_dir() == Path("from-variable")
    monkeypatch.delenv("MINICNN_DATA_DIR")
    assert data.data_dir() == Path("data")


def test_auto_uses_the_sample_and_says_so_if_mnist_cannot_be_downloaded(tmp_path, offline):
    train, test, note = data.load("auto", tmp_path)
    assert (train.name, test.name) == ("sample train", "sample test")
    assert note is not None
    for part in ("sample", "4,000", str(tmp_path), "there is no network", "To get it, run again"):
        assert part in note


@pytest.mark.parametrize("dataset", ["mnist", "fashion-mnist"])
def test_a_dataset_requested_by_name_is_never_replaced(tmp_path, offline, dataset):
    with pytest.raises(data.MissingDataError, match=r"could not be downloaded \(there is no netw"):
        data.load(dataset, tmp_path)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"auto, mnist, .*, or a folder of images, got 'cifar'"):
        data.load("cifar")


@pytest.mark.slow
def test_a_network_that_stalls_is_abandoned_and_leaves_no_files(
    tmp_path, monkeypatch, silent_server
):
    # A proxy replaces the real mirrors of torchvision, so that no data leaves this machine.
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, silent_server)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(mnist, "download", partial(download, stall_seconds=0.5))
    root = tmp_path / "new" / "folder"
    _, _, note = data.load("auto", root)
    assert note is not None
    assert (
        f"MNIST was not found in {root} and could not be downloaded (no data received for 0.5 s)"
        in note
    )
    assert list(tmp_path.iterdir()) == []


def test_fashion_mnist_is_read(tmp_path, offline):
    for name in mnist.SHAPES:
        write_blank(tmp_path, name, "FashionMNIST")
    labels = torch.arange(10000) % 10
    write(tmp_path, LABELS, idx.encode(labels.byte()), "FashionMNIST")
    train, test, note = data.load("fashion-mnist", tmp_path)
    assert (train.name, test.name, note) == ("Fashion-MNIST train", "Fashion-MNIST test", None)
    assert train.images.shape == (60000, 1, 28, 28)
    assert test.labels.equal(labels)


def test_fashion_mnists_damaged_file_is_named(tmp_path, offline):
    path = write(tmp_path, LABELS, good_labels[:50], "FashionMNIST")
    with pytest.raises(data.DataError, match=f"{path} is damaged .truncated: has 50 bytes"):
        data.load_fashion_mnist(tmp_path)


def test_a_good_copy_is_read_without_network_and_without_writing(mnist_root, monkeypatch):
    def forbidden(*_):
        raise AssertionError("asked the network")

    def listing():
        return {path: path.stat().st_mtime_ns for path in mnist_root.rglob("*")}

    monkeypatch.setattr(mnist, "download", forbidden)
    before = listing()
    (train, test, note) = data.load("auto", mnist_root)
    assert listing() == before
    assert note is None
    for split, name, n in ((train, "MNIST train", 60000), (test, "MNIST test", 10000)):
        assert split.name == name
        assert split.images.shape == (n, 1, 28, 28)
        assert (split.images.dtype, split.labels.dtype) == (torch.uint8, torch.int64)
    raw = mnist_root / "MNIST" / "raw"
    assert test.images[:, 0].equal(idx.decode((raw / "t10k-images-idx3-ubyte").read_bytes()))
    assert train.labels.equal(idx.decode((raw / "train-labels-idx1-ubyte").read_bytes()).long())


def test_one_missing_file_is_downloaded_and_the_others_stay(tmp_path, mnist_root, monkeypatch):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in mnist.SHAPES:
        if name != LABELS:
            (raw / name).symlink_to((mnist_root / "MNIST" / "raw" / name).resolve())

    def fetch(_, root):
        content = (mnist_root / "MNIST" / "raw" / LABELS).read_bytes()
        write(root, LABELS, content)

    monkeypatch.setattr(mnist, "download", fetch)
    _, test = data.load_mnist(tmp_path)
    assert len(test.labels) == 10000
    assert sum(path.is_symlink() for path in raw.iterdir()) == 3

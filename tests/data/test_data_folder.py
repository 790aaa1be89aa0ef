"""Class folders: torchvision's classes, order and pixels; and one line for what is refused."""

import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.datasets import ImageFolder

from minicnn import data
from minicnn.data.folder import ENDINGS
from minicnn.testing.profiles import fewer

GREY, COLOUR = ("L", "1"), ("RGB", "P", "CMYK")
ENDING_OF = {"L": ".PNG", "1": ".tiff", "RGB": ".png", "P": ".png", "CMYK": ".TIF"}

# Names as a person gives them, and as a file system may hold them: anything but "/" and NUL.
characters = st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"])
unicode_names = st.text(characters, min_size=1, max_size=12)
bytes_names = st.binary(min_size=1, max_size=12).filter(lambda b: not {0, 47} & set(b))
names = st.one_of(unicode_names, bytes_names.map(os.fsdecode)).filter(
    lambda name: not name.startswith(".") and len(os.fsencode(name)) <= 100
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="such names are refused by the system")


def paint(path: Path | str, mode: str, size: tuple[int, int], seed: int) -> None:
    """Save a picture of noise; the name may not say which format it is."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    format_ = "TIFF" if str(path).lower().endswith((".tif", ".tiff")) else "PNG"
    with open(path, "wb") as file:
        Image.fromarray(pixels).convert(mode).save(file, format_)


def make(folder: Path, *classes: str, count: int = 2, size: tuple[int, int] = (4, 4)) -> Path:
    """Make class folders of small colour pictures."""
    for k, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for n in range(count):
            paint(folder / name / f"{n}.png", "RGB", size, 10 * k + n)
    return folder


def told(folder: Path, **options) -> str:
    with pytest.raises(data.DataError) as caught:
        data.load_folder(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@st.composite
def collections(draw) -> tuple[dict[str, dict[str, str]], tuple[int, int]]:
    """Classes, each with its files and their modes; and the size of all images."""
    some = st.dictionaries(names, st.sampled_from(GREY + COLOUR), min_size=1, max_size=4)
    return (
        draw(st.dictionaries(names, some, min_size=2, max_size=5)),
        draw(st.tuples(st.integers(1, 6), st.integers(1, 6))),
    )


@linux
@settings(deadline=None)
@given(collections())
def test_any_classes_are_read_as_torchvision_reads_them(tmp_path_factory, drawn):
    classes, size = drawn
    folder = tmp_path_factory.mktemp("classes")
    for name, files in classes.items():
        (folder / name).mkdir()
        for n, (file, mode) in enumerate(files.items()):
            paint(folder / name / f"{file}{ENDING_OF[mode]}", mode, size, n)
            (folder / name / f"{file}.txt").write_text("no picture")
    split = data.load_folder(folder)
    theirs = ImageFolder(folder, transform=transforms.PILToTensor())
    modes = {mode for files in classes.values() for mode in files.values()}
    assert list(split.class_names or ()) == theirs.classes == sorted(classes)
    assert split.labels.tolist() == theirs.targets
    assert split.num_classes == len(classes)
    assert split.images.shape == (len(theirs), 1 if modes <= set(GREY) else 3, *size)
    assert split.images.is_contiguous()
    for n, image in enumerate(split.images):
        assert image.expand(3, *size).equal(theirs[n][0])


def test_folders_in_a_class_folder_are_read_in_torchvisions_order(tmp_path):
    make(tmp_path, "b/2", "b/1", "b/1/x", "a", "b/10")
    split, theirs = data.load_folder(tmp_path), ImageFolder(tmp_path, transforms.PILToTensor())
    assert split.labels.tolist() == theirs.targets == [0] * 2 + [1] * 8
    assert split.images.equal(torch.stack([image for image, _ in theirs]))


def test_every_ending_of_torchvision_and_gif_are_taken_and_no_other(tmp_path):
    from torchvision.datasets.folder import IMG_EXTENSIONS

    assert (*IMG_EXTENSIONS, ".gif") == ENDINGS
    make(tmp_path, "a", "b")
    Image.new("P", (4, 4)).save(tmp_path / "a" / "c.gif")
    for name in ("c.heic", "Thumbs.db", ".DS_Store", "png"):
        (tmp_path / "a" / name).write_text("no picture")
    assert len(data.load_folder(tmp_path).labels) == 5


def test_hidden_files_and_folders_are_no_pictures_and_no_classes(tmp_path):
    make(tmp_path, "a", "b", ".ipynb_checkpoints", "a/.thumbnails")
    (tmp_path / "a" / "._1.png").write_bytes(b"what a file manager leaves beside 1.png")
    split = data.load_folder(tmp_path)
    assert split.class_names == ("a", "b")
    assert len(split.labels) == 4


@pytest.mark.parametrize("size", [5, (5, 5)])
def test_images_of_any_size_are_scaled_to_one(tmp_path, size):
    make(tmp_path, "a", size=(10, 7))
    make(tmp_path, "b", size=(3, 30))
    assert data.load_folder(tmp_path, size).images.shape == (4, 3, 5, 5)
    assert data.load_folder(tmp_path, size, channels=1).images.shape == (4, 1, 5, 5)


def test_the_name_is_that_of_the_folder(tmp_path, monkeypatch):
    make(tmp_path / "pets", "a", "b")
    monkeypatch.chdir(tmp_path / "pets")
    assert data.load_folder(".").name == "pets"


# --- What is refused ----------------------------------------------------------------------------


def test_images_of_several_sizes_need_a_size(tmp_path):
    make(tmp_path, "a", size=(10, 7))
    make(tmp_path, "b", size=(3, 30))
    assert told(tmp_path) == (
        f"{tmp_path} has images of several sizes, and no size was given to scale them to: "
        f"10 × 7 ({tmp_path}/a/0.png) and 3 × 30 ({tmp_path}/b/0.png)"
    )


@pytest.mark.parametrize(("classes", "found"), [((), "none"), (("cat",), "only 'cat'")])
def test_a_folder_needs_two_classes(tmp_path, classes, found):
    make(tmp_path, *classes)
    (tmp_path / "a.png").write_bytes(b"")  # in no class
    assert told(tmp_path) == (
        f"{tmp_path} must have a folder of images for each of 2 or more classes, got {found}"
    )


def test_a_class_needs_an_image(tmp_path):
    make(tmp_path, "a", "b")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.me").write_text("no picture")
    assert told(tmp_path) == (
        f"{tmp_path}/notes has no images, expected files that end in {', '.join(ENDINGS)}: "
        "each folder is a class"
    )
    with pytest.raises(FileNotFoundError):  # so does torchvision
        ImageFolder(tmp_path)


def test_a_dataset_that_does_not_exist_is_said_not_to(tmp_path):
    with pytest.raises(ValueError, match=r"of images, got '.*moved', which does not exist"):
        data.load(str(tmp_path / "moved"))


def test_what_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    expected = "expected a folder with a folder of images per class"
    assert told(tmp_path / "none") == f"{tmp_path}/none does not exist: {expected}"
    assert told(tmp_path / "file") == f"{tmp_path}/file is not a folder: {expected}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_are_not_waited_for(tmp_path):
    make(tmp_path, "a", "b")
    os.mkfifo(tmp_path / "pipe")
    assert told(tmp_path / "pipe").startswith(f"{tmp_path}/pipe is not a folder")
    os.mkfifo(tmp_path / "b" / "pipe.png")
    assert told(tmp_path) == f"{tmp_path}/b/pipe.png cannot be read: it is not a file"


def test_a_link_to_a_picture_or_a_class_is_followed(tmp_path):
    make(tmp_path / "here", "a", "b")
    make(tmp_path / "elsewhere", "c")
    (tmp_path / "here" / "c").symlink_to(tmp_path / "elsewhere" / "c")
    (tmp_path / "here" / "a" / "link.png").symlink_to(tmp_path / "elsewhere" / "c" / "0.png")
    split, theirs = data.load_folder(tmp_path / "here"), ImageFolder(tmp_path / "here")
    assert split.class_names == ("a", "b", "c")
    assert split.labels.tolist() == theirs.targets


@pytest.mark.parametrize("target", ["..", ".", "../a"])
def test_a_link_to_a_folder_that_is_read_already_is_refused(tmp_path, target):
    make(tmp_path, "a", "b")
    (tmp_path / "b" / "link").symlink_to(target)
    message = told(tmp_path)
    assert message.startswith(f"{tmp_path}/b/link")
    assert message.endswith(", which is in the dataset already")
    if target != "..":  # or else it is one of the folders in that one
        real = (tmp_path / "b" / target).resolve()
        assert message == f"{tmp_path}/b/link leads to {real}, which is in the dataset already"


@pytest.mark.parametrize(
    ("link", "why"),
    [("none.png", "No such file or directory"), ("link.png", "Too many levels of symbolic links")],
)
def test_a_link_to_nothing_is_named(tmp_path, link, why):
    make(tmp_path, "a", "b")
    (tmp_path / "b" / "link.png").symlink_to(link)
    assert told(tmp_path) == f"{tmp_path}/b/link.png cannot be read: {why}"


@pytest.mark.parametrize("name", ["a/x.png", "a"])
def test_a_folder_that_may_not_be_read_is_named(tmp_path, name):
    make(tmp_path, "a", "b")
    scandir = os.scandir

    def forbid(path):
        if os.fspath(path) == os.fspath(tmp_path / "a"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    with mock.patch.object(os, "scandir", forbid):
        assert told(tmp_path) == f"{tmp_path}/a cannot be read: Permission denied"


HOSTILE = {
    "a text": b"seven",
    "nothing": b"",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "half a picture": None,
}


def spoil(path: Path, content: bytes | None) -> None:
    if content is None:
        paint(path, "RGB", (30, 30), 0)
        content = path.read_bytes()[:-1000]
    path.write_bytes(content)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_picture_is_named_and_refused_or_skipped(tmp_path, content):
    make(tmp_path, "a", "b")
    spoil(tmp_path / "a" / "0.png", content)
    message = told(tmp_path)
    assert message.startswith(f"{tmp_path}/a/0.png is ")
    errors = []
    split = data.load_folder(tmp_path, on_unreadable=errors.append)
    assert split.labels.tolist() == [0, 1, 1]
    assert list(map(str, errors)) == [message]
    assert split.images.equal(
        torch.stack([data.read_image(tmp_path / f) for f in ("a/1.png", "b/0.png", "b/1.png")])
    )


def test_a_class_of_which_nothing_can_be_read_is_refused_though_skipping(tmp_path):
    make(tmp_path, "a", "b", count=1)
    spoil(tmp_path / "b" / "0.png", b"")
    skipped = []
    assert told(tmp_path, on_unreadable=skipped.append) == (
        f"{tmp_path}/b has no image that can be read"
    )
    assert len(skipped) == 1


@linux
def test_a_message_is_one_line_whatever_the_name(tmp_path):
    make(tmp_path, "a", "b")
    (tmp_path / "a" / "x\ny.png").write_bytes(b"")
    assert f"{tmp_path}/a/x\\ny.png is no picture" in told(tmp_path)


# --- Training and test --------------------------------------------------------------------------


@fewer(5)
@given(st.lists(st.integers(1, 15), min_size=2, max_size=4).filter(lambda n: max(n) > 1))
def test_each_class_is_divided_and_none_is_left_without_training(tmp_path_factory, counts):
    folder = tmp_path_factory.mktemp("own")
    for k, count in enumerate(counts):
        make(folder, f"class {k}", count=count)
    train, test, note = data.load(str(folder))
    assert (train.name, test.name) == (f"{folder.name} train", f"{folder.name} test")
    assert train.class_names == test.class_names == tuple(f"class {k}" for k in range(len(counts)))
    for k, count in enumerate(counts):
        held = int((test.labels == k).sum())
        assert held == min(-(-count // 6), count - 1)
        assert int((train.labels == k).sum()) == count - held
    assert note == (
        f"{folder} has no folders train and test: one image in 6 of each class, "
        f"{len(test.labels)} in all, are held out for the test."
    )
    again = data.load(str(folder))
    assert train.images.equal(again[0].images)
    assert test.images.equal(again[1].images)
    whole = data.load_folder(folder)
    both = torch.cat([train.images, test.images]).flatten(1)
    assert both.unique(dim=0).equal(whole.images.flatten(1).unique(dim=0))


def test_the_first_test_images_are_not_of_one_class(tmp_path):
    make(tmp_path, "a", "b", "c", count=40)
    _, test, _ = data.load(str(tmp_path))
    assert len(test.labels[:7].unique()) == 3


def test_folders_train_and_test_are_taken_as_they_are(tmp_path):
    make(tmp_path / "own" / "train", "a", "b", count=3)
    make(tmp_path / "own" / "test", "a", "b", count=2, size=(9, 9))
    train, test, note = data.load(str(tmp_path / "own"))
    assert (train.name, test.name) == ("own train", "own test")
    assert note == f"{tmp_path / 'own'} is divided into train and test."
    assert sorted(train.labels.tolist()) == [0, 0, 0, 1, 1, 1]
    assert sorted(test.labels.tolist()) == [0, 0, 1, 1]
    assert test.images.shape[1:] == train.images.shape[1:] == (3, 4, 4)  # prepared as for training


def test_a_folder_named_train_alone_is_a_class(tmp_path):
    make(tmp_path, "car", "train")
    assert data.load(str(tmp_path))[0].class_names == ("car", "train")


@pytest.mark.parametrize("parts", [("train",), ("train", "val"), ("test", "valid")])
def test_parts_of_a_dataset_are_not_taken_for_classes(tmp_path, parts):
    for part in parts:
        make(tmp_path / part, "a", "b")
    assert refused(str(tmp_path)) == (
        f"{tmp_path} must have the folders train and test, or a folder of images for each class, "
        f"got {', '.join(parts)}"
    )


def refused(dataset: str, **options) -> str:
    with pytest.raises(data.DataError) as caught:
        data.load(dataset, **options)
    return str(caught.value)


def test_other_folders_beside_train_and_test_are_not_passed_over(tmp_path):
    make(tmp_path / "train", "a", "b")
    make(tmp_path / "test", "a", "b")
    make(tmp_path / "val", "a", "b")
    assert refused(str(tmp_path)) == (
        f"{tmp_path} has the folders train and test, expected no others beside them, got 'val'"
    )


def test_the_classes_of_training_and_test_must_be_the_same(tmp_path):
    make(tmp_path / "train", "a", "b")
    make(tmp_path / "test", "a", "b", "c")
    assert refused(str(tmp_path)) == (
        f"{tmp_path} must have the same classes in train and test, got 'c' in one of them"
    )


def test_one_image_of_each_class_is_not_enough(tmp_path):
    make(tmp_path, "a", "b", count=1)
    assert refused(str(tmp_path)) == (
        f"{tmp_path} has one image of each class, expected more: some to train with, "
        "and some to test with"
    )


def test_what_is_skipped_is_named_in_the_note(tmp_path):
    make(tmp_path, "a", "b", count=3)
    (tmp_path / "b" / "9.png").write_bytes(b"")
    assert refused(str(tmp_path)) == (f"{told(tmp_path)} (--skip-unreadable leaves such files out)")
    train, test, note = data.load(str(tmp_path), skip_unreadable=True)
    assert len(train.labels) + len(test.labels) == 6
    assert f"; skipped: {tmp_path}/b/9.png is no picture in a format" in str(note)

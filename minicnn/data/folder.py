"""Class folders: images of one's own, in a folder for each class, named after it."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from minicnn.data.errors import DataError
from minicnn.data.picture import Size, check_channels, check_size, read_image
from minicnn.data.split import Split

# What torchvision's ImageFolder takes for an image, and GIF. Any other file in a class folder is
# ignored, and so is whatever is hidden: the copies and thumbnails of file managers and editors.
ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")


def load_folder(
    path: str | os.PathLike[str],
    size: Size | None = None,
    channels: int | None = None,
    *,
    on_unreadable: Callable[[DataError], object] | None = None,
) -> Split:
    """Load class folders of images, with the classes and the order of torchvision's ImageFolder.

        path/circle/1.png   path/circle/2.jpg   path/circle/more/3.png   path/square/1.png   …

    Each folder in ``path`` is a class. The classes are numbered in the order of their names, and
    the images are in the order of their paths. Unlike ImageFolder, this turns photos upright, fills
    transparent parts with white, reduces 16 bits a pixel to 8 instead of clipping them, reads GIF,
    and ignores files and folders whose names begin with a dot.

    Args:
        path: the folder of the class folders.
        size: (height, width) in pixels to which each image is scaled and cut, or one number for
            both; None: the images are of one size, and keep it.
        channels: 1 for grey, 3 for colour; None: 1 if all images are grey, or else 3.
        on_unreadable: is called with the error of each image that cannot be read, which is then
            skipped; None: the error is raised.

    Returns:
        The images, uint8 ``(N, C, H, W)``, with the names of the classes.

    Raises:
        DataError: there is no such folder, it has fewer than two class folders or one without a
            readable image, an image cannot be read, or the images have several sizes and no
            ``size`` is given. The message names the folder or the file.
        TypeError, ValueError: ``size`` or ``channels`` is invalid.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for colour in ("red", "green", "blue"):
        ...         Path(folder, colour).mkdir()
        ...         Image.new("RGB", (60, 40), colour).save(f"{folder}/{colour}/1.png")
        ...     split = load_folder(folder, size=32)
        >>> split.images.shape, split.labels, split.class_names
        (torch.Size([3, 3, 32, 32]), tensor([0, 1, 2]), ('blue', 'green', 'red'))
    """
    check_size(size)
    check_channels(channels)
    folder = Path(path)
    names = class_folders(folder)
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        raise DataError(f"{folder} must have a folder of images for each of 2 or more classes, "
                        f"got {found}")  # fmt: skip
    files = _image_files(folder, names)
    images, first, labels, grey = torch.empty(0), "", [], True
    for file, label in files:
        try:
            image = read_image(file, size, channels)
        except DataError as error:
            if on_unreadable is None:
                raise
            on_unreadable(error)
            continue
        if not labels:  # if the memory is not enough for all, this is an error at once
            images = torch.empty(len(files), channels or 3, *image.shape[1:], dtype=torch.uint8)
            first = file
        if image.shape[1:] != images.shape[2:]:
            raise DataError(
                f"{folder} has images of several sizes, and no size was given to scale them to: "
                f"{_size(images)} ({first}) and {_size(image)} ({file})"
            )
        images[len(labels)] = image  # a grey image fills all channels
        labels.append(label)
        grey = grey and len(image) == 1
    _check_no_class_is_empty(folder, names, labels)
    images = images[: len(labels), : 1 if grey else 3]
    name = folder.resolve().name
    return Split(images.contiguous(), torch.tensor(labels), name, tuple(names))


def class_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, in order."""
    if not folder.is_dir():
        reason = "is not a folder" if os.path.lexists(folder) else "does not exist"
        raise DataError(f"{folder} {reason}: expected a folder with a folder of images per class")
    try:
        inside = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        return sorted(entry.name for entry in inside if entry.is_dir())
    except OSError as error:
        raise _unreadable(error) from error


def _image_files(folder: Path, names: list[str]) -> list[tuple[str, int]]:
    """Return the images in the class folders and in the folders in these, with their classes."""
    files, reached = [], set()
    for label, name in enumerate(names):
        walk = os.walk(folder / name, onerror=_raise_unreadable, followlinks=True)
        folders = []
        for inner, deeper, members in walk:
            deeper[:] = [name for name in deeper if not name.startswith(".")]
            real = os.path.realpath(inner)
            if real in reached:  # a link to a folder above it would be followed for ever
                raise DataError(f"{inner} leads to {real}, which is in the dataset already")
            reached.add(real)
            folders.append((inner, sorted(m for m in members if _is_image(m))))
        found = [(os.path.join(inner, m), label) for inner, ms in sorted(folders) for m in ms]
        if not found:
            endings = ", ".join(ENDINGS)
            raise DataError(
                f"{folder / name} has no images, expected files that end in {endings}: "
                "each folder is a class"
            )
        files += found
    return files


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _check_no_class_is_empty(folder: Path, names: list[str], labels: list[int]) -> None:
    present = set(labels)
    for label, name in enumerate(names):
        if label not in present:
            raise DataError(f"{folder / name} has no image that can be read")


def _size(images: Tensor) -> str:
    return f"{images.shape[-2]} × {images.shape[-1]}"


def _raise_unreadable(error: OSError) -> None:
    raise _unreadable(error) from error


def _unreadable(error: OSError) -> DataError:
    return DataError(f"{error.filename} cannot be read: {error.strerror}")

"""Picture files: open one safely, and read it as an image of a given size."""

import os
import warnings

import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from minicnn import checks
from minicnn.data.errors import DataError

# Pillow knows more, and starts another program, Ghostscript, to read one of them.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM")
Size = int | tuple[int, int]  # (height, width) in pixels, or one number for both


def open_picture(path: str | os.PathLike[str]) -> Image.Image:
    """Open a picture file from any source.

    A file that is not what its name says may be a pipe, a program for Ghostscript, or a few
    kilobytes that unpack to gigabytes: only common formats of an acceptable size are read.

    Args:
        path: a PNG, JPEG, WebP, TIFF, GIF, BMP or PPM file with one picture.

    Returns:
        The picture, turned upright if a camera stored its orientation. Its mode is "L" (grey),
        "RGB", "LA" or "RGBA" (with transparent parts); 16 bits a pixel are reduced to 8.

    Raises:
        DataError: the file cannot be read, is not a picture, is damaged, has several frames, has
            more than 16 bits a pixel and channel, or has more pixels than Pillow considers safe.

    Example:
        >>> open_picture("no-such-file.png")
        Traceback (most recent call last):
        minicnn.data.errors.DataError: no-such-file.png cannot be read: No such file or directory
    """
    name = os.fspath(path)
    try:
        checks.file(path)
    except OSError as error:
        kind = "Is a directory" if os.path.isdir(path) else "it is not a file"
        raise DataError(f"{name} cannot be read: {error.strerror or kind}") from error
    try:
        return _decode(path)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(
            f"{name} is no picture in a format that Pillow reads safely: {', '.join(FORMATS)}"
        ) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        limit = f"{Image.MAX_IMAGE_PIXELS:,} pixels, expected no more than Pillow's limit"
        raise DataError(f"{name} has more than {limit}") from error
    except OSError as error:
        if error.strerror is None:  # raised by Pillow, not by the operating system
            raise DataError(f"{name} is damaged: {error}") from error
        raise DataError(f"{name} cannot be read: {error.strerror}") from error
    except Exception as error:  # a damaged file can make a decoder raise anything
        raise DataError(f"{name} is damaged: {error}") from error


def read_image(
    path: str | os.PathLike[str], size: Size | None = None, channels: int | None = None
) -> Tensor:
    """Read a picture as an image like those of ``Split.images``.

    It is scaled to fill the size, and cut off on two sides if its shape differs. Transparent parts
    become white.

    Args:
        path: a picture, as for ``open_picture``.
        size: (height, width) in pixels, or one number for both; None: the size of the picture.
        channels: 1 for grey, 3 for colour; None: as the picture is.

    Returns:
        ``(C, H, W)``, uint8.

    Raises:
        DataError: the file cannot be read, as for ``open_picture``.
        TypeError, ValueError: ``size`` or ``channels`` is invalid.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (90, 60), "red").save(f"{folder}/red.png")
        ...     image = read_image(f"{folder}/red.png", size=32)
        >>> image.shape, image[:, 0, 0]
        (torch.Size([3, 32, 32]), tensor([255,   0,   0], dtype=torch.uint8))
    """
    wanted = check_size(size)
    check_channels(channels)
    picture = open_picture(path)
    if picture.mode in ("LA", "RGBA"):
        opaque = picture.convert(picture.mode.removesuffix("A"))  # drops the transparency
        opaque.paste("white", mask=ImageOps.invert(picture.getchannel("A")))
        picture = opaque
    if channels is not None:
        picture = picture.convert("L" if channels == 1 else "RGB")
    if wanted is not None:
        height, width = wanted
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width, -1).permute(2, 0, 1).contiguous()


def check_size(size: Size | None) -> tuple[int, int] | None:
    """Return a size as (height, width)."""
    if size is None:
        return None
    pair = (size, size) if isinstance(size, int) else size
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"size must be an integer or (height, width), got {size!r}")
    return checks.integer("size", pair[0], 1), checks.integer("size", pair[1], 1)


def check_channels(channels: int | None) -> None:
    """Check that ``channels`` is 1, 3 or None."""
    if channels not in (1, 3, None):
        raise ValueError(f"channels must be 1, 3 or None, got {channels!r}")


def _decode(path: str | os.PathLike[str]) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow only warns of a possible decompression bomb: a small file with very many pixels.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(path, formats=FORMATS)
    with picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format != "MPO":  # a camera's: the photo and a smaller copy
            raise DataError(f"{os.fspath(path)} has {frames} frames or pages, expected one picture")
        # 16 bits are scaled below. Numbers of a wider range have no fixed black and white.
        if picture.mode == "F" or (picture.mode == "I" and picture.format == "TIFF"):
            kind = "floating-point numbers" if picture.mode == "F" else "numbers of 32 bits"
            raise DataError(f"{os.fspath(path)} has {kind} as pixels, expected 8 or 16 bits")
        upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16 bits: convert("L") alone would clip everything above 255
        return upright.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    colours = "L" if upright.mode in ("1", "L", "LA", "La") else "RGB"
    return upright.convert(colours + "A" if upright.has_transparency_data else colours)

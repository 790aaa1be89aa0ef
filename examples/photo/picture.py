"""From a file to one grey picture: upright, of 8 bits, with nothing transparent left."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if (
    TYPE_CHECKING
):  # Pillow is imported where a picture is read, so that `import minicnn` stays quick
    from PIL.Image import Image

SMALLEST = 8  # pixels: with less, a digit has no shape
ONE_COLOUR = 0.1 * 255  # the standard deviation of what is painted with one pen, at most


class NoDigitError(ValueError):
    """The picture shows no digit that can be read; the message fits after the file's name."""


def open_grey(path: str | os.PathLike[str]) -> Image:
    """Open a picture of any kind, and make one grey channel of it.

    Of red, green and blue it takes the one whose values differ most: yellow ink on white paper
    hardly differs from it in brightness, but all the more in blue.

    Args:
        path: the file.

    Returns:
        A picture of mode "L", 0 (black) to 255 (white).

    Raises:
        NoDigitError: if the file cannot be read, or is no single picture of a bearable size.

    Example:
        >>> open_grey("no-such-file.png")
        Traceback (most recent call last):
        examples.photo.picture.NoDigitError: cannot be read: No such file or directory
    """
    from PIL import ImageStat

    picture = _open(path)
    if max(picture.size) < SMALLEST:
        raise NoDigitError(
            f"has {picture.width} × {picture.height} pixels, expected at least {SMALLEST} one way"
        )
    if picture.mode == "I":  # 16 bits, of which convert("L") alone would cut off all above 255
        return picture.point(lambda value: value * (1 / 257)).convert("L")
    colours = _without_transparency(picture) if picture.mode == "RGBA" else picture
    deviations = ImageStat.Stat(colours).stddev
    return colours.getchannel(deviations.index(max(deviations)))


def to_tensor(picture: Image) -> Tensor:
    """Copy a grey picture into a uint8 tensor ``(H, W)``."""
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width)


def to_picture(pixels: Tensor) -> Image:
    """Copy a uint8 tensor ``(H, W)`` into a grey picture."""
    from PIL import Image

    height, width = pixels.shape
    return Image.frombytes("L", (width, height), pixels.contiguous().numpy().tobytes())


def _open(path: str | os.PathLike[str]) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        return _decode(path)
    except NoDigitError:
        raise
    except UnidentifiedImageError as error:
        raise NoDigitError(
            "is no picture in a format that Pillow reads, such as PNG or JPEG"
        ) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise NoDigitError(
            f"has more than {Image.MAX_IMAGE_PIXELS:,} pixels, expected no more than Pillow's limit"
        ) from error
    except OSError as error:
        if error.strerror is None:  # Pillow's own, not the operating system's
            raise NoDigitError(f"is damaged: {error}") from error
        raise NoDigitError(f"cannot be read: {error.strerror}") from error
    except Exception as error:  # a damaged file can make a decoder raise anything
        raise NoDigitError(f"is damaged: {error}") from error


def _decode(path: str | os.PathLike[str]) -> Image:
    """Read a file into an upright picture of mode "RGB", "RGBA" or, if it has 16 bits, "I"."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        # Pillow only warns of what may be a decompression bomb: a small file of enormous size.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(path)
    with picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format != "MPO":  # a camera's: the photo, then a smaller copy
            raise NoDigitError(f"has {frames} frames or pages, expected one picture")
        upright = ImageOps.exif_transpose(picture)
    deep, clear = upright.mode.startswith("I"), upright.has_transparency_data
    return upright.convert("I" if deep else "RGBA" if clear else "RGB")


def _without_transparency(picture: Image) -> Image:
    """Fill what is transparent so that the ink stands out: it may be black, or white.

    If all that is opaque has one colour it is the ink, and the opacity says where it is. Otherwise
    it holds both paper and ink, and what is missing gets the colour of the paper: the median.
    """
    from PIL import ImageOps, ImageStat

    colours, alpha = picture.convert("RGB"), picture.getchannel("A")
    opaque = alpha.point([0] * 128 + [255] * 128)
    if opaque.getbbox() is None:
        raise NoDigitError("is transparent everywhere, expected a digit on it")
    seen = ImageStat.Stat(colours, opaque)
    if max(seen.stddev) < ONE_COLOUR and opaque.getextrema() != (255, 255):
        return ImageOps.invert(alpha).convert("RGB")
    colours.paste(tuple(seen.median), mask=ImageOps.invert(alpha))
    return colours

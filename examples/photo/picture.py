"""Open a file as one grey picture, refuse what cannot be read, and shrink it to a tensor."""

import os
import warnings

import torch
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError
from torch import Tensor

SMALLEST = 8  # pixels: a smaller digit has no shape
ONE_COLOUR = 0.1 * 255  # the largest standard deviation of what was painted with one pen
LONGEST = 256  # pixels of a thumbnail
REACH = 2  # pixels within which a sharp edge changes completely


class NoDigitError(ValueError):
    """The picture shows no readable digit; the message follows the file's name in a sentence."""


def open_grey(path: str | os.PathLike[str]) -> Image.Image:
    """Open a picture of any kind and return one grey channel of it.

    Of red, green and blue it takes the channel with the largest standard deviation: yellow ink on
    white paper hardly differs from it in brightness, but differs strongly in blue.

    Args:
        path: the file.

    Returns:
        A picture of mode "L", 0 (black) to 255 (white).

    Raises:
        NoDigitError: the file cannot be read, or is not a single picture of an acceptable size.

    Example:
        >>> open_grey("no-such-file.png")
        Traceback (most recent call last):
        examples.photo.picture.NoDigitError: cannot be read: No such file or directory
    """
    picture = _open(path)
    if max(picture.size) < SMALLEST:
        raise NoDigitError(
            f"has {picture.width} × {picture.height} pixels, expected at least {SMALLEST} one way"
        )
    if picture.mode == "I":  # 16 bits: convert("L") alone would clip everything above 255
        return picture.point(lambda value: value * (1 / 257)).convert("L")
    colours = _fill_transparency(picture) if picture.mode == "RGBA" else picture
    deviations = ImageStat.Stat(colours).stddev
    return colours.getchannel(deviations.index(max(deviations)))


def to_tensor(picture: Image.Image) -> Tensor:
    """Copy a grey picture into a uint8 tensor ``(H, W)``."""
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width)


def to_picture(pixels: Tensor) -> Image.Image:
    """Copy a uint8 tensor ``(H, W)`` into a grey picture."""
    height, width = pixels.shape
    return Image.frombytes("L", (width, height), pixels.contiguous().numpy().tobytes())


def thumbnail(picture: Image.Image) -> Tensor:
    """Shrink a picture to at most 256 pixels each way, with values in [0, 1].

    Shrinking averages pixels, which removes much of a photo's noise.

    Args:
        picture: of mode "L", of any size.

    Returns:
        ``(H, W)``, float32, 0 (black) to 1 (white).
    """
    factor = min(1, LONGEST / max(picture.size))
    width, height = (max(2 * REACH, round(factor * side)) for side in picture.size)
    return to_tensor(picture.resize((width, height), Image.Resampling.BOX)).float() / 255


def steps(grey: Tensor) -> Tensor:
    """Compute the changes of grey along the rows: ``y[i, j] = x[i, j + 2] − x[i, j]``."""
    return grey[:, REACH:] - grey[:, :-REACH]


def strongest_step(grey: Tensor) -> float:
    """Compute the largest absolute change of grey along a row or a column."""
    # One of the two is empty where the picture is narrower than the reach.
    return torch.cat([steps(grey).flatten(), steps(grey.T).flatten()]).abs().max().item()


def _open(path: str | os.PathLike[str]) -> Image.Image:
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
        if error.strerror is None:  # raised by Pillow, not by the operating system
            raise NoDigitError(f"is damaged: {error}") from error
        raise NoDigitError(f"cannot be read: {error.strerror}") from error
    except Exception as error:  # a damaged file can make a decoder raise anything
        raise NoDigitError(f"is damaged: {error}") from error


def _decode(path: str | os.PathLike[str]) -> Image.Image:
    """Read a file into an upright picture of mode "RGB", "RGBA" or, if it has 16 bits, "I"."""
    with warnings.catch_warnings():
        # Pillow only warns of a possible decompression bomb: a small file with very many pixels.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(path)
    with picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format != "MPO":  # a camera's: the photo and a smaller copy
            raise NoDigitError(f"has {frames} frames or pages, expected one picture")
        upright = ImageOps.exif_transpose(picture)
    deep, clear = upright.mode.startswith("I"), upright.has_transparency_data
    return upright.convert("I" if deep else "RGBA" if clear else "RGB")


def _fill_transparency(picture: Image.Image) -> Image.Image:
    """Fill transparent pixels so that the ink, which may be black or white, stands out.

    If all opaque pixels have one colour they are the ink, and the opacity shows where it is.
    Otherwise they are paper and ink, and transparent pixels get the paper's colour: the median.
    """
    colours, alpha = picture.convert("RGB"), picture.getchannel("A")
    opaque = alpha.point([0] * 128 + [255] * 128)
    if opaque.getbbox() is None:
        raise NoDigitError("is transparent everywhere, expected a digit on it")
    seen = ImageStat.Stat(colours, opaque)
    if max(seen.stddev) < ONE_COLOUR and opaque.getextrema() != (255, 255):
        return ImageOps.invert(alpha).convert("RGB")
    colours.paste(tuple(seen.median), mask=ImageOps.invert(alpha))
    return colours

"""Open a picture without transparent parts, and shrink one channel to a tensor."""

import math
import os

import torch
from PIL import Image, ImageOps, ImageStat
from torch import Tensor

from minicnn import data

from .regions import close

SMALLEST = 8  # pixels: a smaller digit has no shape
ONE_COLOUR = 0.1 * 255  # the largest standard deviation of what was painted with one pen
LONGEST = 256  # pixels of a thumbnail
WIDE = 0.12  # of a picture's longer side: wider than most strokes
QUIET = 1 / 16  # of the strongest step: the deviation of noise that does no harm
MOST_BLURS = 8  # more would blur the strokes
REACH = 2  # pixels within which a sharp edge changes completely


class NoDigitError(ValueError):
    """The picture shows no readable digit; the message follows the file's name in a sentence."""


def open_opaque(path: str | os.PathLike[str]) -> Image.Image:
    """Open a picture of any kind, upright, with transparent parts filled.

    Args:
        path: the file.

    Returns:
        A picture of mode "RGB" or "L".

    Raises:
        DataError: the file cannot be read, or is not a single picture of an acceptable size.
        NoDigitError: the picture is too small for a digit, or transparent everywhere.

    Example:
        >>> open_opaque("no-such-file.png")
        Traceback (most recent call last):
        minicnn.data.errors.DataError: no-such-file.png cannot be read: No such file or directory
    """
    picture = data.open_picture(path)
    if max(picture.size) < SMALLEST:
        raise NoDigitError(
            f"has {picture.width} × {picture.height} pixels, expected at least {SMALLEST} one way"
        )
    return _fill_transparency(picture) if picture.mode in ("LA", "RGBA") else picture


def clearest_channel(picture: Image.Image) -> Image.Image:
    """Return the one of red, green and blue in which strokes stand out most.

    Yellow ink on white paper hardly differs from it in brightness, but differs strongly in blue;
    blue ink on a yellow note does not. So the standard deviation is compared, of what remains after
    everything that is wider than a stroke is subtracted, such as the note.

    Args:
        picture: of mode "RGB" or "L".

    Returns:
        A picture of mode "L", 0 (black) to 255 (white).
    """

    def contrast(channel: Image.Image) -> float:
        grey = thumbnail(channel)
        radius = int(WIDE * max(grey.shape) / 2)
        dark, light = close(grey, radius) - grey, close(-grey, radius) + grey
        return max(dark.std().item(), light.std().item())

    return max(picture.split(), key=contrast)


def to_tensor(picture: Image.Image) -> Tensor:
    """Copy a grey picture into a uint8 tensor ``(H, W)``."""
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width)


def to_picture(pixels: Tensor) -> Image.Image:
    """Copy a uint8 tensor ``(H, W)`` into a grey picture."""
    height, width = pixels.shape
    return Image.frombytes("L", (width, height), pixels.contiguous().numpy().tobytes())


def thumbnail(picture: Image.Image) -> Tensor:
    """Shrink a picture to at most 256 pixels each way, with values in [0, 1], without noise.

    Shrinking averages pixels, which removes much of a photo's noise; what remains is blurred.

    Args:
        picture: of mode "L", of any size.

    Returns:
        ``(H, W)``, float32, 0 (black) to 1 (white).
    """
    factor = min(1, LONGEST / max(picture.size))
    width, height = (max(2 * REACH, round(factor * side)) for side in picture.size)
    return _smooth(to_tensor(picture.resize((width, height), Image.Resampling.BOX)).float() / 255)


def steps(grey: Tensor) -> Tensor:
    """Compute the changes of grey along the rows: ``y[i, j] = x[i, j + 2] − x[i, j]``."""
    return grey[:, REACH:] - grey[:, :-REACH]


def strongest_step(grey: Tensor) -> float:
    """Compute the largest absolute change of grey along a row or a column."""
    # One of the two is empty where the picture is narrower than the reach.
    return torch.cat([steps(grey).flatten(), steps(grey.T).flatten()]).abs().max().item()


def _smooth(grey: Tensor) -> Tensor:
    """Blur a noisy picture, as little as the noise requires.

    The noise is estimated from the differences of differences of four neighbours, whose deviation
    is twice that of the noise; a quarter of a normal distribution is within 0.32 deviations.
    Each blur by (1, 2, 1) / 4 in both directions widens the kernel; after k of them, the noise is
    about 1 / (2.5 √k) of what it was.

    Reference: Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996, with a larger mask.
    """
    across = grey[:, 1:] - grey[:, :-1]
    noise = (across[1:] - across[:-1]).abs().quantile(0.25).item() / (2 * 0.32)
    strongest = strongest_step(grey)
    if noise <= QUIET * strongest:
        return grey
    for _ in range(min(MOST_BLURS, math.ceil((noise / (2.5 * QUIET * strongest)) ** 2))):
        for _ in range(2):
            padded = torch.cat([grey[:1], grey, grey[-1:]])
            grey = ((padded[:-2] + 2 * grey + padded[2:]) / 4).T
    return grey


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

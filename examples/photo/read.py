"""Read one's own digit: from a photo or a drawing in a file to what the network expects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from torch import Tensor

from minicnn.data.errors import DataError

from .ink import ink_of
from .normalise import extent, normalise
from .picture import NoDigitError, open_grey
from .polarity import on_light_paper
from .sheet import without_surroundings

if TYPE_CHECKING:
    from PIL.Image import Image


def read_digit(path: str | os.PathLike[str]) -> Tensor:
    """Read a photo or a drawing of one handwritten digit, and make it look like one of MNIST's.

    A network knows nothing but what it was trained on: light ink on black, 28 × 28 pixels, of the
    size and at the place that MNIST's authors gave every digit. So this does what they did, after
    what a photo needs and their scans did not:

    1. The file becomes one grey picture, upright, transparent parts filled (``picture``).
    2. If a whole sheet of paper lies in it, or a frame goes around it, what is outside of that is
       painted over (``sheet``). Light ink on dark paper is inverted (``polarity``).
    3. The picture is divided by the brightness of its paper, which leaves shadows out; what is
       then darker than a threshold is ink, and specks are not (``ink``). This happens twice: once
       to find the digit, and once more, closer up, to see it well.
    4. Strokes far thinner than MNIST's are thickened, the digit is scaled to fit a box of 20 × 20
       and put into 28 × 28 with its centre of mass in the middle (``normalise``).

    Args:
        path: a picture in any format that Pillow reads (PNG, JPEG, WebP, BMP, …), of any size and
            colours, that shows one digit, dark on light or light on dark, with some of the paper
            around it. An upright one: nothing here turns a picture, but for the note that a
            camera leaves in it. A shadow with a hard edge should be far wider than the strokes: a
            narrow one, or the tip of one, may be taken for ink.

    Returns:
        ``(1, 28, 28)``, uint8, 0 (paper) to 255 (ink), like one of ``Split.images``.

    Raises:
        DataError: if the file cannot be read, is no picture, is truncated, has several frames or
            more pixels than Pillow thinks safe; if the picture or the digit in it has less than 8
            pixels; if there is no ink on it; or if the ink is a blot and no strokes.

    Example:
        >>> import tempfile
        >>> from PIL import Image, ImageDraw
        >>> drawing = Image.new("RGB", (300, 200), "lightyellow")
        >>> ImageDraw.Draw(drawing).line([(110, 50), (170, 50), (130, 150)], fill="navy", width=12)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     drawing.save(f"{folder}/seven.png")
        ...     digit = read_digit(f"{folder}/seven.png")
        >>> digit.shape, digit.dtype
        (torch.Size([1, 28, 28]), torch.uint8)
        >>> for row in digit[0, 7:27:2, 7:22]:
        ...     print("".join(" .+#"[grey // 64] for grey in row.tolist()).rstrip())
         ###########
                 .##+
                 +##
                .##
                ##.
               ##.
              +#+
             +##
            .##
            ##.

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86(11), 1998, section III-A, and "The MNIST database",
    http://yann.lecun.com/exdb/mnist/.
    """
    try:
        picture = on_light_paper(without_surroundings(open_grey(path)))
        return normalise(ink_of(_around_the_digit(picture)))
    except NoDigitError as error:
        raise DataError(f"{os.fspath(path)} {error}") from error


def _around_the_digit(picture: Image) -> Image:
    """Cut out the digit, with half of its length on every side: enough to tell ink from paper."""
    ink = ink_of(picture)
    down, across = picture.height / ink.shape[0], picture.width / ink.shape[1]
    top, left, height, width = extent(ink)
    margin = max(height * down, width * across) / 2
    return picture.crop(
        (
            max(0, round(left * across - margin)),
            max(0, round(top * down - margin)),
            min(picture.width, round((left + width) * across + margin)),
            min(picture.height, round((top + height) * down + margin)),
        )
    )

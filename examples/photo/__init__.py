"""Read a photo or a drawing of a handwritten digit as an image like MNIST's.

The order of the work is that of the modules: ``picture`` opens the file, ``sheet`` finds the paper,
``lines`` erases what is printed across it, ``ink`` finds the ink, ``pieces`` chooses the digit in
it, ``normalise`` scales and centres the digit. ``regions`` holds the image processing that they
share.
"""

import os

from PIL.Image import Image
from torch import Tensor

from minicnn.data import DataError

from .ink import find_ink
from .normalise import bounding_box, normalise
from .picture import NoDigitError, clearest_channel, open_opaque
from .sheet import on_light_paper, without_surroundings

__all__ = ["read_digit"]


def read_digit(path: str | os.PathLike[str]) -> Tensor:
    """Read a photo or a drawing of one handwritten digit, and make it look like one of MNIST's.

    A network recognises only what resembles its training data: white ink on black, 28 × 28 pixels,
    with MNIST's size and position. So this repeats the preprocessing of MNIST, after the steps that
    a photo needs and MNIST's scans did not:

    1. The file is opened, upright, with transparent parts filled (``picture``).
    2. If the picture shows a whole sheet of paper, or a frame, everything outside it is cut off or
       painted over (``sheet``). Of red, green and blue, the channel that shows strokes best is
       taken; noise is blurred (``picture``). Light ink on dark paper is inverted (``sheet``).
    3. The lines of ruled or squared paper are erased (``lines``).
    4. The picture is divided by the brightness of its paper, which removes shadows. What is then
       darker than a threshold is ink (``ink``).
    5. The digit is chosen among the connected pieces of ink; specks and printed lines are erased
       (``pieces``). Steps 3 to 5 are done twice: once to find the digit, and once more on a crop
       around it, at a higher resolution.
    6. Strokes far thinner than MNIST's are thickened. The digit is scaled to fit a box of 20 × 20
       and placed in an image of 28 × 28 by its centre of mass (``normalise``).

    Args:
        path: a picture (PNG, JPEG, WebP, TIFF, GIF, BMP or PPM), of any size and colours, that
            shows one digit, dark on light or light on dark, with some paper around it. It must be
            upright: only the orientation that a camera stores in the file is corrected. A shadow
            with a hard edge should be far wider than the strokes: a narrow shadow, or the tip of
            one, may be taken for ink.

    Returns:
        ``(1, 28, 28)``, uint8, 0 (paper) to 255 (ink), like an image of ``Split.images``.

    Raises:
        DataError: the file cannot be read, is not a picture, is truncated, has several frames or
            more pixels than Pillow considers safe; the picture or the digit in it is smaller than
            8 pixels; there is no ink; there are several characters; or the ink is a blot without
            strokes.

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
        sheet = without_surroundings(open_opaque(path))
        picture = on_light_paper(clearest_channel(sheet))
        return normalise(find_ink(_crop_to_digit(picture)))
    except NoDigitError as error:
        raise DataError(f"{os.fspath(path)} {error}") from error


def _crop_to_digit(picture: Image) -> Image:
    """Crop to the digit, with a margin of half its length: enough to tell ink from paper."""
    ink = find_ink(picture)
    down, across = picture.height / ink.shape[0], picture.width / ink.shape[1]
    top, left, height, width = bounding_box(ink)
    margin = max(height * down, width * across) / 2
    return picture.crop(
        (
            max(0, round(left * across - margin)),
            max(0, round(top * down - margin)),
            min(picture.width, round((left + width) * across + margin)),
            min(picture.height, round((top + height) * down + margin)),
        )
    )

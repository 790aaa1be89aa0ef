"""The IDX format of the MNIST files: a header with the shape, then the bytes."""

import math
import struct

import torch
from torch import Tensor

UBYTE = 0x08


def encode(array: Tensor) -> bytes:
    """Encode a uint8 tensor in the IDX format.

    ======================  ==========================================================
    bytes                   meaning
    ======================  ==========================================================
    0, 1                    zero
    2                       type of the elements: 8 for an unsigned byte
    3                       d, the number of dimensions
    4 to 3 + 4d             the d sizes, each a 32-bit integer, most significant byte first
    4 + 4d to the end       the elements, last dimension fastest
    ======================  ==========================================================

    Args:
        array: uint8, of any shape.

    Returns:
        The content of the file, of 4 + 4d + (number of elements) bytes.

    Raises:
        TypeError: if ``array`` is not uint8.

    Example:
        >>> encode(torch.tensor([5, 0, 4], dtype=torch.uint8)).hex(" ", -4)
        '00000801 00000003 050004'

    Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/.
    """
    if array.dtype != torch.uint8:
        raise TypeError(f"array must be uint8, got {array.dtype}")
    header = struct.pack(f">HBB{array.dim()}I", 0, UBYTE, array.dim(), *array.shape)
    return header + array.numpy().tobytes()


def decode(content: bytes) -> Tensor:
    """Decode an IDX file of unsigned bytes; the inverse of ``encode``.

    Args:
        content: all bytes of the file.

    Returns:
        A uint8 tensor of the shape in the header.

    Raises:
        ValueError: if this is not such a file, or its length does not match the header.

    Example:
        >>> decode(bytes.fromhex("00000801 00000003 050004"))
        tensor([5, 0, 4], dtype=torch.uint8)
        >>> decode(bytes.fromhex("00000801 00000003 0500"))
        Traceback (most recent call last):
        ValueError: truncated: has 10 bytes, expected 11
    """
    if len(content) < 4:
        raise ValueError(f"truncated: has {len(content)} bytes, expected at least 4")
    zero, kind, dims = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != UBYTE:
        raise ValueError(f"not an IDX file of unsigned bytes: starts with {content[:4].hex(' ')}")
    start = 4 + 4 * dims
    if len(content) < start:
        raise ValueError(f"truncated: has {len(content)} bytes, expected at least {start}")
    shape = struct.unpack_from(f">{dims}I", content, 4)
    expected = start + math.prod(shape)
    if len(content) != expected:
        fault = "truncated" if len(content) < expected else "too long"
        raise ValueError(f"{fault}: has {len(content)} bytes, expected {expected}")
    # A bytearray, because the memory of a tensor must be writable, and bytes are read-only.
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)[start:].reshape(shape)

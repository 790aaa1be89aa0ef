"""Argument checks: the error names the argument, its value and what was expected."""

import os
from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from torch import Tensor


def tensor(name: str, value: Any) -> Tensor:
    """Return ``value`` if it is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
    return value


def same_dtype(name: str, value: Any, input: Tensor) -> None:
    """Check that a parameter is a tensor of input's dtype.

    Where input holds integers it is to blame: images as they are stored, for example.
    """
    dtype = tensor(name, value).dtype
    if dtype != input.dtype and dtype.is_floating_point and not input.is_floating_point():
        raise TypeError(f"input must have {name}'s dtype {dtype}, got {input.dtype}")
    if dtype != input.dtype:
        raise TypeError(f"{name} must have input's dtype {input.dtype}, got {dtype}")


def boolean(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def integer(name: str, value: Any, minimum: int | None = None) -> int:
    """Return ``value`` if it is an integer of at least ``minimum``; a bool is not accepted."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return value


def seed(name: str, value: Any) -> int:
    """Return ``value`` if it is an integer in [0, 2³²).

    torch's CPU generator uses only 32 bits of its seed: seeds that differ by 2³² would be the same.
    """
    if not integer(name, value, 0) < 2**32:
        raise ValueError(f"{name} must be below 2**32, got {value}")
    return value


def number(name: str, value: Any, accept: Callable[[float], bool], expected: str) -> float:
    """Return ``value`` if it is a real number for which ``accept`` is true.

    ``expected`` describes the accepted numbers in the message. NaN fails every comparison, so an
    ``accept`` written as a comparison rejects it.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not accept(float(value)):
        raise ValueError(f"{name} must be {expected}, got {value}")
    return float(value)


def probability(name: str, value: Any) -> float:
    """Return ``value`` if it is in [0, 1]."""
    return number(name, value, lambda v: 0 <= v <= 1, "in [0, 1]")


def non_negative(name: str, value: Any) -> float:
    """Return ``value`` if it is finite and at least 0."""
    return number(name, value, lambda v: 0 <= v < float("inf"), "a finite number of at least 0")


def positive(name: str, value: Any) -> float:
    """Return ``value`` if it is finite and above 0."""
    return number(name, value, lambda v: 0 < v < float("inf"), "a finite number above 0")


def file(path: str | os.PathLike[str]) -> Path:
    """Return the path if it is a file; a folder cannot be read, and a pipe would be waited for."""
    found = Path(path)
    if found.exists() and not found.is_file():
        raise OSError(f"{found} is not a file")
    return found


def first_few(names: Sequence[str]) -> str:
    """List names in a message: the first three, and how many more there are."""
    shown = ", ".join(map(repr, names[:3])) or "nothing"
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown

"""Compare a result with the expected one and describe the first difference."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minicnn.exercises.words import number


@dataclass(frozen=True)
class Fault:
    """What is wrong with one call.

    Attributes:
        kind: "values", "shape", "dtype", "type", "changed", "raised", "time", …
        words: the description, a sentence or two.
        part: index of the result that is wrong, if there are several.
    """

    kind: str
    words: str
    part: int = 0


@dataclass(frozen=True)
class Foreign:
    """A result that is no tensor, number or tuple: its type and how it is shown.

    Attributes:
        kind: the name of its type.
        shown: the start of its repr.
    """

    kind: str
    shown: str

    def __repr__(self) -> str:
        return self.shown


def compare(expected: Any, got: Any, names: tuple[str, ...]) -> Fault | None:
    """Return the first fault of a result, or None if it is right.

    Args:
        expected: a tensor, a number, or a tuple of them.
        got: any object.
        names: the names of the parts of the result.

    Example:
        >>> compare(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), ("the result",)).words
        'the result is wrong at [1]: expected 2, got 3.'
        >>> compare(torch.zeros(2), torch.zeros(1, 2), ("the result",)).kind
        'shape'
    """
    if got is None:
        return Fault("type", "It returned None: is there a `return` at the end of every path?")
    if not isinstance(expected, tuple):
        return _compare(expected, got, names[0], 0)
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        many = f"{len(got)}" if isinstance(got, (tuple, list)) else f"a single {_kind(got)}"
        return Fault("type", f"Expected {len(expected)} results, {_and(names)}; got {many}.")
    pairs = zip(expected, got, names, strict=True)
    faults = (_compare(e, g, name, part) for part, (e, g, name) in enumerate(pairs))
    return next((fault for fault in faults if fault), None)


def near(expected: Tensor, got: Tensor) -> Tensor:
    """Return, for each number, whether two thirds of its digits are as expected.

    The rule is that of `minicnn.testing.assert_near`.

    Example:
        >>> near(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]))
        tensor([ True, False])
    """
    if not expected.is_floating_point():
        return expected == got
    finite = expected[expected.isfinite()].abs()
    scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
    tolerance = scale * torch.finfo(expected.dtype).eps ** (2 / 3)
    return torch.isclose(got, expected, rtol=0, atol=tolerance, equal_nan=True)


def _compare(expected: Any, got: Any, name: str, part: int) -> Fault | None:
    if not isinstance(expected, Tensor):
        return _compare_numbers(expected, got, name, part)
    if not isinstance(got, Tensor):
        return Fault("type", f"{name} must be a torch.Tensor, got a {_kind(got)}.", part)
    if got.shape != expected.shape:
        shapes = f"expected {tuple(expected.shape)}, got {tuple(got.shape)}"
        return Fault("shape", f"{name} has the wrong shape: {shapes}.", part)
    if got.dtype != expected.dtype:
        dtypes = f"expected {expected.dtype}, got {got.dtype}"
        return Fault("dtype", f"{name} has the wrong dtype: {dtypes}.", part)
    wrong = (~near(expected, got.detach())).nonzero().tolist()
    return _at(wrong, expected, got, name, part) if wrong else None


def _at(wrong: list[list[int]], expected: Tensor, got: Tensor, name: str, part: int) -> Fault:
    """Name the first wrong position and count the others."""
    first = tuple(wrong[0])
    where = f" at {wrong[0]}" if first else ""
    both = f"expected {number(expected[first].item())}, got {number(got[first].item())}"
    more = f" ({len(wrong)} of its {expected.numel()} numbers are wrong)" if len(wrong) > 1 else ""
    return Fault("values", f"{name} is wrong{where}: {both}{more}.", part)


def _compare_numbers(expected: Any, got: Any, name: str, part: int) -> Fault | None:
    wanted = int if isinstance(expected, int) else (int, float)
    if isinstance(got, bool) or not isinstance(got, wanted):
        kind = "fraction" if isinstance(got, float) else "type"
        words = f"{name} must be a Python {_kind(expected)}, got a {_kind(got)}: {got!r:.40}."
        return Fault(kind, words, part)
    if near(torch.tensor(expected, dtype=torch.float64), torch.tensor(got, dtype=torch.float64)):
        return None
    both = f"expected {number(expected)}, got {number(got)}"
    return Fault("values", f"{name} is wrong: {both}.", part)


def _kind(value: Any) -> str:
    return value.kind if isinstance(value, Foreign) else type(value).__name__


def _and(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]

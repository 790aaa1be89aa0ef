"""Format arguments and results, with arrays that are small enough to read."""

from itertools import product
from typing import Any

from torch import Tensor

MOST_NUMBERS = 64  # per array


def number(value: float) -> str:
    """Format a number with at most five significant digits.

    Example:
        >>> number(2.0), number(-0.0), number(1 / 3), number(float("nan"))
        ('2', '0', '0.33333', 'nan')
    """
    return f"{value:.5g}" if value else "0"


def array(name: str, x: Tensor) -> list[str]:
    """Format a tensor: its shape and dtype, and the rows of each of its matrices.

    Example:
        >>> import torch
        >>> print("\\n".join(array("input", torch.eye(2, dtype=torch.float64)[None, None])))
        input: 1×1×2×2, float64
            [0, 0] =  1  0
                      0  1
        >>> array("grad", torch.tensor([1.0, -2.0]))
        ['grad = [1, -2], float32']
    """
    dtype = str(x.dtype).removeprefix("torch.")
    if x.ndim < 2 and x.numel() <= MOST_NUMBERS:
        numbers = ", ".join(number(v) for v in x.flatten().tolist())
        return [f"{name} = {f'[{numbers}]' if x.ndim else numbers}, {dtype}"]
    head = f"{name}: {'×'.join(map(str, x.shape))}, {dtype}"
    if x.numel() > MOST_NUMBERS:
        return [head, f"    (too many numbers to show: {x.numel()})"]
    if not x.numel():  # its shape may claim any number of empty rows
        return [head, "    (no numbers)"]
    lines = [head]
    for place in product(*map(range, x.shape[:-2])):
        lines += _matrix(x.detach()[place], f"    {list(place)} = " if place else "    ")
    return lines


def _matrix(x: Tensor, label: str) -> list[str]:
    """Align the columns, after a label in the first row."""
    cells = [[number(v) for v in row] for row in x.tolist()]
    width = max((len(cell) for row in cells for cell in row), default=0)
    rows = [" ".join(cell.rjust(width + 1) for cell in row) for row in cells]
    return [(label if i == 0 else " " * len(label)) + row for i, row in enumerate(rows)]


def values(named: dict[str, Any]) -> list[str]:
    """Format tensors one below the other, and all other arguments in one line.

    Example:
        >>> values({"stride": 2, "padding": 0})
        ['stride = 2, padding = 0']
    """
    lines: list[str] = []
    for name, value in named.items():
        if isinstance(value, Tensor):
            lines += array(name, value)
    plain = [f"{k} = {_plain(v)}" for k, v in named.items() if not isinstance(v, Tensor)]
    return lines + ([", ".join(plain)] if plain else [])


def _plain(value: Any) -> str:
    text = number(value) if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"

"""Hypothesis strategies for tensors: their numbers and their memory layout.

Hypothesis draws the choices (shape, dtype, kind of numbers, layout, seed), and a seeded generator
draws the numbers. So a failing case is shrunk to the smallest geometry that fails, and drawing a
tensor costs no more than drawing two ints.
"""

from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor


class Numbers(NamedTuple):
    """The contents of a tensor: numbers of one dtype and of one kind.

    - "integers": in [−3, 3], for many ties, exact sums, and counterexamples that are easy to read.
    - "normal": standard normal numbers, which have no ties.
    - "special": integers in [−3, 3] with some NaN, +∞ and −∞.
    - "positive": in [½, 1½]. Their sums have no cancellation, so that rounding errors are small
      relative to the result in every dtype.
    """

    dtype: torch.dtype
    kind: str


INTEGERS = Numbers(torch.float64, "integers")
NORMAL = st.just(Numbers(torch.float64, "normal"))
EXACT = st.just(INTEGERS) | NORMAL
SPECIAL = st.just(Numbers(torch.float64, "special"))
ROUNDED = st.sampled_from([Numbers(torch.float32, "positive"), Numbers(torch.bfloat16, "positive")])

LAYOUTS = ("contiguous", "sliced", "reversed", "expanded")
IMAGE_LAYOUTS = ("contiguous", "channels_last", "batch_last", "sliced", "expanded")


def tensors(shape: tuple[int, ...], numbers: Numbers) -> st.SearchStrategy[Tensor]:
    """Return a strategy for tensors of a ``shape``, in any memory layout."""
    layouts = IMAGE_LAYOUTS if len(shape) == 4 else LAYOUTS if shape else LAYOUTS[:1]
    return st.builds(
        lambda seed, layout: arrange(fill(shape, numbers, seed), layout),
        st.integers(0, 2**32 - 1),
        st.sampled_from(layouts),
    )


def fill(shape: tuple[int, ...], numbers: Numbers, seed: int) -> Tensor:
    """Return a contiguous tensor of such numbers, which depend only on ``seed``.

    Example:
        >>> fill((6,), Numbers(torch.float32, "special"), seed=1)
        tensor([-3.,  0.,  1., nan,  0.,  3.])
    """
    generator = torch.Generator().manual_seed(seed)
    if numbers.kind == "normal":
        return torch.randn(shape, dtype=torch.float64, generator=generator).to(numbers.dtype)
    if numbers.kind == "positive":
        uniform = torch.rand(shape, dtype=torch.float64, generator=generator)
        return (0.5 + uniform).to(numbers.dtype)
    x = torch.randint(-3, 4, shape, generator=generator).to(numbers.dtype)
    if numbers.kind == "special":
        choice = torch.randint(12, shape, generator=generator)
        for number, value in enumerate((float("nan"), float("inf"), float("-inf"))):
            x[choice == number] = value
    return x


def arrange(x: Tensor, layout: str) -> Tensor:
    """Return ``x`` in another memory layout; "expanded" repeats the first item of dimension 0.

    Example:
        >>> x = torch.zeros(2, 3, 4, 5)
        >>> for layout in IMAGE_LAYOUTS:
        ...     print(layout, arrange(x, layout).stride())
        contiguous (60, 20, 5, 1)
        channels_last (60, 1, 15, 3)
        batch_last (1, 10, 30, 2)
        sliced (120, 40, 10, 2)
        expanded (0, 20, 5, 1)
    """
    if layout == "channels_last":  # in the order (N, H, W, C)
        return x.contiguous(memory_format=torch.channels_last)
    if layout == "batch_last":  # (H, C, W, N), see functional/layout.py
        return x.permute(2, 1, 3, 0).contiguous().permute(3, 1, 0, 2)
    if layout == "reversed":
        dims = tuple(reversed(range(x.ndim)))
        return x.permute(dims).contiguous().permute(dims)
    if layout == "sliced":  # every second column; the others are NaN
        return torch.stack([x, torch.full_like(x, float("nan"))], -1).flatten(-2)[..., ::2]
    if layout == "expanded":
        return x[:1].expand_as(x)
    return x

"""Tensors to be drawn by hypothesis: what numbers they hold and how they lie in memory.

Hypothesis draws the choices (shape, dtype, kind of numbers, layout, seed), and a seeded generator
draws the numbers. So a case that fails is still shrunk to the smallest geometry that fails, and
drawing a tensor costs no more than drawing a handful of ints.
"""

from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor


class Numbers(NamedTuple):
    """What a tensor holds: "integers", "normal", "special" or "positive" numbers, of one dtype.

    - integers in [−3, 3]: many ties, exact sums, and counterexamples that are easy to read.
    - normal: standard normal numbers.
    - special: integers among which NaN, +∞ and −∞ are strewn.
    - positive: numbers in [½, 1½]. Their sums have no cancellation, so that rounding errors stay
      small against the result, whatever the dtype.
    """

    dtype: torch.dtype
    kind: str


EXACT = st.sampled_from([Numbers(torch.float64, "integers"), Numbers(torch.float64, "normal")])
SPECIAL = st.just(Numbers(torch.float64, "special"))
ROUNDED = st.sampled_from([Numbers(torch.float32, "positive"), Numbers(torch.bfloat16, "positive")])

LAYOUTS = ("contiguous", "sliced", "reversed", "expanded")
IMAGE_LAYOUTS = ("contiguous", "channels_last", "batch_last", "sliced", "expanded")


def tensors(shape: tuple[int, ...], numbers: Numbers) -> st.SearchStrategy[Tensor]:
    """Draw tensors of a ``shape``, in any memory layout.

    Example:
        >>> import warnings
        >>> numbers = Numbers(torch.float64, "integers")
        >>> tensors((2, 3), numbers)
        tensors(shape=(2, 3), numbers=Numbers(dtype=torch.float64, kind='integers'))
    """
    layouts = IMAGE_LAYOUTS if len(shape) == 4 else LAYOUTS if shape else ("contiguous",)
    return st.builds(
        lambda seed, layout: arrange(fill(shape, numbers, seed), layout),
        st.integers(0, 2**32 - 1),
        st.sampled_from(layouts),
    )


def fill(shape: tuple[int, ...], numbers: Numbers, seed: int) -> Tensor:
    """Make a contiguous tensor of such numbers; they depend on ``seed`` alone.

    Example:
        >>> fill((5,), Numbers(torch.float32, "special"), seed=2)
        tensor([])
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
    """Store the numbers of ``x`` in another way; only "expanded" changes them.

    Example:
        >>> x = torch.zeros(2, 3, 4, 5)
        >>> {layout: arrange(x, layout).stride() for layout in IMAGE_LAYOUTS}
    """
    if layout == "contiguous":
        return x
    if layout == "channels_last":  # (N, H, W, C)
        return x.contiguous(memory_format=torch.channels_last)
    if layout == "batch_last":  # (H, C, W, N), see functional/layout.py
        return x.permute(2, 1, 3, 0).contiguous().permute(3, 1, 0, 2)
    if layout == "reversed":
        dims = tuple(reversed(range(x.ndim)))
        return x.permute(dims).contiguous().permute(dims)
    if layout == "sliced":  # every second column of something wider
        return torch.stack([x, torch.full_like(x, float("nan"))], -1).flatten(-2)[..., ::2]
    if layout == "expanded":  # the first image, over and over, without a copy
        return x[:1].expand_as(x)
    raise ValueError(f"layout must be one of {(*IMAGE_LAYOUTS, 'reversed')}, got {layout!r}")

"""Memory layout: the result has the layout of the input."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.testing.case import Case


def assert_layout_follows(f: Callable[..., Any], case: Case) -> None:
    """Assert that the result has the memory layout of ``input``, or is contiguous if it has none.

    If an input has several layouts at once, because one of its sizes is 1, the first of contiguous,
    channels-last and batch-last counts. A case that ``f`` rejects passes.

    Example:
        >>> case = Case({"input": torch.zeros(2, 3, 4, 5).mT}, {})
        >>> assert_layout_follows(lambda input: input.contiguous(), case)
    """
    try:
        y = case.call(f)
    except (ValueError, TypeError):
        return
    y = y if isinstance(y, Tensor) else y[0]
    layout = (*layouts(case.inputs["input"]), "contiguous")[0]
    assert layout in layouts(y), f"strides {y.stride()} of {tuple(y.shape)} for {layout} input"


def layouts(x: Tensor) -> list[str]:
    """Return the names of the memory layouts of images (N, C, H, W) or (C, H, W).

    Example:
        >>> layouts(torch.zeros(2, 3, 4, 5)), layouts(torch.zeros(2, 1, 4, 5))
        (['contiguous'], ['contiguous', 'channels_last'])
    """
    x = x if x.ndim == 4 else x[None]
    names = {
        "contiguous": x.is_contiguous(),
        "channels_last": x.is_contiguous(memory_format=torch.channels_last),
        "batch_last": x.permute(2, 1, 3, 0).is_contiguous(),
    }
    return [name for name, holds in names.items() if holds]

"""Memory layout: a result is stored as the input is."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.testing.case import Case


def assert_layout_follows(f: Callable[..., Any], case: Case) -> None:
    """Assert that the result lies in memory as ``input`` does, or else is contiguous.

    An input that has several layouts at once, for a size of it is 1, counts as the first of
    contiguous, channels-last and batch-last. A case that ``f`` refuses passes.

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
    """Name the layouts that the images (N, C, H, W) or (C, H, W) lie in.

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

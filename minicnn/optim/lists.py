"""Elementwise maths on lists of tensors: one call for all leaves of a tree.

A network has many small tensors, and to call torch for each of them takes longer than to compute.
torch's ``_foreach_`` functions take whole lists; under vmap, which has no rule for them, the same
is done tensor by tensor.

    maths = lists.maths(gs, ms)
    ms = maths.lerp(ms, gs, 0.1)    # [m.lerp(g, 0.1) for m, g in zip(ms, gs)]

A function whose name ends in ``_`` may overwrite its first argument: use the result alone.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from minicnn.functional.plain import is_plain

Tensors = Sequence[Tensor]
Maths = SimpleNamespace  # of the functions in NAMES

NAMES = ("add", "addcmul", "div", "lerp", "maximum", "mul", "sqrt")


def maths(*lists: Tensors) -> Maths:
    """Return the functions that suit these lists, and all that is computed from them.

    Example:
        >>> xs = [torch.tensor(1.0), torch.tensor([2.0, 3.0])]
        >>> [x.tolist() for x in maths(xs).mul(xs, 2.0)]
        [2.0, [4.0, 6.0]]
    """
    tensors = list(chain(*lists))
    return AT_ONCE if tensors and all(map(is_plain, tensors)) else ONE_BY_ONE


def _over_lists(function: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    def run(first: Tensors, *rest: Any, **options: Any) -> list[Tensor]:
        columns = (x if isinstance(x, Sequence) else [x] * len(first) for x in rest)
        return [function(*row, **options) for row in zip(first, *columns, strict=True)]

    return run


def _in_place(function: Callable[..., Any]) -> Callable[..., Tensors]:
    def run(first: Tensors, *rest: Any, **options: Any) -> Tensors:
        function(first, *rest, **options)
        return first

    return run


AT_ONCE, ONE_BY_ONE = SimpleNamespace(), SimpleNamespace()
for _name in NAMES:
    setattr(AT_ONCE, _name, getattr(torch, f"_foreach_{_name}"))
    setattr(AT_ONCE, f"{_name}_", _in_place(getattr(torch, f"_foreach_{_name}_")))
    for _either in (_name, f"{_name}_"):
        setattr(ONE_BY_ONE, _either, _over_lists(getattr(torch, _name)))

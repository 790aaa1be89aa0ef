"""Finite differences: a judge of derivatives that needs no twin."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.testing.case import Case


def assert_differentiable(f: Callable[..., Any], case: Case) -> None:
    """Assert that first and second derivatives are what small steps of the inputs show.

    For all directions v, (f(x + εv) − f(x − εv)) / 2ε has to be near the derivative of f along v,
    and likewise for the derivative itself. A case that ``f`` refuses passes.

    Args:
        f: returns a tensor, or a tuple of which the first is to be differentiated.
        case: its arguments; x must be no nearer than 10⁻⁶ to a point where f has a kink.

    Raises:
        RuntimeError: a derivative is wrong; the message says which, and by how much.

    Example:
        >>> assert_differentiable(torch.square, Case({"input": torch.tensor([1.0, 3.0])}, {}))
    """
    case = case.plain()
    leaves = tuple(x.requires_grad_() for x in case.inputs.values())

    def of_leaves(*values: Tensor) -> Tensor:
        result = f(**dict(zip(case.inputs, values, strict=True)), **case.options)
        return result if isinstance(result, Tensor) else result[0]

    try:
        of_leaves(*leaves)
    except (ValueError, TypeError):
        return
    torch.autograd.gradcheck(of_leaves, leaves, fast_mode=True)
    torch.autograd.gradgradcheck(of_leaves, leaves, fast_mode=True)

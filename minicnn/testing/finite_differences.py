"""Finite differences: a check of derivatives that needs no twin."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.testing.case import Case


def assert_differentiable(f: Callable[..., Any], case: Case) -> None:
    """Assert that first and second derivatives agree with finite differences.

    For random directions v, (f(x + εv) − f(x − εv)) / 2ε must be close to the derivative of f along
    v, and the same must hold for the derivative itself. A case that ``f`` rejects passes.

    Args:
        f: returns a tensor, or a tuple whose first item is differentiated.
        case: the arguments; x must be at least 10⁻⁶ away from points where f is not differentiable.

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

"""Dtypes: 16-bit numbers are computed in float32, and `torch.autocast` finds what it expects.

float16 holds 11 significant bits and nothing above 65,504, bfloat16 holds 8. A sum rounded after
every term loses what is small beside the total, or overflows on the way to a result that would fit.
So what adds or takes several steps is computed in float32 and rounded once, at the end; its
gradient likewise, since autograd's backward of a conversion is the conversion back.

Under autocast a function converts its arguments as torch's function of the same name does, by the
lists below. Within a function autocast does nothing, see `Function` in torch_workarounds.py.

Reference: Micikevicius et al., "Mixed Precision Training", 2018, §3.3; the lists: PyTorch's
documentation, "Automatic Mixed Precision package", Op-Specific Behavior.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.torch_workarounds import is_autocast

NARROW = (torch.float16, torch.bfloat16)

LOWERED = {"conv2d", "conv_transpose2d", "linear"}  # to the dtype of the autocast region
RAISED = {"cross_entropy", "nll_loss"}  # to float32
RAISED_ON_ACCELERATORS = {"softmax", "log_softmax", "layer_norm", "group_norm"}  # not on the CPU


def wide(x: Tensor) -> Tensor:
    """Return ``x`` in float32 if it has 16 bits a number, else as it is.

    Example:
        >>> wide(torch.ones(1, dtype=torch.float16)).dtype, wide(torch.ones(1).double()).dtype
        (torch.float32, torch.float64)
    """
    return x.float() if x.dtype in NARROW else x


def in_float32(f: Callable[..., Tensor], x: Tensor, *args: Any) -> Tensor:
    """Return f(x, *args); if ``x`` has 16 bits a number, computed in float32 and rounded once.

    Example:
        >>> x = torch.tensor([60000.0, 60000.0], dtype=torch.float16)
        >>> in_float32(lambda x: x.sum() / 2, x)
        tensor(60000., dtype=torch.float16)
    """
    if x.dtype not in NARROW:
        return f(x, *args)
    return f(x.float(), *(wide(a) if isinstance(a, Tensor) else a for a in args)).to(x.dtype)


def autocast(name: str, input: Tensor, *others: Any) -> tuple[Any, ...]:
    """Return the arguments of a function as `torch.autocast` has torch's function see them.

    As in torch, only floating-point tensors other than float64 are converted.

    Args:
        name: the function's.
        input: the argument whose device tells which autocast region counts.
        others: more arguments, tensors or not.

    Raises:
        TypeError: an ``input`` that is no tensor.

    Example:
        >>> with torch.autocast("cpu", torch.bfloat16):
        ...     x, w = autocast("linear", torch.ones(1, 1), torch.ones(1, 1))
        >>> x.dtype, w.dtype
        (torch.bfloat16, torch.bfloat16)
    """
    if not is_autocast(checks.tensor("input", input)):
        return input, *others
    device = input.device.type
    if name in LOWERED:
        dtype = torch.get_autocast_dtype(device)
    elif name in RAISED or (name in RAISED_ON_ACCELERATORS and device != "cpu"):
        dtype = torch.float32
    else:
        return input, *others
    return tuple(a.to(dtype) if _is_eligible(a) else a for a in (input, *others))


def _is_eligible(argument: Any) -> bool:
    is_float = isinstance(argument, Tensor) and argument.is_floating_point()
    return is_float and argument.dtype != torch.float64

"""Whether the numbers in a tensor can be looked at."""

import torch
from torch import Tensor


def is_readable(x: Tensor) -> bool:
    """Tell if a decision may depend on the numbers in ``x``.

    It may not under torch.compile, where they are not there yet, nor under vmap, where one tensor
    stands for many and each would decide for itself.
    """
    if torch.compiler.is_compiling():
        return False
    try:
        x.flatten()[:1].sum().item()
    except RuntimeError:
        return False
    return True

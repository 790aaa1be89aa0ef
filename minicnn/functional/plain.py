"""Whether a tensor is plain numbers in memory, or stands for something else."""

import torch
from torch import Tensor


def is_plain(x: Tensor) -> bool:
    """Tell if ``x`` may be read and overwritten, and decisions may depend on its numbers.

    They may not under torch.compile, where the numbers are not there yet, nor under the transforms
    of torch.func: under vmap one tensor stands for many, and each would decide for itself.
    """
    return not torch.compiler.is_compiling() and torch.func.debug_unwrap(x) is x

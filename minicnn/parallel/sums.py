"""Sums over the processes: all that they ever say to each other."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.parallel.processes import Processes, telling_losses, torch_distributed
from minicnn.tree import Tree


def any_of(flag: bool, processes: Processes) -> bool:
    """Tell whether any process says yes: so if one is asked to stop, all stop at the same step.

    Args:
        flag: what this process says.
        processes: who is asked.

    Returns:
        The same in every process.

    Raises:
        TypeError: ``flag`` is not True or False.
        ProcessLostError: another process does not answer.

    Example:
        >>> any_of(True, Processes(rank=0, size=1))
        True
    """
    checks.boolean("flag", flag)
    yes = torch.tensor([int(flag)], device=processes.device)
    add_up(yes, processes)
    return bool(yes)


def weighted_sum(values: Tree, weight: float, processes: Processes) -> Tree:
    """Compute Σ_p weight_p · values_p, leaf by leaf; what is not floating point stays.

    The leaves of a dtype are laid in one row, and summed at once: what a sum over the processes
    costs is the waiting, for many numbers little more than for one.

    Args:
        values: a tree of tensors, of the same structure in every process.
        weight: of this process.
        processes: who has the others.

    Returns:
        The same tree of sums in every process.

    Raises:
        ProcessLostError: another process does not bring its own.

    Example:
        >>> weighted_sum({"weight": torch.ones(2)}, 0.5, Processes(rank=0, size=1))
        {'weight': tensor([0.5000, 0.5000])}

    Reference: Li et al., 2020, §3.2.2 (there in several rows, the first of them summed while the
    gradients of the others are still computed).
    """
    leaves = [leaf.detach() for leaf in tree.leaves(values)]
    for dtype in dict.fromkeys(leaf.dtype for leaf in leaves if leaf.is_floating_point()):
        places = [i for i, leaf in enumerate(leaves) if leaf.dtype == dtype]
        row = weight * torch.cat([leaves[i].reshape(-1) for i in places])
        add_up(row, processes)
        for i, part in zip(places, _cut(row, [leaves[i].shape for i in places]), strict=True):
            leaves[i] = part
    return tree.unflatten(values, leaves)


def add_up(values: Tensor, processes: Processes) -> None:
    """Replace a tensor, in every process, by its sum over the processes.

    Raises:
        ProcessLostError: another process does not bring its own.

    Example:
        >>> x = torch.tensor([1.0, 2.0])
        >>> add_up(x, Processes(rank=0, size=1))
        >>> x
        tensor([1., 2.])
    """
    if processes.size > 1:
        distributed = torch_distributed()
        with telling_losses(processes):
            distributed.all_reduce(values)


def _cut(row: Tensor, shapes: Sequence[torch.Size]) -> Iterator[Tensor]:
    begin = 0
    for shape in shapes:
        yield row[begin : begin + shape.numel()].view(shape)
        begin += shape.numel()

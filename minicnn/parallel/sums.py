"""Sums over the processes (all-reduce): their only communication."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.parallel.processes import Processes, telling_losses, torch_distributed
from minicnn.tree import Tree


def any_of(flag: bool, processes: Processes) -> bool:
    """Return whether the flag is set in any process, for example to stop all at the same step.

    Args:
        flag: the flag of this process.
        processes: the processes that train together.

    Returns:
        The same value in every process.

    Raises:
        TypeError: ``flag`` is not True or False.
        ProcessLostError: another process does not respond.

    Example:
        >>> any_of(True, Processes(rank=0, size=1))
        True
    """
    checks.boolean("flag", flag)
    yes = torch.tensor([int(flag)], device=processes.device)
    add_up(yes, processes)
    return bool(yes)


def weighted_sum(values: Tree, weight: float, processes: Processes) -> Tree:
    """Compute Σ_p weight_p · values_p, leaf by leaf; only floating-point leaves are summed.

    All leaves of one dtype are concatenated and summed in a single all-reduce: its cost is mostly
    latency, for many numbers little more than for one.

    Args:
        values: a tree of tensors, of the same structure in every process.
        weight: the weight of this process.
        processes: the processes that train together.

    Returns:
        The tree of sums, the same in every process.

    Raises:
        ProcessLostError: another process does not send its values.

    Example:
        >>> weighted_sum({"weight": torch.ones(2)}, 0.5, Processes(rank=0, size=1))
        {'weight': tensor([0.5000, 0.5000])}

    Reference: Li et al., 2020, §3.2.2 (there in several buckets, summed while the remaining
    gradients are still being computed).
    """
    leaves = [leaf.detach() for leaf in tree.leaves(values)]
    for dtype in dict.fromkeys(leaf.dtype for leaf in leaves if leaf.is_floating_point()):
        places = [i for i, leaf in enumerate(leaves) if leaf.dtype == dtype]
        row = weight * torch.cat([leaves[i].reshape(-1) for i in places])
        add_up(row, processes)
        for i, part in zip(places, _cut(row, [leaves[i].shape for i in places]), strict=True):
            leaves[i] = part
    return tree.unflatten(values, leaves)


def gather(text: str, processes: Processes) -> list[str]:
    """Collect a text of every process, for example to compare what they are about to train.

    Args:
        text: the text of this process.
        processes: the processes that train together.

    Returns:
        The texts by rank, the same in every process.

    Raises:
        ProcessLostError: another process does not send its text.

    Example:
        >>> gather("seed 0", Processes(rank=0, size=1))
        ['seed 0']
    """
    mine = torch.tensor(list(text.encode()), dtype=torch.int64, device=processes.device)
    lengths = mine.new_zeros(processes.size)
    lengths[processes.rank] = len(mine)
    add_up(lengths, processes)
    rows = mine.new_zeros(processes.size, int(lengths.max()))
    rows[processes.rank, : len(mine)] = mine
    add_up(rows, processes)
    return [bytes(row[:n]).decode() for row, n in zip(rows.tolist(), lengths.tolist(), strict=True)]


def add_up(values: Tensor, processes: Processes) -> None:
    """Replace a tensor, in every process, by its sum over the processes.

    Raises:
        ProcessLostError: another process does not send its values.

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

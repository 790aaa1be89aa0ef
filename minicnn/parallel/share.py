"""A network that shares its work on a batch: each process applies it to some of the rows."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn.functional.torch_workarounds import Function
from minicnn.layers import Layer
from minicnn.layers.layer import Share
from minicnn.parallel.processes import Processes
from minicnn.parallel.sums import add_up, weighted_sum
from minicnn.tree import Tree


def share_of(batch: int, processes: Processes) -> slice:
    """Return the rows of a batch for this process, R_p = {⌊p·N/P⌋, …, ⌊(p + 1)·N/P⌋ − 1}.

    Each row belongs to one process, and shares differ by at most one row. With fewer rows than
    processes, some shares are empty.

    Args:
        batch: the number N of rows.
        processes: the rank p and the size P.

    Returns:
        The slice of the rows.

    Raises:
        TypeError, ValueError: ``batch`` is not an integer, or is negative.

    Example:
        >>> from minicnn.parallel import Processes
        >>> [share_of(10, Processes(rank, size=3)) for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]

    Reference: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, §3
    (the processes split one shuffled data set).
    """
    checks.integer("batch", batch, 0)
    rank, size, _ = processes
    return slice(rank * batch // size, (rank + 1) * batch // size)


def share_net(net: Layer, processes: Processes) -> Layer:
    """Return a network that computes what ``net`` does, but shares the work among the processes.

    In every process it takes the whole batch and returns the scores of the whole batch. So any loss
    of the scores is correct, whether or not it is a mean over the examples. Only the gradient with
    respect to the parameters must be averaged, by `average_gradients`.

    Dropout drops the same values as in a single process. Any other layer that draws random numbers
    gets a `Share` for its ``rng``, and must draw for the whole batch in the same way.

    Batch normalisation uses the mean and variance of this process's rows, as in torch's
    DistributedDataParallel: with it, training depends on the number of processes. Its running
    statistics are averaged, weighted by the rows, and so are the same in every process.

    Args:
        net: the network.
        processes: the processes that share the work.

    Returns:
        A Layer with the parameters and the state of ``net``; with one process, ``net`` itself.

    Raises:
        ValueError: when applied to a batch without rows.
        ProcessLostError: when applied, if another process does not do its share.

    Example:
        >>> from minicnn import layers, parallel
        >>> net = layers.linear(10)
        >>> with parallel.join() as processes:
        ...     share_net(net, processes) is net
        True

    Reference: Goyal et al., 2017, §2.3 (the statistics of a process's own rows).
    """
    if processes.size == 1:
        return net

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        if len(x) == 0:
            raise ValueError(f"x must have at least one row to share, got shape {tuple(x.shape)}")
        whole, mine = len(x), share_of(len(x), processes)
        rows = mine.stop - mine.start
        # A process without rows computes one row of another and discards the result: so the
        # network never sees an empty batch, and its parameters get zero gradients.
        start, stop = mine.start, max(mine.stop, mine.start + 1)
        share = None if rng is None else Share(rng, start, stop, whole)
        y, state = net.apply(params, state, x[start:stop], rng=share, train=train)
        if train:
            state = weighted_sum(state, rows / whole, processes)
        return _Gather.apply(y[:rows], mine.start, whole, processes), state

    return net._replace(apply=apply)


class _Gather(Function):
    """Gather the rows of all processes."""

    @staticmethod
    def forward(y: Tensor, start: int, whole: int, processes: Processes) -> Tensor:
        gathered = y.new_zeros(whole, *y.shape[1:])
        gathered[start : start + len(y)] = y
        add_up(gathered, processes)  # every other process has zeros where these rows are
        return gathered

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        y, start, _, processes = inputs
        ctx.rows, ctx.size = slice(start, start + len(y)), processes.size

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        # A value sent to P processes gets the sum of P gradients. They are equal, since every
        # process computes the same loss of the same scores, so no communication is needed. With
        # the factor P, the whole gradient is the average over the processes and not their sum, as
        # it is for a network that is not shared, where every process computes all of it.
        return ctx.size * g[ctx.rows], None, None, None

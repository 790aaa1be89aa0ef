"""Averaging the gradients over the processes: the only distributed part of the optimizer."""

from minicnn.optim import Transform
from minicnn.optim.transform import checked
from minicnn.parallel.processes import Processes
from minicnn.parallel.sums import weighted_sum
from minicnn.tree import Tree


def average_gradients(processes: Processes) -> Transform:
    """Return a transform that averages the gradients over the processes, g = (Σ_p g_p) / P.

    Put it first in a ``chain``: clipping and Adam are not linear, so they need the gradient of the
    whole batch. With the network of `share_net` the average equals it up to rounding, even if the
    processes have different numbers of rows. It takes one all-reduce.

    Args:
        processes: the processes that train together.

    Returns:
        A Transform without state; with one process, it leaves the gradients unchanged.

    Raises:
        ProcessLostError: during an update, if another process does not send its gradients.

    Example:
        >>> import torch
        >>> from minicnn import optim, parallel
        >>> with parallel.join() as processes:
        ...     opt = optim.chain(average_gradients(processes), optim.sgd(lr=0.5))
        >>> params, grads = torch.zeros(2), torch.tensor([2.0, 4.0])
        >>> opt.update(grads, opt.init(params), params)[0]
        tensor([-1., -2.])

    Reference: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
    §4.1; Li et al., "PyTorch Distributed", 2020, §3.2.
    """

    def init(params: Tree) -> tuple[()]:
        return ()

    def update(grads: Tree, state: tuple[()], params: Tree) -> tuple[Tree, tuple[()]]:
        if processes.size == 1:
            return grads, state
        return weighted_sum(grads, 1 / processes.size, processes), state

    return checked(init, update)

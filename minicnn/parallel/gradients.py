"""Averaging the gradients over the processes: the one link of the optimizer that knows of them."""

from minicnn.optim import Transform
from minicnn.parallel.processes import Processes
from minicnn.parallel.sums import weighted_sum
from minicnn.tree import Tree


def average_gradients(processes: Processes) -> Transform:
    """Average the gradients over the processes, g = (Σ_p g_p) / P, by one sum over them.

    Put it first in a ``chain``: what follows, clipping or Adam, is not linear, and needs the whole
    batch's gradient. With the network of `share_net` the average is that, to rounding, even where
    the processes have different numbers of rows.

    Args:
        processes: who takes part.

    Returns:
        A Transform without state; for one process, it passes the gradients on as they are.

    Raises:
        ProcessLostError: at an update, if another process does not bring its gradients.

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

    return Transform(init, update)

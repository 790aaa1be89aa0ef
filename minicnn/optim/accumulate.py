"""Gradient accumulation: one update for several batches, as for one that does not fit in memory."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim.transform import Transform, checked, require
from minicnn.tree import Tree


class AccumulateState(NamedTuple):
    """The state of ``accumulate``.

    Attributes:
        count: The number of gradients since the last update, a 0-d int64 tensor on the CPU.
        mean: Their sum divided by ``every``, a tree like the parameters.
        inner: The state of the transform inside.
    """

    count: Tensor
    mean: Tree
    inner: Any


def accumulate(transform: Transform, every: int) -> Transform:
    """Return a transform that updates once in ``every`` steps, by the mean of their gradients.

        g = 1/k · (g₁ + … + g_k)

    Where the loss is a mean, the mean gradient of k batches of equal size is the gradient of all
    their examples together: k batches equal one that is k times as large, up to rounding (batch
    normalisation's statistics remain those of each batch). In between the updates are zero. The
    transform inside counts its own updates, and so does its schedule.

    Args:
        transform: What gets the mean gradient: an optimizer, or a ``chain`` with clipping before
            it and ``ema`` after it.
        every: The number k of gradients for one update, at least 1.

    Returns:
        A Transform with the state ``AccumulateState``.

    Raises:
        TypeError: ``transform`` is not a Transform, or ``every`` not an integer.
        ValueError: ``every`` is below 1.

    Example:
        >>> from minicnn import optim
        >>> opt = accumulate(optim.sgd(lr=1.0), every=2)
        >>> params = torch.tensor([9.0])
        >>> state = opt.init(params)
        >>> for g in (2.0, 4.0):
        ...     updates, state = opt.update(torch.tensor([g]), state, params)
        ...     updates
        tensor([0.])
        tensor([-3.])

    Reference: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017),
    section 2.3 (large batches as sums of small ones).
    """
    require("accumulate", transform)
    checks.integer("every", every, 1)

    def init(params: Tree) -> AccumulateState:
        return AccumulateState(
            torch.tensor(0), tree.map(torch.zeros_like, params), transform.init(params)
        )

    def update(grads: Tree, state: AccumulateState, params: Tree) -> tuple[Tree, AccumulateState]:
        mean = tree.map(lambda g, m: m + g / every, grads, state.mean)
        zeros = tree.map(torch.zeros_like, mean)
        if int(state.count) + 1 < every:
            return zeros, AccumulateState(state.count + 1, mean, state.inner)
        updates, inner = transform.update(mean, state.inner, params)
        return updates, AccumulateState(torch.zeros_like(state.count), zeros, inner)

    return checked(init, update)

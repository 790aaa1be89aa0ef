"""Stochastic gradient descent, with momentum."""

from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim.gradient import prepared
from minicnn.optim.schedules import Schedule, as_schedule
from minicnn.optim.transform import Transform, checked
from minicnn.tree import Tree


class SgdState(NamedTuple):
    """The state of ``sgd``.

    Attributes:
        count: The number of updates so far, a 0-d int64 tensor on the CPU.
        momentum: The momentum buffers b, a tree like the parameters; ``()`` without momentum.
    """

    count: Tensor
    momentum: Tree


def sgd(
    lr: float | Schedule = 1e-3,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> Transform:
    """Return the SGD optimizer: stochastic gradient descent, optionally with momentum.

        g_t = ±∇f(θ_{t−1}) + λ·θ_{t−1}
        b_t = μ·b_{t−1} + (1 − τ)·g_t,    b_1 = g_1
        θ_t = θ_{t−1} − γ·b_t,    or with nesterov  θ_{t−1} − γ·(g_t + μ·b_t)

    Equal to ``torch.optim.SGD`` up to rounding: torch computes θ − γ·b in one fused step, while
    ``updates`` is −γ·b rounded before it is added.

    Args:
        lr: The learning rate γ, or a schedule.
        momentum: The factor μ by which the buffer decays.
        dampening: The fraction τ by which each gradient is reduced before it enters the buffer.
        weight_decay: The strength λ of the L2 penalty.
        nesterov: Whether to use Nesterov momentum; requires momentum and no dampening.
        maximize: Whether to maximise f instead of minimising it.

    Returns:
        The optimizer, a Transform with the state ``SgdState``.

    Raises:
        ValueError: An argument is outside its range.

    Example:
        >>> params, grads = torch.tensor([1.0, 2.0]), torch.tensor([2.0, -4.0])
        >>> opt = sgd(lr=0.5)
        >>> updates, state = opt.update(grads, opt.init(params), params)
        >>> updates
        tensor([-1.,  2.])

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep
    learning" (2013), section 2; torch scales the buffer by the learning rate, the paper does not.
    """
    schedule = as_schedule(lr)
    checks.non_negative("momentum", momentum)
    checks.number("dampening", dampening, lambda d: abs(d) < float("inf"), "finite")
    checks.non_negative("weight_decay", weight_decay)
    if nesterov and (momentum == 0 or dampening != 0):
        raise ValueError(
            "nesterov=True requires momentum above 0 and dampening 0, "
            f"got momentum={momentum} and dampening={dampening}"
        )

    def init(params: Tree) -> SgdState:
        buffers = tree.map(torch.zeros_like, params) if momentum else ()
        return SgdState(torch.tensor(0), buffers)

    def update(grads: Tree, state: SgdState, params: Tree) -> tuple[Tree, SgdState]:
        step = int(state.count)
        rate = schedule(step)
        # The first gradient enters the buffer without dampening: b_1 = g_1
        kept = 1 - dampening if step else 1.0

        def buffer(b: Tensor, g: Tensor) -> Tensor:
            # b_t = μ·b_{t−1} + (1 − τ)·g_t
            return (momentum * b).add(g, alpha=kept)

        def look_ahead(g: Tensor, b: Tensor) -> Tensor:
            # d_t = g_t + μ·b_t
            return g.add(b, alpha=momentum)

        directions, buffers = grads, ()
        if momentum:
            buffers = tree.map(buffer, state.momentum, directions)
            directions = tree.map(look_ahead, directions, buffers) if nesterov else buffers
        # θ_t − θ_{t−1} = −γ·d_t
        updates = tree.map(lambda d: -rate * d, directions)
        return updates, SgdState(state.count + 1, buffers)

    return prepared(checked(init, update), maximize, weight_decay)

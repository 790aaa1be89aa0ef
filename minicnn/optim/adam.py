"""Adam and AdamW: the running mean of the gradients, divided by their running root mean square."""

from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim.gradient import prepared
from minicnn.optim.schedules import Schedule, as_schedule
from minicnn.optim.transform import Transform, checked
from minicnn.tree import Tree


class AdamState(NamedTuple):
    """The state of ``adam`` and ``adamw``.

    Attributes:
        count: The number of updates so far, a 0-d int64 tensor on the CPU.
        m: The first moments, running means of the gradients, a tree like the parameters.
        v: The second moments, running means of the squared gradients.
        v_max: The maxima of the second moments so far; ``()`` without amsgrad.
    """

    count: Tensor
    m: Tree
    v: Tree
    v_max: Tree


def adam(
    lr: float | Schedule = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    maximize: bool = False,
) -> Transform:
    """Return the Adam optimizer.

        g_t = ±∇f(θ_{t−1}) + λ·θ_{t−1}
        m_t = β₁·m_{t−1} + (1 − β₁)·g_t
        v_t = β₂·v_{t−1} + (1 − β₂)·g_t²
        θ_t = θ_{t−1} − γ · m̂_t / (√v̂_t + ε),    m̂_t = m_t / (1 − β₁^t),  v̂_t = v_t / (1 − β₂^t)

    With amsgrad, the maximum of v_1 … v_t replaces v_t. The order of arithmetic is that of
    ``torch.optim.Adam``, so the two agree bit for bit in float32 and float64 on the CPU.

    Args:
        lr: The learning rate γ, or a schedule.
        betas: The decay rates (β₁, β₂) of the two moments, each in [0, 1).
        eps: ε, which avoids division by zero.
        weight_decay: The strength λ of the L2 penalty.
        amsgrad: Whether to use the maximum of the second moments so far.
        maximize: Whether to maximise f instead of minimising it.

    Returns:
        The optimizer, a Transform with the state ``AdamState``.

    Raises:
        TypeError: ``betas`` is not a pair of numbers.
        ValueError: An argument is outside its range.

    Example:
        >>> params, grads = torch.tensor([1.0, 2.0]), torch.tensor([7.0, -2.0])
        >>> opt = adam(lr=0.5)
        >>> updates, state = opt.update(grads, opt.init(params), params)
        >>> updates
        tensor([-0.5000,  0.5000])

    Reference: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1;
    Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond" (2018), for amsgrad.
    """
    return _adam(lr, betas, eps, weight_decay, amsgrad, maximize, decoupled=False)


def adamw(
    lr: float | Schedule = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
    maximize: bool = False,
) -> Transform:
    """Return the AdamW optimizer: Adam with weight decay decoupled from the moments.

        θ_t = θ_{t−1} − γ·λ·θ_{t−1} − γ · m̂_t / (√v̂_t + ε),    with g_t = ±∇f(θ_{t−1}) alone

    Equal to ``torch.optim.AdamW`` up to rounding: torch scales θ and then adds the step, while
    here ``updates`` is the sum of both changes, rounded before it is added.

    Args:
        lr: The learning rate γ, or a schedule.
        betas: The decay rates (β₁, β₂) of the two moments, each in [0, 1).
        eps: ε, which avoids division by zero.
        weight_decay: The decay rate λ of the weights.
        amsgrad: Whether to use the maximum of the second moments so far.
        maximize: Whether to maximise f instead of minimising it.

    Returns:
        The optimizer, a Transform with the state ``AdamState``.

    Raises:
        TypeError: ``betas`` is not a pair of numbers.
        ValueError: An argument is outside its range.

    Example:
        >>> params, grads = torch.tensor([1.0, 2.0]), torch.tensor([7.0, -2.0])
        >>> opt = adamw(lr=0.5, weight_decay=0.1)
        >>> updates, state = opt.update(grads, opt.init(params), params)
        >>> updates
        tensor([-0.5500,  0.4000])

    Reference: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.
    """
    return _adam(lr, betas, eps, weight_decay, amsgrad, maximize, decoupled=True)


def _adam(
    lr: float | Schedule,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    maximize: bool,
    decoupled: bool,
) -> Transform:
    schedule = as_schedule(lr)
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"betas must be a pair of numbers, got {betas!r}")
    beta1, beta2 = betas
    for i, beta in enumerate(betas):
        checks.number(f"betas[{i}]", beta, lambda b: 0 <= b < 1, "in [0, 1)")
    checks.non_negative("eps", eps)
    checks.non_negative("weight_decay", weight_decay)
    penalty, decay = (0.0, weight_decay) if decoupled else (weight_decay, 0.0)

    def init(params: Tree) -> AdamState:
        m, v, v_max = (tree.map(torch.zeros_like, params) for _ in range(3))
        return AdamState(torch.tensor(0), m, v, v_max if amsgrad else ())

    def update(grads: Tree, state: AdamState, params: Tree) -> tuple[Tree, AdamState]:
        rate, count = schedule(int(state.count)), state.count + 1
        bias1, bias2 = 1 - beta1 ** int(count), 1 - beta2 ** int(count)

        def step(g: Tensor, p: Tensor, m: Tensor, v: Tensor, *v_max: Tensor) -> tuple[Tensor, ...]:
            m = m.lerp(g, 1 - beta1)  # m_t = m_{t−1} + (1 − β₁)·(g_t − m_{t−1})
            v = (beta2 * v).addcmul(g, g, value=1 - beta2)  # v_t = β₂·v_{t−1} + (1 − β₂)·g_t²
            if amsgrad:
                v_max = (torch.maximum(v, *v_max),)
            # √v̂_t = √v_t / √(1 − β₂^t): torch's order, which differs from √(v_t / (1 − β₂^t)) in
            # the last bit. What is changed in place, which saves memory traffic, was made here.
            root = ((v_max[0] if amsgrad else v).sqrt() / bias2**0.5).add_(eps)  # √v̂_t + ε
            update = ((-rate / bias1) * m).div_(root)  # −γ · m̂_t / (√v̂_t + ε)
            if decay:
                update = update + (-rate * decay) * p  # − γ·λ·θ_{t−1}
            return update, m, v, *v_max

        moments = (state.m, state.v, state.v_max) if amsgrad else (state.m, state.v)
        updates, *moments = tree.map_many(1 + len(moments), step, grads, params, *moments)
        return updates, AdamState(count, *moments, *(() if amsgrad else ((),)))

    return prepared(checked(init, update), maximize, penalty)

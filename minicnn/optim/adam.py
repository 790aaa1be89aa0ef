"""Adam and AdamW: steps of the gradient's mean over the root of its mean square."""

from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim import lists
from minicnn.optim.gradient import penalised_gradient
from minicnn.optim.lists import Maths, Tensors
from minicnn.optim.schedules import Schedule, as_schedule
from minicnn.optim.transform import Transform
from minicnn.tree import Tree


class AdamState(NamedTuple):
    """The state of ``adam`` and ``adamw``.

    Attributes:
        count: The number of updates so far, a 0-d int64 tensor on the CPU.
        m: The first moments, running means of the gradients, a tree like the parameters.
        v: The second moments, running means of the squared gradients.
        v_max: The greatest second moments so far; ``()`` without amsgrad.
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
    """Compute Adam.

        g_t = ±∇f(θ_{t−1}) + λ·θ_{t−1}
        m_t = β₁·m_{t−1} + (1 − β₁)·g_t
        v_t = β₂·v_{t−1} + (1 − β₂)·g_t²
        θ_t = θ_{t−1} − γ · m̂_t / (√v̂_t + ε),    m̂_t = m_t / (1 − β₁^t),  v̂_t = v_t / (1 − β₂^t)

    With amsgrad, v̂_t holds the greatest v up to t instead of v_t. The order of arithmetic is that
    of ``torch.optim.Adam``, so the two agree bit for bit in float32 and float64 on the CPU.

    Args:
        lr: The learning rate γ, or a schedule of it.
        betas: The decay rates (β₁, β₂) of the two moments, each in [0, 1).
        eps: The term ε that keeps the denominator from zero.
        weight_decay: The strength λ of the L2 penalty.
        amsgrad: Whether the second moment may never shrink.
        maximize: Whether to climb f rather than to descend it.

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
    """Compute AdamW: Adam whose weight decay stays out of the moments.

        θ_t = θ_{t−1} − γ·λ·θ_{t−1} − γ · m̂_t / (√v̂_t + ε),    with g_t = ±∇f(θ_{t−1}) alone

    Equal to ``torch.optim.AdamW`` to rounding: torch scales θ and then adds the step, while
    ``updates`` is the sum of both changes, rounded before it is added.

    Args:
        lr: The learning rate γ, or a schedule of it.
        betas: The decay rates (β₁, β₂) of the two moments, each in [0, 1).
        eps: The term ε that keeps the denominator from zero.
        weight_decay: The rate λ at which the weights shrink.
        amsgrad: Whether the second moment may never shrink.
        maximize: Whether to climb f rather than to descend it.

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


def first_moment(maths: Maths, m: Tensors, g: Tensors, beta1: float) -> Tensors:
    """Compute ``m_t = β₁·m_{t−1} + (1 − β₁)·g_t``, as m_{t−1} + (1 − β₁)·(g_t − m_{t−1})."""
    return maths.lerp(m, g, 1 - beta1)


def second_moment(maths: Maths, v: Tensors, g: Tensors, beta2: float) -> Tensors:
    """Compute ``v_t = β₂·v_{t−1} + (1 − β₂)·g_t²``."""
    return maths.addcmul_(maths.mul(v, beta2), g, g, value=1 - beta2)


def adam_step(
    maths: Maths,
    m: Tensors,
    v: Tensors,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> Tensors:
    """Compute ``θ_t − θ_{t−1} = −γ · m̂_t / (√v̂_t + ε)``, the moments freed of their bias."""
    beta1, beta2 = betas
    bias1, bias2 = 1 - beta1**step, 1 - beta2**step
    # √v̂ = √v / √(1 − β₂^t): torch's order, which differs from √(v / (1 − β₂^t)) in the last bit
    root = maths.div(maths.sqrt(v), bias2**0.5)
    return maths.div_(maths.mul(m, -lr / bias1), maths.add_(root, eps))


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
        step = int(count)

        g = penalised_gradient(grads, params, penalty, maximize)
        m, v = tree.leaves_like(params, state.m), tree.leaves_like(params, state.v)
        maths = lists.maths(g, m, v)
        m, v = first_moment(maths, m, g, beta1), second_moment(maths, v, g, beta2)
        v_max = maths.maximum(tree.leaves_like(params, state.v_max), v) if amsgrad else ()
        change = adam_step(maths, m, v_max if amsgrad else v, step, rate, betas, eps)
        if decay:
            # θ_t = θ_{t−1} − γ·λ·θ_{t−1} − …
            change = maths.add_(change, maths.mul(tree.leaves(params), -rate * decay))
        updates, m, v = (tree.unflatten(params, leaves) for leaves in (change, m, v))
        return updates, AdamState(count, m, v, tree.unflatten(params, v_max) if amsgrad else ())

    return Transform(init, update)

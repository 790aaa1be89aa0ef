"""The learning-rate range test: increase the rate at each step and record the loss."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from minicnn import checks
from minicnn.train import Batch, Step, TrainState


def lr_range_test(
    make_step: Callable[[float], Step],
    train_state: TrainState,
    batches: Iterable[Batch],
    rng: torch.Generator | None = None,
    *,
    min_lr: float = 1e-6,
    max_lr: float = 1.0,
    steps: int = 100,
) -> tuple[Tensor, Tensor]:
    """Train for some steps at geometrically increasing learning rates, and record the losses.

        lr_t = min_lr · (max_lr / min_lr)^(t / (steps − 1)),    t = 0, …, steps − 1

    The loss is constant while the rate is too small, falls where it is suitable, and rises where it
    is too large. (The paper increases the rate linearly; a logarithmic scale covers all orders of
    magnitude in one test.) The test ends early at a loss that is not finite.

    Args:
        make_step: returns a training step for a learning rate, such as
            ``lambda lr: train.make_train_step(net, F.cross_entropy, optim.adam(lr))``.
        train_state: the initial state; it is not changed.
        batches: pairs (images, labels), at least ``steps``; an iterator is advanced that far.
        rng: for the layers that draw random numbers; it is not changed. None if there are none.
        min_lr, max_lr: the first and the last rate.
        steps: number of learning rates.

    Returns:
        (lrs, losses), both float64 (steps,), or shorter if the test ended early. Each loss is the
        loss of a batch before the update at that rate.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a number out of range, or too few batches.

    Example:
        >>> from minicnn import functional as F, layers, optim, train
        >>> net, opt = layers.linear(2), optim.sgd(0.0)
        >>> params, state, _ = net.init(torch.Generator().manual_seed(0), (3,))
        >>> start = TrainState(0, params, state, opt.init(params))
        >>> batches = [(torch.eye(3), torch.tensor([0, 1, 1]))] * 4
        >>> lrs, losses = lr_range_test(
        ...     lambda lr: train.make_train_step(net, F.cross_entropy, optim.sgd(lr)),
        ...     start, batches, min_lr=0.01, max_lr=10.0, steps=4,
        ... )
        >>> [round(lr, 4) for lr in lrs.tolist()], bool(losses[-1] < losses[0])
        ([0.01, 0.1, 1.0, 10.0], True)

    Reference: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, §3.3.
    """
    checks.positive("min_lr", min_lr)
    if checks.positive("max_lr", max_lr) <= min_lr:
        raise ValueError(f"max_lr must be above min_lr (={min_lr}), got {max_lr}")
    checks.integer("steps", steps, 2)
    rng = None if rng is None else rng.clone_state()

    lrs = [min_lr * (max_lr / min_lr) ** (t / (steps - 1)) for t in range(steps)]
    losses = []
    for lr, batch in zip(lrs, batches, strict=False):
        train_state, metrics = make_step(lr)(train_state, batch, rng)
        losses.append(float(metrics["loss"]))
        if not math.isfinite(losses[-1]):
            break
    else:
        if len(losses) < steps:
            raise ValueError(f"batches must hold at least {steps} batches, got {len(losses)}")
    float64 = torch.float64
    return torch.tensor(lrs[: len(losses)], dtype=float64), torch.tensor(losses, dtype=float64)


def steepest_lr(lrs: Tensor, losses: Tensor) -> float:
    """Return the learning rate at which the loss falls fastest, a first guess at a good one.

    The loss of a batch is noisy, so its slope at t is that of the least-squares line through the
    2r + 1 losses around t:

        slope_t = Σ_k k · loss_{t+k} / Σ_k k²,    k = −r, …, r

    with r a twentieth of the steps. Losses after the minimum are ignored: once training has
    diverged, the loss may fall steeply by chance.

    Args:
        lrs: the learning rates of a range test, (steps,).
        losses: the losses of the test, (steps,).

    Returns:
        The learning rate.

    Raises:
        ValueError: shapes that do not match, or fewer than 3 losses up to the minimum.

    Example:
        >>> lrs = torch.tensor([1e-4, 1e-3, 1e-2, 1e-1, 1.0])
        >>> round(steepest_lr(lrs, torch.tensor([2.3, 2.2, 1.4, 0.7, 8.0])), 4)
        0.01

    Reference: Gugger, "How Do You Find A Good Learning Rate", 2018.
    """
    if lrs.ndim != 1 or lrs.shape != losses.shape:
        shapes = f"{tuple(lrs.shape)} and {tuple(losses.shape)}"
        raise ValueError(f"lrs and losses must have the same shape (steps,), got {shapes}")
    r = max(1, len(losses) // 20)
    finite = losses.nan_to_num(nan=math.inf, posinf=math.inf)
    falling = losses[: int(finite.argmin()) + 1].double()
    if len(falling) < 2 * r + 1:
        found = f"the least is number {len(falling)} of {len(losses)}"
        raise ValueError(f"losses must fall for at least {2 * r + 1} steps, but {found}")
    k = torch.arange(-r, r + 1, dtype=torch.float64, device=losses.device)
    slopes = falling.unfold(0, 2 * r + 1, 1) @ k / (k @ k)
    return float(lrs[int(slopes.argmin()) + r])

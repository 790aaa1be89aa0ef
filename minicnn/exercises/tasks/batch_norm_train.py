"""Exercise: batch normalisation in training."""

from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def batch_norm_train(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor,
    bias: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalise each channel by the batch statistics, and update the running statistics.

    y has mean 0 and variance 1 in each channel, over all n = N·H·W numbers of it, before weight
    and bias are applied. The variance that normalises is the mean of the squared deviations, and ε
    is added to it under the root. The running statistics give the weight m to those of the batch
    and the rest to the old ones; the running variance takes the unbiased estimate, which divides
    by n − 1. Write down the three equations first.

    Args:
        input: x, (N, C, H, W), with n ≥ 2.
        running_mean: (C,); it is not changed, the new one is returned.
        running_var: (C,).
        weight: (C,).
        bias: (C,).
        momentum: m, the weight of the new statistics.
        eps: ε.

    Returns:
        y (N, C, H, W), running_mean' (C,), running_var' (C,), with the dtype of ``input``.

    Example:
        >>> x, zero, one = torch.tensor([[[[1.0, 3.0]]]]), torch.zeros(1), torch.ones(1)
        >>> batch_norm_train(x, zero, one, one, zero, 0.5, 0.0)
        (tensor([[[[-1.,  1.]]]]), tensor([1.]), tensor([1.5000]))
    """
    raise NotImplementedError


def solution(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor,
    bias: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalise the channels one by one."""
    y, means, variances = torch.empty_like(input), [], []
    for c in range(input.shape[1]):
        x = input[:, c]
        n = x.numel()
        mean = x.sum() / n
        squares = ((x - mean) ** 2).sum()
        y[:, c] = weight[c] * (x - mean) / (squares / n + eps).sqrt() + bias[c]
        means.append((1 - momentum) * running_mean[c] + momentum * mean)
        variances.append((1 - momentum) * running_var[c] + momentum * squares / (n - 1))
    return y, torch.stack(means), torch.stack(variances)


def twin(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor,
    bias: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the results with torch, which updates its statistics in place."""
    mean, var = running_mean.clone(), running_var.clone()
    y = torch.batch_norm(input, weight, bias, mean, var, True, momentum, eps, False)
    return y, mean, var


@st.composite
def cases(
    draw: DrawFn, channels: int = 1, images: int = 1, affine: bool = False, eps: float = 0.25,
    running: bool = False,
) -> Case:  # fmt: skip
    """Draw images with at least two numbers per channel."""
    n, c = draw(st.integers(1, images)), draw(st.integers(1, channels))
    height, width = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    plain = {"weight": torch.ones(c).double(), "bias": torch.zeros(c).double()}
    trained = {name: draw(whole(c)) for name in plain} if affine else plain
    mean, var = torch.zeros(c).double(), torch.ones(c).double()
    if running:
        mean, var = draw(whole(c)), draw(whole(c, low=0))
    return Case(
        {
            "input": draw(whole(n, c, height, width)),
            "running_mean": mean,
            "running_var": var,
            **trained,
        },
        {"momentum": 0.25, "eps": eps},
    )


def by(case: Case, dims: tuple[int, ...] = (0, 2, 3), **options: Any) -> tuple[Tensor, ...]:
    """Normalise with some step done differently."""
    a: dict[str, Any] = {**case.arguments, **options}
    x, m, c = a["input"], a["momentum"], case.inputs["input"].shape[1]
    mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
    unbiased = x.var(dims, correction=1, keepdim=True)
    divisor = a.get("divisor", lambda v: (v + a["eps"]).sqrt())(
        unbiased if a.get("by_less") else var
    )
    y = a["weight"].view(-1, 1, 1) * (x - mean) / divisor + a["bias"].view(-1, 1, 1)
    kept = var if a.get("kept_by_n") else unbiased
    new_mean = (1 - m) * a["running_mean"] + m * mean.expand(1, c, 1, 1).flatten()
    new_var = (1 - m) * a["running_var"] + m * kept.expand(1, c, 1, 1).flatten()
    return y, new_mean, new_var


EXERCISE = Exercise(
    stub=batch_norm_train,
    task="batch norm in training, with running statistics",
    chapter="initialisation-and-batch-norm",
    solution=solution,
    twin=twin,
    returns=("y", "running_mean'", "running_var'"),
    probes=(
        Probe(
            "one channel of one image",
            cases(),
            "Take the numbers 1 and 3 and compute μ, σ² and y by hand, with ε = ¼.",
        ),
        Probe(
            "several images",
            cases(images=2),
            "Right for one image: the statistics are taken over the whole batch.",
        ),
        Probe(
            "several channels",
            cases(channels=3),
            "Right for one channel: each has its own mean and variance.",
        ),
        Probe(
            "weight and bias",
            cases(channels=2, affine=True),
            "Right without them: they are applied last, each to its own channel.",
        ),
        Probe(
            "running statistics",
            cases(channels=2, running=True),
            "Right if they start at 0 and 1: which fraction of the old ones is kept?",
        ),
        Probe(
            "large epsilon",
            cases(eps=4.0),
            "Right for a small ε. Where is it in the equation?",
        ),
        Probe(
            "float32",
            in_float32(cases(channels=2, affine=True, running=True)),
            "The results have the dtype of the input.",
        ),
    ),
    suspects=(
        Suspect(
            "n − 1 instead of n",
            lambda case: by(case, by_less=True),
            "The variance that normalises y is divided by n; torch.var divides by n − 1.",
        ),
        Suspect(
            "n instead of n − 1",
            lambda case: by(case, kept_by_n=True),
            "y is right, but the running variance is divided by n − 1, not by n.",
        ),
        Suspect(
            "n and n − 1 exchanged",
            lambda case: by(case, by_less=True, kept_by_n=True),
            "The two variances are exchanged: which one normalises, and which one is kept?",
        ),
        Suspect(
            "momentum the wrong way round",
            lambda case: by(case, momentum=1 - case.options["momentum"]),
            "The weights of old and new statistics are exchanged: m is that of the new ones.",
        ),
        Suspect(
            "epsilon outside the root",
            lambda case: by(case, divisor=lambda var: var.sqrt() + case.options["eps"]),
            "ε is added after the square root; it belongs under it.",
        ),
        Suspect(
            "root forgotten",
            lambda case: by(case, divisor=lambda var: var + case.options["eps"]),
            "You divide by the variance; its square root has the units of x.",
        ),
        Suspect(
            "epsilon forgotten",
            lambda case: by(case, divisor=lambda var: var.sqrt()),
            "ε is missing: what if all numbers of a channel are equal?",
        ),
        Suspect(
            "over all channels",
            lambda case: by(case, dims=(0, 1, 2, 3)),
            "You use one mean for all channels; each channel has its own.",
        ),
        Suspect(
            "running statistics not updated",
            lambda case: (by(case)[0], case.inputs["running_mean"], case.inputs["running_var"]),
            "y is right, but the running statistics are unchanged.",
        ),
    ),
    hints=(
        "Take the numbers 1 and 3 in one channel. Compute their mean, the mean of the squared "
        "deviations, and the normalised numbers.",
        "All statistics are per channel, over images, rows and columns. The variance is "
        "needed twice with different divisors: n for normalising, n − 1 for the running "
        "estimate.",
        "For each channel: mean; deviations; their mean square. Divide the deviations by the "
        "root of that plus ε, then multiply by weight and add bias. Mix old and new "
        "statistics: m is the share of the new ones.",
    ),
    why=(
        "Subtracting the mean and dividing by the deviation gives every channel mean 0 and "
        "variance 1. Dividing by n − 1 makes the running variance right on average, since the "
        "deviations are from the batch's own mean."
    ),
    fast=Fast(
        "minicnn.functional.batch_norm", "computes both statistics of all channels in two passes"
    ),
)

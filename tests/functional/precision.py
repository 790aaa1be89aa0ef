"""How far ours and torch's are from the truth, on the same numbers in 16 bits."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import Case, Numbers, fill
from minicnn.testing.twin import TORCH_REFUSALS

Outcome = dict[str, Tensor]


def torch_batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Call torch's function, which writes the new statistics over the old, on copies of them."""
    mean, var = (None if x is None else x.clone() for x in (running_mean, running_var))
    return twin.batch_norm(input, mean, var, **options), mean, var


def theirs(name: str) -> Callable[..., Any]:
    """Return torch's function of a name."""
    return torch_batch_norm if name == "batch_norm" else getattr(twin, name)


def seeded(f: Callable[..., Any]) -> Callable[..., Any]:
    """Have the same random numbers drawn in each call."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        torch.default_generator.manual_seed(0)
        return f(*args, **kwargs)

    return call


def three(name: str, case: Case) -> tuple[Outcome, Outcome, Outcome] | None:
    """Return value and gradients by ours, by torch's, and in float64; None if torch refuses.

    Torch gets contiguous tensors: in other layouts some of its 16-bit gradients are refused.
    """
    f, g = seeded(getattr(F, name)), seeded(theirs(name))
    ours = value_and_gradients(f, case)
    contiguous = {
        key: x.contiguous() if isinstance(x, Tensor) else x for key, x in case.arguments.items()
    }
    try:
        twins = value_and_gradients(g, case.replace(**contiguous))
    except TORCH_REFUSALS:
        return None
    return ours, twins, value_and_gradients(f, case.plain(), case)


def value_and_gradients(f: Callable[..., Any], case: Case, like: Case | None = None) -> Outcome:
    """Return all results, and the gradients for a cotangent with the rounding of ``like``."""
    leaves = {name: x.detach().requires_grad_() for name, x in case.inputs.items()}
    results = Case(leaves, case.options).call(f)
    results = (results,) if isinstance(results, Tensor) else results
    named = {f"result {i}": y.detach() for i, y in enumerate(results) if y is not None}
    dtype = next(iter((like or case).inputs.values())).dtype
    y = results[0]
    if y.requires_grad:
        g = fill(tuple(y.shape), Numbers(dtype, "positive"), seed=0).to(y.dtype)
        gradients = torch.autograd.grad(y, list(leaves.values()), g, materialize_grads=True)
        named |= {f"gradient of {name}": x for name, x in zip(leaves, gradients, strict=True)}
    return named


def errors(ours: Tensor, theirs: Tensor, truth: Tensor) -> tuple[float, float, float]:
    """Return the largest error of ours, of torch's, and of the truth itself, rounded once."""
    rounded = truth.to(ours.dtype)
    fits = rounded.isfinite() & truth.isfinite()
    far = [
        (x.double() - truth)[fits].abs().nan_to_num(nan=float("inf"))
        for x in (ours, theirs, rounded)
    ]
    largest = [x.max().item() if x.numel() else 0.0 for x in far]
    return largest[0], largest[1], largest[2]

"""How far ours and torch's are from the truth, on the same numbers in 16 bits."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import Case, Numbers, fill
from minicnn.testing.twin import TORCH_REFUSALS

Outcome = dict[str, Tensor]
Calls = dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]]


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


def batch_norm(m: Any) -> Any:
    return torch_batch_norm if m is twin else m.batch_norm


def calls(batch: int, channels: int, side: int, features: int) -> Calls:
    """Return a call of each function, in terms of a module, and the shapes of what it is given.

    The first argument may have any dtype; the others are float32 parameters. What else a call needs
    it makes on the device of the first.
    """
    c = channels
    image, rows = (batch, c, side, side), (batch + 1, features)
    return {
        "conv2d": (lambda m, x, w, b: m.conv2d(x, w, b), (image, (c, c, 3, 3), (c,))),
        'conv2d, padding="same"': (
            lambda m, x, w: m.conv2d(x, w, padding="same"), (image, (c, c, 3, 3)),
        ),
        "conv_transpose2d": (
            lambda m, x, w, b: m.conv_transpose2d(x, w, b), (image, (c, c, 3, 3), (c,)),
        ),
        "linear": (lambda m, x, w, b: m.linear(x, w, b), (rows, (features, features), (features,))),
        "unfold": (lambda m, x: m.unfold(x, 2), (image,)),
        "fold": (lambda m, x: m.fold(x, side, 2), ((batch, 4 * c, (side - 1) ** 2),)),
        "max_pool2d": (lambda m, x: m.max_pool2d(x, 2), (image,)),
        "avg_pool2d": (lambda m, x: m.avg_pool2d(x, 2), (image,)),
        "adaptive_avg_pool2d": (lambda m, x: m.adaptive_avg_pool2d(x, 2), (image,)),
        "adaptive_max_pool2d": (lambda m, x: m.adaptive_max_pool2d(x, 2), (image,)),
        "relu": (lambda m, x: m.relu(x), (rows,)),
        "leaky_relu": (lambda m, x: m.leaky_relu(x), (rows,)),
        "sigmoid": (lambda m, x: m.sigmoid(x), (rows,)),
        "tanh": (lambda m, x: m.tanh(x), (rows,)),
        "silu": (lambda m, x: m.silu(x), (rows,)),
        "gelu": (lambda m, x: m.gelu(x), (rows,)),
        "dropout": (lambda m, x: m.dropout(x), (rows,)),
        "softmax": (lambda m, x: m.softmax(x, 1), (rows,)),
        "softmax with a dtype": (lambda m, x: m.softmax(x, 1, dtype=torch.float64), (rows,)),
        "softmax in bfloat16": (lambda m, x: m.softmax(x, 1, dtype=torch.bfloat16), (rows,)),
        "log_softmax": (lambda m, x: m.log_softmax(x, 1), (rows,)),
        "nll_loss": (lambda m, x: m.nll_loss(x, labels(x)), (rows,)),
        "nll_loss, weighted": (lambda m, x: m.nll_loss(x, labels(x), ones(x)), (rows,)),
        "cross_entropy": (lambda m, x: m.cross_entropy(x, labels(x)), (rows,)),
        "cross_entropy, weighted": (lambda m, x: m.cross_entropy(x, labels(x), ones(x)), (rows,)),
        "cross_entropy of probabilities": (lambda m, x, q: m.cross_entropy(x, q), (rows, rows)),
        "batch_norm": (
            lambda m, x, w, b: batch_norm(m)(
                x, 0 * ones(x), ones(x), weight=w, bias=b, training=True
            ),
            (image, (c,), (c,)),
        ),
        "batch_norm in evaluation": (
            lambda m, x, w, b: batch_norm(m)(x, 0 * ones(x), ones(x), weight=w, bias=b),
            (image, (c,), (c,)),
        ),
        "batch_norm, bare": (
            lambda m, x: batch_norm(m)(x, None, None, training=True)[:1], (image,),
        ),
        "layer_norm": (
            lambda m, x, w, b: m.layer_norm(x, (features,), w, b),
            (rows, (features,), (features,)),
        ),
        "layer_norm, bare": (lambda m, x: m.layer_norm(x, (features,)), (rows,)),
        "group_norm": (lambda m, x, w, b: m.group_norm(x, 2, w, b), (image, (c,), (c,))),
        "group_norm, bare": (lambda m, x: m.group_norm(x, 2), (image,)),
    }  # fmt: skip


def labels(x: Tensor) -> Tensor:
    return torch.zeros(x.shape[0], dtype=torch.int64, device=x.device)


def ones(x: Tensor) -> Tensor:
    return torch.ones(x.shape[1], device=x.device)


@contextmanager
def region(device: str, low: torch.dtype) -> Iterator[None]:
    """Switch autocast on by hand: `torch.autocast` does not where the device is missing."""
    before = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)
    torch.set_autocast_enabled(device, True)
    torch.set_autocast_dtype(device, low)
    try:
        yield
    finally:
        torch.set_autocast_enabled(device, before[0])
        torch.set_autocast_dtype(device, before[1])
        torch.clear_autocast_cache()

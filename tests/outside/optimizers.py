"""Samples of `optim_db`: ten steps of our optimizers and of torch's, on the same gradients."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from minicnn import optim, tree

from . import databases
from .judge import Sample

DATABASE = "optim_db"
OPTIMIZERS: dict[str, Callable[..., optim.Transform]] = {
    "SGD": functools.partial(optim.sgd, lr=1e-3),  # ours has no default; this is torch's
    "Adam": optim.adam,
    "AdamW": optim.adamw,
}
NAMES = tuple(OPTIMIZERS)
DTYPES = (torch.float64, torch.float32)
STEPS = 10

# These choose how torch computes its steps and not what they are. Ours are computed in one way.
IMPLEMENTATIONS = ("foreach", "fused")


def samples(name: str) -> Iterator[Sample]:
    """Make the samples of an optimizer: each choice of options, in each implementation."""
    (info,) = (i for i in databases.load().optim_db if i.optim_cls.__name__ == name)
    for dtype in DTYPES:
        for given in info.optim_inputs_func("cpu", dtype):
            for implementation in ({}, *({flag: True} for flag in info.supported_impls)):
                options = {**given.kwargs, **implementation}
                yield _sample(name, info.optim_cls, options, _params(dtype))
        for error in info.optim_error_inputs_func("cpu", dtype):
            given = error.optimizer_error_input
            params = _params(dtype) if given.params is None else given.params
            yield _sample(name, info.optim_cls, given.kwargs, params, must_raise=True)


def _params(dtype: torch.dtype) -> dict[str, Tensor]:
    return {"weight": torch.randn(3, 2, dtype=dtype), "bias": torch.randn(3, dtype=dtype)}


def _sample(
    name: str, cls: Any, given: dict[str, Any], params: Any, must_raise: bool = False
) -> Sample:
    options = {key: value for key, value in given.items() if key not in IMPLEMENTATIONS}

    def ours(params: Any, gradients: Any) -> tuple[Tensor, ...]:
        optimizer = OPTIMIZERS[name](**options)
        state, path = optimizer.init(params), ()
        for gradient in gradients:
            updates, state = optimizer.update(gradient, state, params)
            params = optim.apply_updates(params, updates)
            path += tree.leaves(params)
        return path

    def theirs(params: Any, gradients: Any) -> tuple[Tensor, ...]:
        if isinstance(params, dict):
            params = [p.clone() for p in params.values()]
        optimizer, path = cls(params, **given), ()
        for gradient in gradients:
            for p, g in zip(params, gradient.values(), strict=True):
                p.grad = g.clone()
            optimizer.step()
            path += tuple(p.clone() for p in params)
        return path

    # What has to be refused need not be a tree, and then no gradient is like it but itself.
    gradients = [params]
    if not must_raise:
        gradients = [tree.map(torch.randn_like, params) for _ in range(STEPS)]
    seen = {**given, "params": params}
    return Sample(DATABASE, name, ours, theirs, (params, gradients), {}, seen, must_raise)

"""Samples of `op_db`: the functions of `minicnn.functional`, called as torch's operators are."""

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F

from . import databases
from .judge import Sample

DATABASE = "op_db"
# Everything public, but for fold: torch tests its operator among the modules, as nn.Fold.
NAMES = tuple(sorted(set(F.__all__) - {"fold"}))


def samples(name: str) -> Iterator[Sample]:
    """Make the samples of a function, in all dtypes that torch's has too."""
    known = (name, f"nn.functional.{name}")
    for info in databases.load().op_db:
        # The operator "unfold" is Tensor.unfold; ours is "nn.functional.unfold".
        if info.name not in known or (name, info.name) == ("unfold", "unfold"):
            continue
        for dtype in databases.DTYPES:
            if dtype in info.dtypes:
                differentiable = dtype.is_floating_point or (
                    dtype.is_complex and dtype in info.supported_backward_dtypes("cpu")
                )
                for sample in info.reference_inputs("cpu", dtype, requires_grad=differentiable):
                    yield _sample(name, sample)
        if info.error_inputs_func is not None:
            for error in info.error_inputs("cpu"):
                yield _sample(name, error.sample_input, must_raise=True)


def _sample(name: str, given: Any, must_raise: bool = False) -> Sample:
    ours = getattr(F, name)
    theirs = _batch_norm if name == "batch_norm" else getattr(torch.nn.functional, name)
    args = (given.input, *given.args)
    bound = inspect.signature(ours).bind(*args, **given.kwargs)
    bound.apply_defaults()
    return Sample(DATABASE, name, ours, theirs, args, given.kwargs, bound.arguments, must_raise)


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    *args: Any,
    **kwargs: Any,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return the new statistics, as ours does, instead of changing the old ones."""
    mean, var = (None if x is None else x.clone() for x in (running_mean, running_var))
    return torch.nn.functional.batch_norm(input, mean, var, *args, **kwargs), mean, var

"""Put the functions of minicnn in the place of torch's, under networks that nobody here wrote."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, resolve_name

from minicnn import functional as F

TORCHS = "torch.nn.functional."
ADAPTED = ("inplace", "_stacklevel", "size_average", "reduce")  # torch's, and not ours


@contextmanager
def swapped() -> Iterator[None]:
    """Have ``torch.nn.functional.conv2d`` and all other functions that we have be ours.

    Modules of torch.nn look their function up at every call, so networks made of them change too.
    """
    functional = torch.nn.functional
    with pytest.MonkeyPatch.context() as patch:
        for name in F.__all__:
            twin = getattr(functional, name)
            ours = _batch_norm if name == "batch_norm" else _without_extras(getattr(F, name), twin)
            patch.setattr(functional, name, ours)
        yield


def _without_extras(ours: Callable[..., Any], twin: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out the arguments that only torch's has: nothing is changed in place here."""
    try:
        signature = inspect.signature(twin)
    except ValueError:  # written in C++: it has the arguments that ours has
        return ours
    if not set(ADAPTED) & set(signature.parameters):
        return ours

    def call(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs).arguments
        return ours(**{key: value for key, value in arguments.items() if key not in ADAPTED})

    return call


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    *args: Any,
    **kwargs: Any,
) -> Tensor:
    """Write the new statistics, which ours returns, into the module's buffers, as torch does."""
    y, *statistics = F.batch_norm(input, running_mean, running_var, *args, **kwargs)
    for buffer, new in zip((running_mean, running_var), statistics, strict=True):
        if buffer is not None and new is not None:
            buffer.copy_(new.detach())
    return y


class Remaining(TorchFunctionMode):
    """Note which functions of torch.nn.functional a network still calls."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = resolve_name(func) or ""
        if name.startswith(TORCHS):
            self.names.add(name.removeprefix(TORCHS))
        return func(*args, **(kwargs or {}))

"""What torch's module databases give: a module, and what to call it with."""

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn

from . import databases


class Given(NamedTuple):
    """A module to be made, and what it is called with.

    Attributes:
        make: makes it.
        arguments: what its constructor is given, by name; None where torch does not tell.
        inputs: what it is called with.
        error: what torch must refuse, "construction" or "forward", or nothing.
    """

    make: Callable[[], nn.Module]
    arguments: dict[str, Any] | None
    inputs: tuple[Any, ...]
    error: str = ""


def given(module: str) -> Iterator[Given]:
    """List the samples of ``nn.module``."""
    yield from _from_module_db(module)
    yield from _from_common_nn(module)


def _from_module_db(module: str) -> Iterator[Given]:
    for info in databases.load().module_db:
        if info.name != f"nn.{module}":
            continue
        for dtype in (dtype for dtype in databases.DTYPES if dtype in info.dtypes):
            for training in (True, False) if info.train_and_eval_differ else (True,):
                for sample in info.module_inputs_func(info, "cpu", dtype, True, training):
                    yield _read(info.module_cls, sample, dtype, training)
        if info.module_error_inputs_func is not None:
            for sample in info.module_error_inputs_func(info, "cpu", torch.float32, True, True):
                error = sample.error_on.name.removesuffix("_ERROR").lower()
                yield _read(info.module_cls, sample.module_error_input, error=error)


def _read(
    cls: type[nn.Module],
    sample: Any,
    dtype: torch.dtype | None = None,
    training: bool = True,
    error: str = "",
) -> Given:
    args, kwargs = sample.constructor_input.args, sample.constructor_input.kwargs
    call = sample.forward_input  # none, where the construction fails

    def make() -> nn.Module:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Complex modules are a new feature")
            return cls(*args, **kwargs).to(dtype).train(training)

    return Given(
        make,
        _by_name(cls, args, kwargs),
        (*call.args, *call.kwargs.values()) if call else (torch.zeros(2, 3),),
        error,
    )


def _from_common_nn(module: str) -> Iterator[Given]:
    cls = getattr(nn, module)
    for entry in databases.load().common_nn:
        name = entry.get("fullname") or entry["module_name"]
        if name != module and not name.startswith(f"{module}_"):
            continue
        args = entry.get("constructor_args", ())
        make = entry.get("constructor", functools.partial(cls, *args))
        if not isinstance(make(), cls):  # some are functions in the guise of a module
            continue
        x = entry["input_fn"]() if "input_fn" in entry else torch.randn(entry["input_size"])
        yield Given(
            lambda make=make: make().double(),
            None if "constructor" in entry else _by_name(cls, args, {}),
            (x.double().requires_grad_(),),
        )


def _by_name(cls: type[nn.Module], args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    return dict(inspect.signature(cls).bind(*args, **kwargs).arguments)

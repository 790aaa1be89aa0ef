"""Check that an answer is written by hand and calls no ready-made function."""

import dis
import types
from collections.abc import Callable
from functools import cache
from typing import Any

from torch.overrides import TorchFunctionMode, resolve_name

ALLOWED = {"pad", "one_hot"}  # building blocks in torch.nn.functional
READY_MADE = {
    *("conv1d", "conv2d", "conv3d", "convolution", "convolution_backward", "conv_transpose2d"),
    *("max_pool1d", "max_pool2d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d"),
    *("im2col", "col2im", "relu", "threshold", "threshold_backward", "dropout", "batch_norm"),
    *("native_batch_norm", "softmax", "_softmax", "log_softmax", "_log_softmax", "logsumexp"),
    *("nll_loss", "cross_entropy_loss"),
    # the first calls of torch.autograd, torch.func and torch.optim
    *("requires_grad", "requires_grad.__set__", "backward", "_record_function_enter_new"),
}


class ReadyMadeError(BaseException):
    """A ready-made function was called. A BaseException, so that answers do not catch it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Watch(TorchFunctionMode):
    """Raise ReadyMadeError when a ready-made function of torch is called.

    Example:
        >>> import torch
        >>> try:
        ...     with Watch():
        ...         torch.softmax(torch.exp(torch.zeros(2)), 0)
        ... except ReadyMadeError as error:
        ...     print(error.name)
        torch.softmax
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Check the name of the function, then call it."""
        name = resolve_name(func) or ""
        if is_ready_made(name):
            raise ReadyMadeError(name)
        return func(*args, **(kwargs or {}))


def is_ready_made(name: str) -> bool:
    """Return whether a torch function, given by its full name, is ready-made.

    Example:
        >>> [is_ready_made(f"torch.{f}") for f in ("nn.functional.unfold", "Tensor.unfold")]
        [True, False]
    """
    for prefix in ("torch.Tensor.", "torch.", "aten.", "profiler."):
        if name.startswith(prefix):
            bare = name.removeprefix(prefix).removesuffix(".default").removesuffix("_")
            return bare in READY_MADE or (
                bare.startswith("nn.") and bare.rpartition(".")[2] not in ALLOWED
            )
    return False


def borrowed(function: Callable[..., Any]) -> str | None:
    """Return what a function uses of minicnn, directly or through functions of its file, or None.

    Example:
        >>> from minicnn import naive
        >>> borrowed(lambda input, weight: naive.conv2d(input, weight))
        'minicnn.naive'
    """
    waiting: list[Any] = [function]
    seen: set[Any] = set()
    while waiting:
        f = waiting.pop()
        if not isinstance(f, types.FunctionType) or f in seen:
            continue
        seen.add(f)
        for name in _names(f.__code__):
            value = f.__globals__.get(name)
            origin = _origin(value, name)
            if origin.partition(".")[0] == "minicnn":
                return origin
            waiting.append(value)
    return None


def _origin(value: Any, name: str) -> str:
    if isinstance(value, types.ModuleType):
        return value.__name__
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if isinstance(module, str) else name


@cache
def _names(code: types.CodeType) -> tuple[str, ...]:
    """Return the global names that a function reads and the modules that it imports."""
    reads = ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME")
    found = [step.argval for step in dis.get_instructions(code) if step.opname in reads]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):  # the code of a nested function
            found += _names(constant)
    return tuple(found)

"""What works around torch, each with its reason and what it is worth in a training step.

Measured on mnist_cnn, one thread, processor time with and without, in turns, on a machine that
was not quiet: the ratios hold to about a hundredth. Of two ratios the first is for batches of 64,
the second for batches of 256.
"""

import ctypes
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Function(torch.autograd.Function):
    """An operation with its derivative, two static functions, for use under every transform.

    A subclass writes ``forward`` (the value), ``setup_context`` (what to save of the arguments and
    the value) and ``backward`` (the gradients with respect to the arguments, in differentiable
    operations, so that they can be differentiated in turn). torch.func derives the rule for vmap
    from these.

    The caller may change the value in place, unless it is saved: as torch's functions save the
    output or the input, so do ours.

    Autocast does nothing inside: an operation computes in the dtype of its arguments, which
    functional/precision.py chooses.
    """

    generate_vmap_rule = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.forward = staticmethod(_forward(cls.forward))
        cls.backward = staticmethod(_without_autocast(cls.backward))


def _forward(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a ``forward``: no autocast inside, results that the caller may change, no tracing."""
    f = _without_autocast(f)

    @functools.wraps(f)
    def call(*args: Any) -> Any:
        if torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
            # It would record a call into Python, if anything.
            raise RuntimeError(
                "torch.jit.trace cannot record minicnn's functions: use torch.export.export, which "
                "torch.onnx.export does with dynamo=True, or torch.compile"
            )
        y = f(*args)
        return _own(y, args) if isinstance(y, Tensor) else tuple(_own(z, args) for z in y)

    # At every call torch asks for the signature of ``forward``, and inspect works it out anew
    # unless it is stored. Without this a step takes 1.04 and 1.01 times as long.
    vars(call)["__signature__"] = inspect.signature(f)
    return call


def _without_autocast(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def call(*args: Any) -> Any:
        for x in args:
            if isinstance(x, Tensor):
                if is_autocast(x):
                    with torch.autocast(x.device.type, enabled=False):
                        return f(*args)
                break  # all tensors are on one device
        return f(*args)

    return call


def _own(y: Tensor, args: tuple[Any, ...]) -> Tensor:
    """Return ``y`` as a tensor of its own if it is a view: one may be changed in place.

    torch forbids it for a view that a Function returns. Here most are views of what the Function
    made itself: an image stored batch-last is shown as one. ``data`` is the same memory without the
    history. What is a view of an argument is copied.
    """
    if not is_plain(y) or not y._is_view() or any(y is x for x in args):
        return y
    tensors = [x for x in args if isinstance(x, Tensor)]
    shared = any(y._base is (x._base if x._is_view() else x) for x in tensors)
    return y.clone() if shared else y.data


def is_autocast(x: Tensor) -> bool:
    """Tell if this is a region of torch.autocast for the device of ``x``; not every type has one.

    Example:
        >>> with torch.autocast("cpu", torch.bfloat16):
        ...     is_autocast(torch.ones(1)), is_autocast(torch.ones(1, device="meta"))
        (True, False)
    """
    if x.is_cpu:  # asked at every call, and a device's type takes longer to get
        return torch.is_autocast_enabled("cpu")
    device = x.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def needed(ctx: Any, *is_tensor: bool) -> tuple[bool, ...]:
    """Tell in ``backward`` which of the first arguments need a gradient, given which are tensors.

    Under torch.compile all tensors do: the compiler drops what is not used, and in torch 2.14 its
    ``needs_input_grad`` is wrong for arguments that torch.func differentiates with respect to:
    a compiled gradient would be 0. Not a matter of speed.
    """
    return is_tensor if torch.compiler.is_compiling() else ctx.needs_input_grad[: len(is_tensor)]


def is_plain(x: Tensor) -> bool:
    """Tell if ``x`` is numbers in memory, to be read, to be overwritten, and to decide by.

    Not under torch.compile, where the numbers are not there yet, nor on the device "meta", which
    has none, nor under the transforms of torch.func: under vmap one tensor stands for many, and
    vmap has no rule for ``eq(out=)``, ``ne(out=)`` and ``baddbmm_``, which the fast forms need.

    Without these a step takes longer: 1.8 and 2.0 times with max pooling's gradient by selection,
    1.015 and 1.03 times for relu's, 1.025 and 1.00 times for convolution's.
    """
    if torch.compiler.is_compiling() or x.is_meta:
        return False
    return torch.func.debug_unwrap(x) is x


def are_finite(*tensors: Tensor) -> bool:
    """Tell if all tensors are plain, and have no infinity and no NaN: 0 times any cell is 0.

    A sum is infinite or NaN if any of its terms is, and takes less time than looking at each. Where
    it overflows the answer is False although all are finite, so the slower form must be right too.
    """
    return all(is_plain(x) and bool(x.sum().isfinite()) for x in tensors)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names and numbers of glibc's malloc.h
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory in the process; for programs that train, on the CPU.

    glibc hands large blocks back to the system as soon as they are freed, and the next block comes
    as pages that the system must first find and fill with zeros, one page fault for every 4 KiB. A
    training step frees and allocates the same tens of megabytes every time. With freed memory kept
    there are hardly any page faults from the second step on; torch does the same on a GPU. Without
    it a step takes 1.18 and 1.05 times as long. The price: the process stays as large as it was at
    its largest. Nothing in minicnn calls this by itself: it changes the whole process.

    Returns:
        True if freed blocks are kept from now on; False where the C library is not glibc.

    Example:
        >>> keep_freed_memory() == keep_freed_memory()  # asking again changes nothing
        True

    Reference: The GNU C Library manual, "Malloc Tunable Parameters" (function ``mallopt``).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is None:
        return False
    # Blocks of up to 1 GiB come from the heap and not from the system, and the heap never shrinks.
    return bool(mallopt(M_MMAP_THRESHOLD, 1 << 30) and mallopt(M_TRIM_THRESHOLD, LARGEST_INT))

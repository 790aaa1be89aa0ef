"""Function: what every operation with a backward of its own is made of."""

import inspect
from typing import Any

import torch


class Function(torch.autograd.Function):
    """An operation with its derivative, two static functions, to be used under every transform.

    A subclass writes ``forward`` (the value), ``setup_context`` (what to keep of the arguments and
    the value) and ``backward`` (the gradients by the arguments, made of differentiable operations,
    so that they can be differentiated in turn). torch.func makes the rule for vmap of these.
    """

    generate_vmap_rule = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # torch asks for the signature at every call, and works it out anew unless it is noted here.
        cls.forward.__signature__ = inspect.signature(cls.forward)


def needed(ctx: Any, *is_tensor: bool) -> tuple[bool, ...]:
    """Tell in ``backward`` which arguments need a gradient, given which of the first are tensors.

    Under torch.compile all of them do: the compiler leaves out what nobody uses, and that of torch
    2.14 has a wrong ``needs_input_grad`` for arguments that torch.func differentiates by.
    """
    return is_tensor if torch.compiler.is_compiling() else ctx.needs_input_grad[: len(is_tensor)]

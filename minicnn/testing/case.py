"""A case: the arguments of one call, to compare two functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """Arguments by name: ``inputs``, which are differentiable, and ``options``, all others.

    Example:
        >>> case = Case({"input": torch.tensor([1.0, -2.0])}, {"dim": 0})
        >>> case
        Case(input=float32 (2,) strides (1,) [1.0, -2.0], dim=0)
        >>> case.call(torch.softmax)
        tensor([0.9526, 0.0474])
    """

    inputs: dict[str, Tensor]
    options: dict[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        """Inputs and options."""
        return {**self.inputs, **self.options}

    def call(self, f: Callable[..., Any]) -> Any:
        """Return ``f`` of these arguments."""
        return f(**self.arguments)

    def replace(self, **arguments: Any) -> "Case":
        """Return the case with changed ``arguments``; new ones become options."""
        inputs = {name: arguments.pop(name, value) for name, value in self.inputs.items()}
        return Case(inputs, {**self.options, **arguments})

    def without(self, name: str) -> "Case":
        """Return the case without one argument, which must have a default."""
        return Case(
            {key: value for key, value in self.inputs.items() if key != name},
            {key: value for key, value in self.options.items() if key != name},
        )

    def by(self, name: str) -> "Case":
        """Return the case with a single differentiable input."""
        return Case({name: self.inputs[name]}, self.without(name).arguments)

    def plain(self) -> "Case":
        """Return the case with the same numbers, in float64 and contiguous."""

        def convert(value: Any) -> Any:
            if not isinstance(value, Tensor) or not value.is_floating_point():
                return value
            return value.to(torch.float64, copy=True, memory_format=torch.contiguous_format)

        return Case(
            {name: convert(value) for name, value in self.inputs.items()},
            {name: convert(value) for name, value in self.options.items()},
        )

    def __repr__(self) -> str:
        """Return what is needed to debug a failure with this case."""
        return f"Case({', '.join(f'{k}={_show(v)}' for k, v in self.arguments.items())})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Make hypothesis print the same."""
        printer.text(repr(self))


def _show(value: Any) -> str:
    if not isinstance(value, Tensor):
        return repr(value)
    dtype = str(value.dtype).removeprefix("torch.")
    numbers = value.tolist() if value.numel() <= 100 else "…"
    return f"{dtype} {tuple(value.shape)} strides {value.stride()} {numbers}"

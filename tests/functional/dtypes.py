"""Write the table of errors in 16 bits: ``python -m tests.functional.dtypes --save FILE``."""

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F

from .precision import calls, region, seeded, theirs

HALF, BRAIN = torch.float16, torch.bfloat16
COLUMNS: dict[str, tuple[torch.dtype, torch.dtype | None]] = {  # of the numbers, of the region
    "float16": (HALF, None),
    "bfloat16": (BRAIN, None),
    "autocast to float16": (torch.float32, HALF),
    "autocast to bfloat16": (torch.float32, BRAIN),
}
SIZES = {"batch": 8, "channels": 16, "side": 12, "features": 256}
SEEDS = range(5)
HEAD = """# Errors in 16 bits

`python -m tests.functional.dtypes --save docs/results/dtypes.md` writes this table. Each function
gets standard normal numbers ({sizes}), and
its value and gradients are compared with those in float64. An entry is the largest error over the
value and all gradients, relative to the largest number of each, in {seeds} draws: *ours / torch's*.
A dash is where torch has no such function.

On the CPU, torch {version}.
"""


def outcomes(call: Callable[..., Any], m: Any, leaves: list[Tensor], low: Any) -> list[Tensor]:
    """Return the value, and the gradients for a cotangent of ones and twos."""
    with region("cpu", low) if low else nullcontext():
        y = seeded(call)(m, *leaves)
    y = y[0] if isinstance(y, tuple) else y
    g = (torch.arange(y.numel()) % 2 + 1).view_as(y).to(y.dtype)
    return [y.detach(), *torch.autograd.grad(y, leaves, g)]


def relative_error(results: list[Tensor], truth: list[Tensor]) -> float:
    """Return the largest error of all, each relative to the largest number that should be there."""
    return max(
        ((x.double() - t).abs().max() / t.abs().max().clamp(min=1e-300)).item()
        for x, t in zip(results, truth, strict=True)
    )


def errors(name: str, dtype: torch.dtype, low: torch.dtype | None) -> tuple[float, float | None]:
    """Return the largest error of ours and of torch's in several draws."""
    call, shapes = calls(**SIZES)[name]
    modules = (F, twin) if low else (Cast(F, dtype), Cast(twin, dtype))
    ours, others = [], []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        numbers = [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]
        truth = outcomes(
            call, Cast(F, torch.float64), [x.double().requires_grad_() for x in numbers], None
        )
        leaves = [x.requires_grad_() for x in numbers]
        ours.append(relative_error(outcomes(call, modules[0], leaves, low), truth))
        try:
            others.append(relative_error(outcomes(call, modules[1], leaves, low), truth))
        except (RuntimeError, ValueError):
            return max(ours), None
    return max(ours), max(others)


class Cast:
    """A module's functions, given all floating-point tensors in one dtype, a call's own too."""

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        self.module, self.dtype = module, dtype

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def cast(x: Any) -> Any:
            return x.to(self.dtype) if isinstance(x, Tensor) and x.is_floating_point() else x

        def call(*args: Any, **kwargs: Any) -> Any:
            f = theirs(name) if self.module is twin else getattr(self.module, name)
            return f(*map(cast, args), **{key: cast(x) for key, x in kwargs.items()})

        return call


def entry(name: str, column: str) -> str:
    """Return one cell of the table."""
    ours, others = errors(name, *COLUMNS[column])
    return f"{ours:.1e} / " + ("—" if others is None else f"{others:.1e}")


def table() -> str:
    """Return the page."""
    sizes = ", ".join(f"{name} {size}" for name, size in SIZES.items())
    lines = [HEAD.format(sizes=sizes, seeds=len(SEEDS), version=torch.__version__)]
    lines += [f"| function | {' | '.join(COLUMNS)} |", "| --- " * (1 + len(COLUMNS)) + "|"]
    for name in calls(**SIZES):
        if "with a dtype" not in name and "in bfloat16" not in name:
            lines.append(f"| {name} | {' | '.join(entry(name, column) for column in COLUMNS)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or save it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", type=Path, help="write the table to this file")
    path, text = parser.parse_args().save, table()
    if path is None:
        print(text, end="")
    else:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

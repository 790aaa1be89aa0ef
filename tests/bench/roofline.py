"""Where the time of a training step goes, and how fast its matrix products could be at best.

python -m tests.bench.roofline --save docs/results/roofline.md

The bound is that of the roofline model: products take at least their multiplications and additions
divided by the rate that this processor attains on large square matrices, and copies take at least
their bytes divided by the bandwidth of memory. Both rates are measured first.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from minicnn import models
from minicnn.runs import run_command
from tests.bench.arguments import parse_save, publish
from tests.bench.measure import Meter, median_seconds, prepare
from tests.bench.steps import digit_batches, our_training

BATCH = 256
STEPS = 20
SQUARE = 2048  # the side of the matrices at whose product a processor is at its fastest
STREAM = 2**24  # numbers to copy: more than a cache holds

PRODUCTS, COPIES = "matrix products", "copies"
OTHER = "elementwise operations and sums"
OUTSIDE = "Python, and calling the operators"
KINDS = {
    PRODUCTS: ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::baddbmm_"),
    COPIES: ("aten::copy_", "aten::_to_copy", "aten::clone", "aten::cat"),
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


class Roofline(NamedTuple):
    """A training step, by kinds of work.

    Attributes:
        step: seconds.
        kinds: seconds of each kind; they add up to the step.
        calls: of operators in a step.
        operations: multiplications and additions in the matrix products of a step.
        peak: multiplications and additions per second, in a product of large matrices.
        bandwidth: bytes per second, read and written, in a large copy.
    """

    step: float
    kinds: dict[str, float]
    calls: int
    operations: float
    peak: float
    bandwidth: float

    def __str__(self) -> str:
        """Format a Markdown table and what follows from it."""
        products = self.kinds[PRODUCTS]
        least = self.operations / self.peak
        lines = ["| part of a step | ms | share |", "|---|---|---|"]
        lines += [
            f"| {kind} | {1e3 * seconds:.1f} | {seconds / self.step:.0%} |"
            for kind, seconds in sorted(self.kinds.items(), key=lambda item: -item[1])
        ]
        lines += [
            f"| **the whole step** | {1e3 * self.step:.1f} | 100% |",
            "",
            f"A step calls {self.calls} operators. Its matrix products are "
            f"{self.operations / 1e9:.2f} billion operations, at "
            f"{self.operations / products / 1e9:.0f} billion a second.",
            f"Large square matrices are multiplied at {self.peak / 1e9:.0f} billion a second; at "
            f"that rate the products would take {1e3 * least:.1f} ms.",
            f"Memory is copied at {self.bandwidth / 1e9:.0f} GB/s, read and written.",
        ]
        return "\n".join(lines)


class Watch(TorchDispatchMode):
    """Time every operator that runs, and count the operations of matrix products.

    Attributes:
        seconds: by kind.
        calls: how many.
        operations: multiplications and additions.

    Example:
        >>> with Watch() as seen:
        ...     _ = torch.rand(2, 3) @ torch.rand(3, 5)
        >>> seen.operations
        60
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls = self.operations = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operator; of a product the last two operands are matrices."""
        start = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        seconds = time.perf_counter() - start
        kind = KIND_OF.get(func.name().partition(".")[0], OTHER)
        self.seconds[kind] += seconds
        self.calls += 1
        if kind == PRODUCTS:
            self.operations += 2 * result.numel() * args[-2].shape[-1]
        return result


def measure() -> Roofline:
    """Measure a training step of the default model and the two rates of this processor."""
    step = our_training(models.mnist_cnn(), digit_batches(BATCH))
    seconds = median_seconds(step, Meter(STEPS, 0))
    watches = []
    for _ in range(STEPS):
        with Watch() as seen:
            step()
        watches.append(seen)
    kinds = {
        kind: statistics.median(seen.seconds[kind] for seen in watches) for kind in (*KINDS, OTHER)
    }
    kinds[OUTSIDE] = max(0.0, seconds - sum(kinds.values()))
    return Roofline(seconds, kinds, watches[0].calls, watches[0].operations, *rates())


def rates() -> tuple[float, float]:
    """Measure operations per second in a large product, and bytes per second in a large copy."""
    a, b = torch.rand(2, SQUARE, SQUARE)
    source = torch.rand(STREAM)
    target = torch.empty_like(source)
    meter = Meter(STEPS, 0)
    product = median_seconds(lambda: a @ b, meter)
    copy = median_seconds(lambda: target.copy_(source), meter)
    return 2 * SQUARE**3 / product, 2 * source.nbytes / copy


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and save if asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.roofline", description=(__doc__ or "").split("\n\n")[0]
    )
    args = parse_save(parser, argv)
    prepare(2)
    publish(str(measure()), args.save)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))

"""Single operations, forward and backward."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch

from tests.bench import ops
from tests.bench.measure import Comparison

SIDES = ("ours", "torch")


def both(comparisons: Iterable[Comparison]) -> list[Any]:
    """Make the two sides of each comparison two benchmarks of one group."""
    return [
        pytest.param(
            comparison,
            side,
            marks=pytest.mark.benchmark(group=comparison.name, max_time=0.5),
            id=f"{plain(comparison.name)}-{SIDES[side]}",
        )
        for comparison in comparisons
        for side in range(2)
    ]


def plain(name: str) -> str:
    """Write the name in ASCII, as pytest requires."""
    return name.replace("×", "x").replace("→", "to")


def general_convolutions() -> list[Comparison]:
    return [
        Comparison(f"conv2d {name}", lambda g=g: (ops.our_conv(g), ops.torch_conv(g)))
        for name, g in ops.GENERAL.items()
    ]


@pytest.mark.parametrize(
    ("comparison", "side"),
    both(
        [
            *ops.convolutions(),
            *general_convolutions(),
            *ops.pools(),
            ops.cross_entropy(),
            *ops.activations(),
        ]
    ),
)
def test_operation(benchmark: Any, comparison: Comparison, side: int) -> None:
    functions = comparison.make()
    gradients = benchmark(functions[side])
    for gradient, other in zip(gradients, functions[1 - side](), strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(("comparison", "side"), both([ops.adam()]))
def test_adam(benchmark: Any, comparison: Comparison, side: int) -> None:
    benchmark(comparison.make()[side])

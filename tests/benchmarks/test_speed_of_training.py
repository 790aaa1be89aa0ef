"""Training steps: forward, backward and Adam."""

from typing import Any

import pytest

from minicnn import models
from tests.bench.measure import Comparison
from tests.bench.steps import steps, usual_net

SIDES = ("ours", "torch")


@pytest.mark.parametrize("side", range(2), ids=SIDES)
@pytest.mark.parametrize(
    "comparison",
    [
        pytest.param(comparison, marks=pytest.mark.benchmark(group=comparison.name), id=str(i))
        for i, comparison in enumerate([steps(models.mnist_cnn, 256), steps(usual_net, 64)])
    ],
)
def test_training_step(benchmark: Any, comparison: Comparison, side: int) -> None:
    step = comparison.make()[side]
    first = step()
    assert benchmark(step) < first, "training lowers the loss"

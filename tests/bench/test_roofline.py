"""The parts of a step are measured as such, and add up to it."""

import pytest
import torch

from minicnn import functional as F
from tests.bench import roofline
from tests.bench.roofline import COPIES, OTHER, OUTSIDE, PRODUCTS, Roofline, Watch


def test_the_operations_of_a_convolution_are_those_of_its_three_products() -> None:
    x = torch.rand(2, 3, 8, 7, requires_grad=True)
    w = torch.rand(5, 3, 3, 2, requires_grad=True)
    with Watch() as forward:
        y = F.conv2d(x, w)
    once = 2 * y.numel() * 3 * 3 * 2  # a multiplication and an addition for each cell of a window
    with Watch() as backward:
        torch.autograd.grad(y.sum(), (x, w))
    assert (forward.operations, backward.operations) == (once, 2 * once)


def test_each_operator_is_of_one_kind() -> None:
    x = torch.rand(50, 50)
    with Watch() as seen:
        (x @ x).exp().clone()
    assert seen.calls == 3
    assert set(seen.seconds) == {PRODUCTS, OTHER, COPIES}
    assert all(seconds > 0 for seconds in seen.seconds.values())


def test_the_table_says_what_follows_from_the_measurements() -> None:
    kinds = {PRODUCTS: 0.010, OTHER: 0.006, COPIES: 0.003, OUTSIDE: 0.001}
    text = str(Roofline(0.020, kinds, calls=150, operations=2e9, peak=4e11, bandwidth=2e10))
    assert "| matrix products | 10.0 | 50% |" in text
    assert "A step calls 150 operators." in text
    assert "2.00 billion operations, at 200 billion a second" in text
    assert "the products would take 5.0 ms" in text


@pytest.mark.slow
def test_a_step_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "STEPS", 2)
    monkeypatch.setattr(roofline, "BATCH", 8)
    monkeypatch.setattr(roofline, "SQUARE", 256)
    measured = roofline.measure()
    conv1, conv2, linear = 576 * 25 * 24, 100 * 216 * 32, 800 * 256 + 256 * 10
    # The image of the first convolution needs no gradient.
    assert measured.operations == 2 * 8 * (2 * conv1 + 3 * (conv2 + linear))
    assert sum(measured.kinds.values()) >= measured.step
    assert measured.peak > 0
    assert measured.bandwidth > 0

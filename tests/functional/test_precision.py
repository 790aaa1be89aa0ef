"""16-bit numbers: summed in float32 and rounded once, so never worse than torch's by much."""

import re
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import functional as F
from minicnn.functional import precision
from minicnn.testing import Numbers, accepted, cases

from .precision import errors, three

HALF, BRAIN = torch.float16, torch.bfloat16
batch_norm: Any = F.batch_norm  # whether it returns statistics depends on whether it was given any
narrow = pytest.mark.parametrize("dtype", [HALF, BRAIN])

# Sums that overflow or lose everything if each step is rounded


def test_a_mean_whose_sum_is_more_than_float16_holds() -> None:
    x = torch.full((1, 1, 7, 7), 2000.0, dtype=HALF)
    assert F.avg_pool2d(x, 7).item() == 2000
    assert F.adaptive_avg_pool2d(x, 1).item() == 2000


@narrow
def test_a_mean_over_more_cells_than_the_dtype_holds(dtype: torch.dtype) -> None:
    for size in (256, 300):
        x = torch.ones(1, 1, size, size, dtype=dtype, requires_grad=True)
        y = F.avg_pool2d(x, size)
        assert y.item() == 1
        (g,) = torch.autograd.grad(y, x, torch.full_like(y, 2.0**10))
        assert g.unique().tolist() == [torch.tensor(2.0**10 / size**2).to(dtype).item()]


def test_the_rows_of_a_dilated_kernel_cancel_before_they_are_rounded() -> None:
    """200 · 150 − 200 · 150 + 0, each product more than float16 counts in ones."""
    x = torch.tensor([200.0, 0, 200, 0, 0.25], dtype=HALF).view(1, 1, 5, 1)
    w = torch.tensor([150.5, -150.5, 0.5], dtype=HALF).view(1, 1, 3, 1)
    assert F.conv2d(x, w, dilation=(2, 1)).item() == 0.125


def test_a_transposed_convolution_adds_before_it_rounds() -> None:
    """200 · 200 + 200 · 200 − 200 · 200 = 40,000, and 80,000 is infinite in float16."""
    x = torch.full((1, 1, 3, 1), 200.0, dtype=HALF)
    w = torch.tensor([200.0, 200.0, -200.0], dtype=HALF).view(1, 1, 3, 1)
    assert F.conv_transpose2d(x, w, padding=(1, 0))[0, 0, 1].item() == 40000
    b = torch.tensor([-40000.0], dtype=HALF)
    y = F.conv_transpose2d(x.flip(2), w.abs(), b, padding=(1, 0))
    assert y[0, 0, 0].item() == 40000


@narrow
def test_the_mean_loss_of_a_large_batch(dtype: torch.dtype) -> None:
    labels = torch.zeros(40_000, dtype=torch.int64)
    labels[0] = -100
    scores = torch.zeros(40_000, 10, dtype=dtype, requires_grad=True)
    loss = F.cross_entropy(scores, labels)
    assert loss.item() == pytest.approx(log(10), rel=torch.finfo(dtype).eps / 2)
    assert loss.dtype == dtype
    by_label = F.nll_loss(F.log_softmax(scores, 1), labels)
    assert by_label.item() == pytest.approx(log(10), rel=torch.finfo(dtype).eps)


@narrow
def test_running_statistics_of_16_bits_are_rounded_once(dtype: torch.dtype) -> None:
    x = torch.full((1000, 1), 300.0, dtype=dtype)
    x[::2] = 100
    _, mean, var = batch_norm(x, x.new_zeros(1), x.new_zeros(1), training=True, momentum=1.0)
    assert (mean, var) == (torch.tensor([200.0]).to(dtype), torch.tensor([10010.01]).to(dtype))
    assert mean.dtype == var.dtype == dtype


def test_norms_take_16_bits_with_parameters_and_statistics_in_float32() -> None:
    x, ones = torch.randn(4, 3, 2, dtype=BRAIN), torch.ones(3)
    y, mean, var = batch_norm(x, 0 * ones, ones, ones, ones, training=True)
    assert (y.dtype, mean.dtype, var.dtype) == (BRAIN, torch.float32, torch.float32)
    assert mean.tolist() == pytest.approx((0.1 * x.float().mean((0, 2))).tolist())
    assert batch_norm(x, 0 * ones, ones, ones, ones)[0].dtype == BRAIN
    assert F.group_norm(x, 3, ones, ones).dtype == BRAIN
    assert F.layer_norm(x, (2,), ones[:2], ones[:2]).dtype == BRAIN


def test_only_16_bits_are_widened() -> None:
    for dtype in (torch.float32, torch.float64, torch.int64):
        x = torch.ones(2, dtype=dtype)
        assert precision.wide(x) is x
    assert precision.wide(torch.ones(2, dtype=HALF)).dtype == torch.float32


# Never worse than twice torch's error


@pytest.mark.parametrize("name", F.__all__)
@narrow
@given(data=st.data())
def test_errors_are_at_most_twice_torchs_or_those_of_rounding_once(
    name: str, dtype: torch.dtype, data: st.DataObject
) -> None:
    """Of value and gradients: the truth is ours in float64, which other tests hold to torch's."""
    numbers = st.sampled_from([Numbers(dtype, kind) for kind in ("normal", "positive")])
    case = data.draw(accepted(getattr(F, name), getattr(cases, name)(numbers)))
    results = three(name, case)
    if results is None:
        return
    for key, y in results[0].items():
        expected = results[2][key]
        if not y.is_floating_point():
            assert torch.equal(y, expected)
            continue
        assert y.dtype == results[1][key].dtype
        ours, theirs, rounding = errors(y, results[1][key], expected)
        # A result that is rounded from float32, which is rounded itself: 1 + 2⁻¹².
        assert ours <= max(2 * theirs, 1.001 * rounding), key


def test_the_table_on_file_has_every_function_and_no_error_above_twice_torchs() -> None:
    page = (Path(__file__).parents[2] / "docs/results/dtypes.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if " / " in line]
    rows = [row for row in rows if len(row) == 5]
    assert {re.split(",| ", name)[0] for name, *_ in rows} == set(F.__all__)
    for name, *entries in rows:
        for entry in entries[:2]:  # float16 and bfloat16
            ours, theirs = map(float, entry.split(" / "))
            assert ours <= 2 * theirs, name

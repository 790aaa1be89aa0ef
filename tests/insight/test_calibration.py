"""Calibration: every answer in its bin, and an error that is 0 for those who know themselves."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import insight

numbers = st.lists(st.floats(-9, 9), min_size=3, max_size=3)
examples = st.lists(st.tuples(numbers, st.integers(0, 2)), min_size=1, max_size=25)


@given(examples, st.integers(1, 20))
def test_the_bins_are_those_of_a_loop_over_the_examples(
    examples: list[tuple[list[float], int]], bins: int
) -> None:
    logits = torch.tensor([z for z, _ in examples], dtype=torch.float64)
    labels = torch.tensor([t for _, t in examples])
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for p, t in zip(logits.softmax(1), labels, strict=True):
        sure = float(p.max())
        place = next(m for m in range(bins) if m == bins - 1 or sure <= (m + 1) / bins)
        members[place].append((sure, bool(p.argmax() == t)))

    counts, confidence, accuracy, error = insight.calibration(logits, labels, bins)
    assert counts.tolist() == [len(bin_) for bin_ in members]
    expected = 0.0
    for m, bin_ in enumerate(members):
        if not bin_:
            assert confidence[m].isnan()
            assert accuracy[m].isnan()
            continue
        sure, right = (sum(column) / len(bin_) for column in zip(*bin_, strict=True))
        assert float(confidence[m]) == pytest.approx(sure)
        assert float(accuracy[m]) == pytest.approx(right)
        expected += len(bin_) / len(examples) * abs(right - sure)
    assert float(error) == pytest.approx(expected, abs=1e-12)


@given(st.sets(st.integers(16, 29), min_size=1), st.integers(1, 20))
def test_who_is_right_as_often_as_sure_has_no_error(rights: set[int], bins: int) -> None:
    logits, labels = [], []
    for right in rights:  # of 30 answers that are right/30 sure, so many are right
        logits += [[math.log(right), math.log(30 - right)]] * 30
        labels += [0] * right + [1] * (30 - right)
    result = insight.calibration(torch.tensor(logits).double(), torch.tensor(labels), bins)
    assert float(result.error) < 1e-6


def test_who_is_always_sure_and_half_the_time_wrong_has_an_error_of_a_half() -> None:
    logits = torch.tensor([[100.0, 0.0]]).repeat(4, 1)
    result = insight.calibration(logits, torch.tensor([0, 1, 0, 1]))
    assert float(result.error) == 0.5
    assert result.counts.tolist() == [0] * 14 + [4]


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    result = insight.calibration(torch.zeros(1, 2), torch.tensor([0]), bins=4)
    assert result.counts.tolist() == [0, 1, 0, 0]


def test_logits_may_be_in_half_precision_and_part_of_a_graph() -> None:
    logits = torch.randn(9, 3, generator=torch.Generator().manual_seed(0)).bfloat16()
    result = insight.calibration(logits.requires_grad_(), torch.zeros(9).long())
    expected = insight.calibration(logits.detach().double(), torch.zeros(9).long())
    for a, b in zip(result, expected, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


@pytest.mark.parametrize(
    ("logits", "labels", "bins", "error", "message"),
    [
        ([[1.0]], torch.tensor([0]), 5, TypeError, "logits must be a tensor, got list"),
        (torch.ones(1, 2).long(), torch.tensor([0]), 5, TypeError, "logits must be floating"),
        (torch.ones(1, 2), torch.ones(1), 5, TypeError, "labels must be int64, got torch.float32"),
        (torch.ones(2), torch.tensor([0, 1]), 5, ValueError, r"got \(2,\) and \(2,\)"),
        (torch.ones(2, 3), torch.tensor([0]), 5, ValueError, r"got \(2, 3\) and \(1,\)"),
        (torch.ones(0, 3), torch.ones(0).long(), 5, ValueError, r"got \(0, 3\) and \(0,\)"),
        (torch.ones(1, 2), torch.tensor([0]), 0, ValueError, "bins must be at least 1, got 0"),
    ],
)
def test_bad_input_is_named(logits, labels, bins, error, message) -> None:
    with pytest.raises(error, match=message):
        insight.calibration(logits, labels, bins)


def test_there_are_fifteen_bins_if_nothing_is_said_and_all_have_a_name() -> None:
    result = insight.calibration(torch.tensor([[2.0, 0.0]]), torch.tensor([0]))
    assert [len(part) for part in result[:3]] == [15, 15, 15]
    assert result._fields == ("counts", "confidence", "accuracy", "error")
    assert result.counts.dtype == torch.int64
    assert {part.dtype for part in result[1:]} == {torch.float64}

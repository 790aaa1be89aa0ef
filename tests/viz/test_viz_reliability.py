"""The reliability diagram: bars, lines and counts match the bins."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer

NAN = torch.nan


def bars(axes):
    """The middle and the height of each bar."""
    return [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in axes.patches]


def lines(axes):
    """The height of both ends of each short line."""
    return [segment[:, 1].tolist() for segment in axes.collections[0].get_segments()]


@fewer(times=5)  # a figure takes long
@given(st.lists(st.integers(0, 99), min_size=1, max_size=25).filter(any), st.integers(0, 99))
def test_the_bins_that_are_not_empty_are_drawn(counts: list[int], seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    n, m = torch.tensor(counts), len(counts)
    sure, right = (torch.rand(m, generator=g).where(n > 0, NAN) for _ in range(2))
    upper, lower = viz.reliability_diagram(n, sure, right, torch.tensor(0.25)).axes
    there = [i for i in range(m) if counts[i]]
    np.testing.assert_allclose(bars(upper), [((i + 0.5) / m, float(right[i])) for i in there])
    np.testing.assert_allclose(lines(upper), [[float(sure[i])] * 2 for i in there])
    assert [height for _, height in bars(lower)] == counts
    written = [text.get_text() for text in lower.texts]
    assert written == ([str(n) for n in counts] if m <= 20 else [])
    assert lower.get_title(loc="left") == f"{sum(counts):,} predictions"


def test_bars_and_lines_fill_their_bins_and_each_count_stands_above_its_bar() -> None:
    n, half = torch.tensor([3, 0, 7, 1]), torch.full((4,), 0.5)
    panels: list[Any] = list(viz.reliability_diagram(n, half, half, half[0]).axes)
    upper, lower = panels
    for axes, count in ((upper, 3), (lower, 4)):
        widths = [bar.get_width() for bar in axes.patches]
        assert widths == pytest.approx([0.86 / 4] * count)
    middles = [segment[:, 0].mean() for segment in upper.collections[0].get_segments()]
    assert middles == pytest.approx([0.125, 0.625, 0.875])
    widths = [np.ptp(segment[:, 0]) for segment in upper.collections[0].get_segments()]
    assert widths == pytest.approx([0.86 / 4] * 3)
    written = {text.xy: text.get_text() for text in lower.texts}
    assert written == {(0.125, 3): "3", (0.375, 0): "0", (0.625, 7): "7", (0.875, 1): "1"}
    assert upper.get_title(loc="left") == "Accuracy"
    assert lower.get_xlabel() == "confidence: the probability of the predicted class"


def test_both_axes_and_the_diagonal_go_from_0_to_1() -> None:
    half = torch.tensor([0.5])
    upper, lower = viz.reliability_diagram(torch.tensor([5]), half, half, half[0]).axes
    assert upper.get_xlim() == lower.get_xlim() == (0, 1)
    assert upper.get_ylim() == (0, 1.02)
    (diagonal,) = upper.lines
    np.testing.assert_array_equal(np.asarray(diagonal.get_xydata()), [[0, 0], [1, 1]])


@pytest.mark.parametrize(("error", "words"), [(0.0123, "1.2%"), (0.0, "0.0%"), (1e-5, "<0.1%")])
def test_the_title_gives_the_error(error: float, words: str) -> None:
    half = torch.tensor([0.5])
    figure = viz.reliability_diagram(torch.tensor([5]), half, half, torch.tensor(error))
    assert figure.get_suptitle() == f"Reliability: expected calibration error {words}"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"counts": [1, 2]}, TypeError, r"counts must be a tensor of shape \(M\), got list"),
        ({"counts": torch.ones(2)}, TypeError, "counts must be int64, got torch.float32"),
        ({"counts": torch.tensor([1, -1])}, ValueError, r"at least 0 and not all 0, got \[1, -1]"),
        ({"counts": torch.tensor([0, 0])}, ValueError, r"not all 0, got \[0, 0]"),
        (
            {"confidence": torch.ones(3)},
            ValueError,
            "confidence must have length 2, as counts, got 3",
        ),
        ({"accuracy": torch.ones(2, 1)}, ValueError, r"accuracy must have shape \(M\)"),
        ({"accuracy": torch.tensor([1.5, 0])}, ValueError, "accuracy must be in .* got 0 to 1.5"),
        ({"confidence": torch.tensor([NAN, 0])}, ValueError, "confidence must be finite"),
        ({"error": torch.tensor(-0.1)}, ValueError, "error must be in .* got -0.1 to -0.1"),
        ({"error": torch.ones(2)}, ValueError, r"error must have shape \(\), got \(2,\)"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    arguments = {
        "counts": torch.tensor([1, 2]),
        "confidence": torch.tensor([0.3, 0.8]),
        "accuracy": torch.tensor([0.2, 0.9]),
        "error": torch.tensor(0.1),
    }
    with pytest.raises(error, match=message):
        viz.reliability_diagram(**(arguments | change))

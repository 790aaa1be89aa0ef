"""Histograms: rows on one scale, zeros excluded, and statistics beside them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer

values = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=1, max_size=30)
DRAW = {"activations": viz.activation_histograms, "gradients": viz.gradient_histograms}


def bars(axes) -> tuple[np.ndarray, np.ndarray]:
    (steps,) = axes.patches
    counts, edges, _ = steps.get_data()
    return counts, edges


@fewer(times=5)  # a figure takes long
@given(st.lists(values, min_size=1, max_size=4), st.sampled_from(sorted(DRAW)))
def test_all_nonzero_values_within_the_range_are_counted(
    rows: list[list[float]], kind: str
) -> None:
    tensors = [torch.tensor(row, dtype=torch.float64) for row in rows]
    figure = DRAW[kind]([(str(i), x) for i, x in enumerate(tensors)])
    assert len(figure.axes) == len(rows)
    for axes, x in zip(figure.axes, tensors, strict=True):
        counts, edges = bars(axes)
        shown = x[x != 0].numpy()
        shown = np.log10(np.abs(shown)) if kind == "gradients" else shown
        np.testing.assert_array_equal(counts, np.histogram(shown, edges)[0])
        assert len(shown) - counts.sum() <= 2  # of at most 30 values, the smallest and the largest
        assert axes.get_xlim() == figure.axes[0].get_xlim() == (edges[0], edges[-1])
        assert axes.get_ylim() == (0, pytest.approx(1.05 * (counts.max() or 1)))


@pytest.mark.parametrize("draw", DRAW.values())
def test_at_most_a_hundredth_of_a_row_is_outside_the_range(draw) -> None:
    g = torch.Generator().manual_seed(0)
    rows = [torch.randn(5000, generator=g), 9 * torch.randn(300, generator=g).exp()]
    for axes, row in zip(draw([("a", rows[0]), ("b", rows[1])]).axes, rows, strict=True):
        assert 0.99 * len(row) <= bars(axes)[0].sum() <= len(row)


def test_an_outlier_does_not_squeeze_the_others_into_one_bin() -> None:
    row = torch.cat([torch.linspace(-1, 1, 1000), torch.tensor([1e6])])
    _, edges = bars(viz.activation_histograms([("a", row)]).axes[0])
    assert -1.1 < edges[0] < edges[-1] < 1.1


def test_names_zeros_and_moments_are_beside_the_rows() -> None:
    row = torch.tensor([0.0, 0.0, 3.0, -1.0])
    (activations,) = viz.activation_histograms([("relu", row)]).axes
    (gradients,) = viz.gradient_histograms([("0/weight", row)]).axes
    assert [text.get_text() for text in activations.texts] == [
        "relu",
        "50.0% are 0\nmean 0.5, std 1.5",
    ]
    assert [text.get_text() for text in gradients.texts] == [
        "0/weight",
        "50.0% are 0\nroot mean square 1.58",
    ]


def test_each_name_is_beside_its_own_row() -> None:
    names = ["first", "second", "third"]
    rows = [(name, torch.full((n,), float(n))) for n, name in enumerate(names, 1)]
    for name, draw in DRAW.items():
        figure = draw(rows)
        assert figure.get_suptitle() == name.capitalize()
        assert [axes.texts[0].get_text() for axes in figure.axes] == names
        assert [bars(axes)[0].sum() for axes in figure.axes] == [1, 2, 3]
        tops = [axes.get_position(original=True).y0 for axes in figure.axes]
        assert tops == sorted(tops, reverse=True)
        numbered = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes]
        assert numbered == [False, False, True]
    assert viz.activation_histograms(rows).axes[-1].get_xlabel() == "nonzero activations"
    label = "magnitude of the nonzero gradients"
    assert viz.gradient_histograms(rows).axes[-1].get_xlabel() == label


def test_gradients_are_labelled_in_powers_of_ten(pixels) -> None:
    figure = viz.gradient_histograms([("0/weight", torch.logspace(-6, 0, 99))])
    pixels(figure)
    labels = {label.get_text() for label in figure.axes[-1].get_xticklabels()}
    assert {"10⁻⁴", "10⁰"} <= labels


@pytest.mark.parametrize("draw", DRAW.values())
@pytest.mark.parametrize("row", [torch.zeros(3), torch.ones(3), torch.tensor(2.0)])
def test_rows_without_a_spread_are_drawn(draw, row, pixels) -> None:
    pixels(draw((name, row.clone().requires_grad_()) for name in "ab"))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([], ValueError, r"must hold at least one pair \(name, tensor\), got none"),
        ([torch.ones(2)], TypeError, r"s\[0\] must be a pair \(name, tensor\), got Tensor"),
        ([("a", torch.ones(1)), ("b", 3)], TypeError, r"s\[1\], 'b', must be a tensor, got int"),
        ([("a", torch.ones(0, 2))], ValueError, r"s\[0\], 'a', must not be empty, .*\(0, 2\)"),
        ([("a", torch.tensor([torch.nan]))], ValueError, r"s\[0\], 'a', must be finite"),
    ],
)
def test_bad_input_is_named(rows, error, message) -> None:
    for name, draw in DRAW.items():
        with pytest.raises(error, match=message) as caught:
            draw(rows)
        assert str(caught.value).startswith(name)

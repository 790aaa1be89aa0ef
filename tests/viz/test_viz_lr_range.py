"""The range test's figure: the losses up to the explosion, on a logarithmic scale of rates."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Annotation

from minicnn import viz
from minicnn.testing.profiles import fewer


@fewer(times=5)  # a figure takes long
@given(st.lists(st.floats(0.01, 9), min_size=2, max_size=20))
def test_losses_are_drawn_up_to_the_first_above_the_frame(losses: list[float]) -> None:
    lrs = torch.logspace(-5, 0, len(losses), dtype=torch.float64)
    (axes,) = viz.lr_range_test(lrs, torch.tensor(losses, dtype=torch.float64)).axes
    high = [i for i, loss in enumerate(losses) if loss > 1.5 * losses[0]]
    end = high[0] + 1 if high else len(losses)
    (curve,) = axes.lines
    expected = np.stack([lrs[:end].numpy(), losses[:end]], axis=1)
    np.testing.assert_allclose(np.asarray(curve.get_xydata()), expected)
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == (float(lrs[0]), float(lrs[-1]))
    assert axes.get_ylim() == (0, pytest.approx(1.5 * losses[0]))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_loss_that_is_not_finite_stretches_nothing(bad: float, pixels) -> None:
    lrs, losses = torch.logspace(-5, 0, 4), torch.tensor([2.0, 1.0, 0.5, bad])
    figure = viz.lr_range_test(lrs, losses)
    pixels(figure)
    assert figure.axes[0].get_ylim() == (0, 3)


def test_negative_losses_are_in_the_frame(pixels) -> None:
    figure = viz.lr_range_test(torch.tensor([0.1, 1.0]), torch.tensor([-1.0, -3.0]))
    pixels(figure)
    low, high = figure.axes[0].get_ylim()
    assert low <= -3 < -1 < high


def test_the_suggested_rate_is_marked_and_written() -> None:
    lrs, losses = torch.tensor([0.01, 0.1, 1.0]), torch.tensor([2.0, 1.0, 0.5])
    (axes,) = viz.lr_range_test(lrs, losses, suggested=0.1234).axes
    assert axes.lines[1].get_xdata() == [0.1234, 0.1234]
    (written,) = axes.texts
    assert written.get_text() == "0.12"
    assert isinstance(written, Annotation)
    assert written.xy == (0.1234, 1)  # at the top of the axes
    (plain,) = viz.lr_range_test(lrs, losses).axes
    assert len(plain.lines) == 1
    assert not plain.texts


def test_rates_are_labelled_in_powers_of_ten_and_within_a_decade_in_digits(pixels) -> None:
    wide = viz.lr_range_test(torch.logspace(-4, 0, 5), torch.ones(5))
    pixels(wide)
    labels = {label.get_text() for label in wide.axes[0].get_xticklabels()}
    assert {"10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"} <= labels
    narrow = viz.lr_range_test(torch.tensor([0.2, 0.5]), torch.ones(2))
    pixels(narrow)
    minor = {label.get_text() for label in narrow.axes[0].get_xticklabels(minor=True)}
    assert {"2e−01", "3e−01", "4e−01"} <= minor  # with a true minus


GOOD = {"lrs": torch.tensor([0.1, 1.0]), "losses": torch.tensor([2.0, 1.0])}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"lrs": [0.1]}, TypeError, r"lrs must be a tensor of shape \(steps\), got list"),
        (
            {"lrs": torch.tensor([0.0, 1.0])},
            ValueError,
            r"increasing rates above 0, got \[0.0, 1.0\]",
        ),
        (
            {"lrs": torch.tensor([1.0, 1.0])},
            ValueError,
            r"increasing rates above 0, got \[1.0, 1.0\]",
        ),
        ({"lrs": torch.ones(1)}, ValueError, r"lrs must be at least two .* got \[1.0\]"),
        ({"losses": torch.ones(3)}, ValueError, r"the shape of lrs, \(2,\), got \(3,\)"),
        ({"losses": torch.tensor([torch.nan, 1])}, ValueError, "must start with a finite loss"),
        ({"suggested": 0.0}, ValueError, "suggested must be a finite number above 0, got 0.0"),
        ({"suggested": "1"}, TypeError, "suggested must be a number, got '1'"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    with pytest.raises(error, match=message):
        viz.lr_range_test(**(GOOD | change))

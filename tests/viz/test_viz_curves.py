"""Learning curves: the lines are the history, each labelled with its name and last value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer
from minicnn.viz import style

fractions = st.floats(0, 1)
losses = st.floats(0, 10)


def labels(axes):
    return [text.get_text() for text in axes.texts]


@fewer(times=5)  # a figure takes long
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "train_loss": losses,
                "validation_loss": losses,
                "train_accuracy": fractions,
                "validation_accuracy": fractions,
                "learning_rate": losses,
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_lines_are_the_columns_of_the_history(rows):
    history = [{"epoch": i, **row} for i, row in enumerate(rows)]
    figure = viz.learning_curves(history)
    keys = [["train_loss", "validation_loss"], ["train_accuracy", "validation_accuracy"]]
    keys.append(["learning_rate"])
    for axes, names in zip(figure.axes, keys, strict=True):
        for line, name in zip(axes.lines, names, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), range(len(rows)))
            np.testing.assert_array_equal(line.get_ydata(), [row[name] for row in rows])


def test_each_line_is_labelled_with_its_last_value(history):
    history[-1] |= {"train_loss": 0.02, "validation_loss": 0.0312}
    history[-1] |= {"train_accuracy": 0.9951, "validation_accuracy": 0.99, "learning_rate": 1e-5}
    loss, accuracy, rate = viz.learning_curves(history).axes
    assert sorted(labels(loss)) == ["train 0.0200", "validation 0.0312"]
    assert sorted(labels(accuracy)) == ["train 99.51%", "validation 99.00%"]
    assert labels(rate) == ["1e-05"]
    for axes in (loss, accuracy):
        colours = {line.get_color() for line in axes.lines}
        assert {text.get_color() for text in axes.texts} == colours
        assert len(colours) == 2


def test_the_lines_fill_their_panel(history):
    for axes in viz.learning_curves(history).axes:
        left, right = axes.get_xlim()
        first, last = history[0]["epoch"], history[-1]["epoch"]
        assert left <= first <= last <= right
        assert last - first >= 0.9 * (right - left)


def test_without_a_learning_rate_there_are_two_panels(history):
    for row in history:
        del row["learning_rate"]
    figure = viz.learning_curves(history)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Loss", "Accuracy"]


@pytest.mark.parametrize("gap", [0.0, 1e-9, 0.01, -0.01, 0.3, -0.3])
def test_labels_do_not_overlap_even_if_the_lines_end_close_together(history, gap, pixels):
    history[-1] |= {"train_loss": 0.5, "validation_loss": 0.5 + gap}
    figure = viz.learning_curves(history)
    pixels(figure)
    first, second = (text.get_window_extent() for text in figure.axes[0].texts)
    assert not first.padded(-1).overlaps(second.padded(-1))


def test_loss_and_learning_rate_start_at_zero_and_accuracy_shows_no_tick_above_one(history):
    loss, accuracy, rate = viz.learning_curves(history).axes
    assert loss.get_ylim()[0] == 0
    assert rate.get_ylim()[0] == 0
    low, high = accuracy.get_ylim()
    assert all(tick <= 1 for tick in accuracy.get_yticks() if low <= tick <= high)


def test_ticks_are_grey_labels_without_marks(history):
    for axes in viz.learning_curves(history).axes:
        for tick in (axes.xaxis.get_major_ticks()[0], axes.yaxis.get_major_ticks()[0]):
            assert tick.tick1line.get_markersize() == 0
            assert tick.label1.get_color() == style.MUTED


def test_a_negative_loss_is_not_cut_off(history):
    history[2]["train_loss"] = -3.0
    assert viz.learning_curves(history).axes[0].get_ylim()[0] <= -3


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_leaves_a_gap(history, bad, pixels):
    history[-1]["train_loss"] = bad
    figure = viz.learning_curves(history)
    pixels(figure)
    train = np.asarray(figure.axes[0].lines[0].get_ydata())
    assert np.isnan(train).tolist() == [False] * 4 + [True]
    assert f"train {history[-2]['train_loss']:.4f}" in labels(figure.axes[0])


def test_a_run_without_a_finite_loss_is_drawn(history, pixels):
    for row in history:
        row |= {"train_loss": math.nan, "validation_loss": math.nan}
    figure = viz.learning_curves(history)
    pixels(figure)
    assert labels(figure.axes[0]) == []


@pytest.mark.parametrize("epochs", [1, 2, 7, 200])
def test_epochs_are_whole_numbers_on_the_axis(history, epochs, pixels):
    rows = [history[0] | {"epoch": epoch} for epoch in range(1, epochs + 1)]
    figure = viz.learning_curves(rows)
    pixels(figure)
    ticks = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert ticks
    assert all(tick.lstrip("−").isdigit() for tick in ticks)


ROW = {"epoch": 1, "train_loss": 1.0, "validation_loss": 1.0}
ROW |= {"train_accuracy": 0.5, "validation_accuracy": 0.5}


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ([], ValueError, "history must hold at least one row"),
        (iter([ROW]), TypeError, "history must be a sequence of rows, got list_iterator"),
        ([ROW, (1, 2)], TypeError, r"history\[1\] must be a mapping, got \(1, 2\)"),
        ([3], TypeError, r"history\[0\] must be a mapping, got 3"),
        ([{"epoch": 1}], ValueError, r"history\[0\] must have train_accuracy, train_loss, val"),
        ([ROW | {"learning_rate": 1.0}, ROW], ValueError, r"history\[1\] must have learning_rate"),
        (
            [ROW | {"train_loss": "0.1"}],
            TypeError,
            r"history\[0\]\['train_loss'\] must be a number",
        ),
        ([ROW | {"train_accuracy": 99.5}], ValueError, r"\['train_accuracy'\] must be in \[0, 1\]"),
        ([ROW | {"epoch": math.nan}], ValueError, r"history\[0\]\['epoch'\] must be .* got nan"),
    ],
)
def test_bad_input_is_named(history, error, message):
    with pytest.raises(error, match=message):
        viz.learning_curves(history)


def test_loss_and_accuracy_are_drawn_equally_high(history):
    loss, accuracy, rate = viz.learning_curves(history).axes
    heights = [axes.get_position(original=True).height for axes in (loss, accuracy, rate)]
    assert heights[0] == pytest.approx(heights[1])
    assert heights[2] < heights[1]

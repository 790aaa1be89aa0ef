"""The confusion matrix: all counts are readable, and the mistakes stand out."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer
from minicnn.viz import style


def cells(axes, classes):
    """The text in the cells, (true, predicted)."""
    words = {text.get_position(): text.get_text() for text in axes.texts}
    return [[words[(column, row)] for column in range(classes)] for row in range(classes)]


@fewer(times=5)  # a figure takes long
@given(classes=st.integers(1, 5), seed=st.integers(0, 99))
def test_every_count_is_in_its_cell(classes, seed):
    g = torch.Generator().manual_seed(seed)
    matrix = torch.randint(3000, (classes, classes), generator=g)
    axes = viz.confusion_matrix(matrix).axes[0]
    assert cells(axes, classes) == [[f"{n:,}" for n in row] for row in matrix.tolist()]


def test_a_table_of_a_dozen_classes_fits_on_a_page():
    figure = viz.confusion_matrix(torch.eye(12, dtype=torch.int64))
    assert figure.get_figwidth() < 9  # inches
    assert figure.get_figheight() < 9


def test_white_lines_separate_the_cells():
    axes = viz.confusion_matrix(torch.eye(3, dtype=torch.int64)).axes[0]
    for axis in (axes.xaxis, axes.yaxis):
        np.testing.assert_array_equal(axis.get_minorticklocs(), [0.5, 1.5])
        assert all(tick.gridline.get_visible() for tick in axis.get_minor_ticks())


def test_the_colour_is_the_share_of_the_true_class_and_the_diagonal_has_none():
    matrix = torch.tensor([[97, 1, 2], [0, 10, 30], [0, 0, 0]])
    image = viz.confusion_matrix(matrix).axes[0].images[0]
    shares = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    expected = [[np.nan, 0.01, 0.02], [0, np.nan, 0.75], [0, 0, np.nan]]
    np.testing.assert_allclose(shares, expected)
    assert image.get_clim() == (0, 0.75)


def test_the_only_mistake_in_a_thousand_has_the_darkest_colour():
    matrix = 999 * torch.eye(4, dtype=torch.int64)
    matrix[2, 1] = 1
    image = viz.confusion_matrix(matrix).axes[0].images[0]
    red, green, blue, _ = image.to_rgba(np.asarray(image.get_array()))[2, 1]
    assert max(red, green, blue) < 0.5  # dark, beside the near white of the others


def test_rows_are_true_and_columns_predicted():
    axes = viz.confusion_matrix(torch.eye(2, dtype=torch.int64), ["cat", "dog"]).axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_counts_are_white_on_dark_cells_and_faint_if_0():
    matrix = torch.tensor([[5, 0, 1], [3, 4, 1], [2, 0, 8]])  # shares: 1/6; 3/8, 1/8; 2/10
    axes = viz.confusion_matrix(matrix).axes[0]
    look = {t.get_position(): (t.get_color(), t.get_alpha()) for t in axes.texts}  # (column, row)
    white = [place for place, (colour, _) in look.items() if colour == style.PAPER]
    assert white == [(0, 1)]
    assert {colour for colour, _ in look.values()} == {style.PAPER, style.INK}
    assert [place for place, (_, alpha) in look.items() if alpha != 1] == [(1, 0), (1, 2)]


@pytest.mark.parametrize(("names", "degrees"), [(["a", "horse"], 0), (["a", "spider"], 45)])
def test_long_names_are_slanted_so_that_they_do_not_overlap(names, degrees):
    axes = viz.confusion_matrix(torch.eye(2, dtype=torch.int64), names).axes[0]
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {degrees}
    assert {label.get_rotation() for label in axes.get_yticklabels()} == {0}


def test_the_colour_bar_is_labelled_in_per_cent(pixels):
    figure = viz.confusion_matrix(torch.tensor([[3, 1], [0, 4]]))
    pixels(figure)
    bar = figure.axes[1]
    assert bar.get_ylim() == (0, 0.25)
    assert bar.get_ylabel() == "mistakes, as a share of the true class"
    assert {"0%", "10%", "25%"} <= {label.get_text() for label in bar.get_yticklabels()}


def test_the_title_gives_the_accuracy():
    matrix = torch.tensor([[9900, 20], [30, 50]])
    expected = "Confusion matrix: 9,950 of 10,000 correct (99.50%)"
    assert viz.confusion_matrix(matrix).get_suptitle() == expected


@pytest.mark.parametrize("matrix", [torch.eye(3, dtype=torch.int64), torch.zeros(2, 2).long()])
def test_without_mistakes_there_is_no_colour_bar(matrix):
    assert len(viz.confusion_matrix(matrix).axes) == 1


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        ([[1]], TypeError, r"matrix must be a tensor of shape \(K, K\), got list"),
        (torch.ones(3), ValueError, r"matrix must have shape \(K, K\), got \(3,\)"),
        (torch.ones(2, 3), ValueError, r"matrix must be square, got shape \(2, 3\)"),
        (torch.ones(0, 0), ValueError, "matrix must not be empty"),
        (torch.ones(2, 2), TypeError, "matrix must hold integer counts, got torch.float32"),
        (torch.tensor([[1, -2], [0, 1]]), ValueError, "negative counts, got -2"),
    ],
)
def test_bad_input_is_named(matrix, error, message):
    with pytest.raises(error, match=message):
        viz.confusion_matrix(matrix)


@pytest.mark.parametrize(("classes", "written"), [(20, 400), (21, 0), (62, 0)])
def test_the_counts_of_many_classes_are_not_written_and_their_names_are(classes, written, pixels):
    names = [f"{k:02}" for k in range(classes)]
    figure = viz.confusion_matrix(torch.full((classes, classes), 7), names)
    axes = figure.axes[0]
    assert len(axes.texts) == written
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    if not written:
        pixels(figure)
        boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
        assert all(above.y0 >= below.y1 - 1 for above, below in itertools.pairwise(boxes))

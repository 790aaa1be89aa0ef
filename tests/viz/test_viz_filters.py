"""Filters: every weight is drawn, and a colour means the same weight before and after."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer


def tiles(axes):
    return [np.ma.filled(np.ma.asarray(image.get_array()), np.nan) for image in axes.images]


@fewer(times=5)  # a figure takes long
@given(
    filters=st.integers(1, 9),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    after=st.booleans(),
)
def test_each_filter_is_a_tile(filters, height, width, after):
    weight = torch.randn(filters, 1, height, width, dtype=torch.float64)
    panels = [weight, -2 * weight] if after else [weight]
    figure = viz.filters(*panels)
    for axes, expected in zip(figure.axes, panels, strict=False):
        np.testing.assert_array_equal(tiles(axes), expected[:, 0].numpy())
    assert len(figure.axes) == len(panels) + 1  # the colour scale


def test_channels_stand_side_by_side_with_a_gap():
    weight = torch.arange(2.0 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    figure = viz.filters(weight)
    nan = np.nan
    assert len(figure.axes[0].images) == 2
    expected = [[0, 1, nan, 4, 5, nan, 8, 9], [2, 3, nan, 6, 7, nan, 10, 11]]
    np.testing.assert_array_equal(tiles(figure.axes[0])[0], expected)
    assert "3 channels, from left to right" in figure.get_supxlabel()


def test_both_panels_share_one_scale_that_is_centred_on_zero():
    before = torch.tensor([0.1, -0.3]).reshape(2, 1, 1, 1)
    after = torch.tensor([0.2, 0.5]).reshape(2, 1, 1, 1)
    first, second, scale = viz.filters(before, after).axes
    assert {image.get_clim() for image in (*first.images, *second.images)} == {(-0.5, 0.5)}
    assert scale.get_ylim() == (-0.5, 0.5)
    assert first.get_title(loc="left") == "before training"
    assert second.get_title(loc="left") == "after training"


def test_a_weight_of_zero_is_white_and_opposite_weights_differ():
    image = viz.filters(torch.tensor([-1.0, 0.0, 1.0]).reshape(1, 1, 1, 3)).axes[0].images[0]
    below, zero, above = image.to_rgba(np.asarray(image.get_array()))[0, :, :3]
    assert min(zero) > 0.95
    assert below[2] > below[0]  # blue
    assert above[0] > above[2]  # red


def test_tiles_do_not_overlap():
    axes = viz.filters(torch.ones(7, 2, 3, 5)).axes[0]
    boxes = [image.get_extent() for image in axes.images]  # left, right, bottom, top; y downwards
    for i, (left, right, bottom, top) in enumerate(boxes):
        for other in boxes[:i]:
            beside = right <= other[0] or other[1] <= left
            above_or_below = bottom <= other[3] or other[2] <= top
            assert beside or above_or_below


@pytest.mark.parametrize(("count", "columns"), [(7, 4), (8, 4), (9, 3), (10, 5), (14, 5)])
def test_the_last_row_has_few_empty_places(count, columns):
    images = viz.filters(torch.ones(count, 1, 2, 2)).axes[0].images
    assert len({image.get_extent()[0] for image in images}) == columns  # their left edges


@fewer(times=5)  # a figure takes long
@given(count=st.integers(1, 20), height=st.integers(1, 3), width=st.integers(1, 3))
def test_tiles_stand_in_reading_order(count, height, width):
    weight = torch.arange(float(count)).reshape(count, 1, 1, 1).expand(count, 1, height, width)
    axes = viz.filters(weight).axes[0]
    places = [(image.get_extent()[3], image.get_extent()[0]) for image in axes.images]  # top, left
    assert places == sorted(set(places))
    assert [float(tile.flat[0]) for tile in tiles(axes)] == list(range(count))
    bottom, top = axes.get_ylim()
    left, right = axes.get_xlim()
    extents = [image.get_extent() for image in axes.images]
    assert (left, top) == (0, 0)
    assert right == pytest.approx(max(extent[1] for extent in extents))
    assert bottom == pytest.approx(max(extent[2] for extent in extents))


@pytest.mark.parametrize(
    ("shape", "title"),
    [
        ((1, 1, 5, 5), "1 filter, 5 × 5"),
        ((24, 1, 5, 3), "24 filters, 5 × 3"),
        ((8, 3, 7, 7), "8 filters, 7 × 7"),
        ((100, 1, 3, 3), "First 64 of 100 filters, 3 × 3"),
    ],
)
def test_the_title_says_what_is_drawn(shape, title):
    figure = viz.filters(torch.ones(shape))
    assert figure.get_suptitle() == title
    assert len(figure.axes[0].images) == min(shape[0], 64)


def test_filters_that_are_all_zero_are_drawn(pixels):
    figure = viz.filters(torch.zeros(2, 1, 3, 3))
    pixels(figure)
    assert figure.axes[0].images[0].get_clim() == (-1, 1)


def test_weights_may_be_parameters(pixels):
    pixels(viz.filters(torch.randn(2, 1, 3, 3, dtype=torch.bfloat16, requires_grad=True)))


GOOD = torch.ones(4, 1, 3, 3)


@pytest.mark.parametrize(
    ("before", "after", "error", "message"),
    [
        (
            "w",
            None,
            TypeError,
            r"weight_before must be a tensor of shape \(O, C, kH, kW\), got str",
        ),
        (GOOD[0], None, ValueError, r"weight_before must have shape .* got \(1, 3, 3\)"),
        (GOOD[:0], None, ValueError, r"weight_before must not be empty, got .*\(0, 1, 3, 3\)"),
        (GOOD * torch.nan, None, ValueError, "weight_before must be finite"),
        (GOOD, [1], TypeError, "weight_after must be a tensor"),
        (GOOD, GOOD * torch.inf, ValueError, "weight_after must be finite"),
        (GOOD, GOOD[:2], ValueError, r"weight_before, \(4, 1, 3, 3\), got \(2, 1, 3, 3\)"),
    ],
)
def test_bad_input_is_named(before, after, error, message):
    with pytest.raises(error, match=message):
        viz.filters(before, after)

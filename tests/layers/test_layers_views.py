"""Averaging over views: the mean of what one says of each."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minicnn import data, layers, tree

CLASSES = 4
net = layers.sequential(
    layers.conv2d(3, 3),
    layers.batch_norm(),
    layers.relu(),
    layers.flatten(),
    layers.dropout(0.5),
    layers.linear(CLASSES),
)
images = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(4, 7), st.integers(4, 7))


def trained(shape, seed):
    """Weights in float64, and images."""
    rng = torch.Generator().manual_seed(seed)
    params, state, _ = net.init(rng, shape[1:])
    to_double = tree.map(lambda x: x.double(), (params, state))
    return *to_double, torch.randn(shape, dtype=torch.float64, generator=rng)


@given(images, st.integers(1, 3), st.integers(0, 99))
def test_the_probabilities_are_the_mean_over_nine_shifts(shape, pixels, seed):
    params, state, x = trained(shape, seed)
    got, _ = layers.average_views(net, pixels).apply(params, state, x)
    moves = [(a, b) for a in (-pixels, 0, pixels) for b in (-pixels, 0, pixels)]
    shifted = [data.shift(x, torch.tensor([move] * len(x))) for move in moves]
    each = [net.apply(params, state, view)[0].softmax(1) for view in shifted]
    torch.testing.assert_close(got.exp(), sum(each) / 9, rtol=1e-12, atol=1e-15)


@given(images, st.floats(1, 179), st.floats(0.01, 0.5), st.integers(0, 99))
def test_an_image_is_turned_both_ways_enlarged_and_reduced(shape, degrees, scale, seed):
    params, state, x = trained(shape, seed)
    net_of_views = layers.average_views(net, 0, degrees, scale)
    got, _ = net_of_views.apply(params, state, x)
    angle = math.radians(degrees)
    views = [x]
    for turn, factor in ((angle, 1), (-angle, 1), (0, 1 + scale), (0, 1 - scale)):
        # In units of pixels from the centre; torch's are halves of the side, x before y.
        h, w = shape[2:]
        cos, sin = math.cos(turn) / factor, math.sin(turn) / factor
        matrix = torch.tensor([[cos, -sin * h / w, 0], [sin * w / h, cos, 0]], dtype=x.dtype)
        grid = nn.functional.affine_grid(matrix.expand(len(x), 2, 3), shape, align_corners=False)
        views.append(nn.functional.grid_sample(x, grid, align_corners=False))
    each = [net.apply(params, state, view)[0].softmax(1) for view in views]
    torch.testing.assert_close(got.exp(), sum(each) / 5, rtol=1e-9, atol=1e-12)


@given(images, st.integers(0, 99))
def test_training_goes_on_as_without(shape, seed):
    params, state, x = trained(shape, seed)
    ours, theirs = (
        layer.apply(params, state, x, rng=torch.Generator().manual_seed(1), train=True)
        for layer in (layers.average_views(net), net)
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@given(images, st.integers(0, 99))
def test_the_state_stays_as_it_is(shape, seed):
    params, state, x = trained(shape, seed)
    assert layers.average_views(net).apply(params, state, x)[1] is state


def test_the_scores_of_a_hopeless_class_are_finite():
    sure = layers.Layer("sure", net.init, lambda p, s, x, **_: (torch.tensor([[0.0, -1e4]]), s))
    scores, _ = layers.average_views(sure).apply((), (), torch.zeros(1, 1, 5, 5))
    torch.testing.assert_close(scores, torch.tensor([[0.0, -1e4]]))


def test_a_single_view_is_the_network_itself():
    assert layers.average_views(net, 0) is net


def test_the_parameters_are_those_of_the_network():
    ours, theirs = (
        layer.init(torch.Generator().manual_seed(0), (1, 6, 6))
        for layer in (layers.average_views(net), net)
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.average_views(abs), TypeError, "takes a Layer"),  # pyright: ignore
        (lambda: layers.average_views(net, -1), ValueError, "pixels must be at least 0, got -1"),
        (lambda: layers.average_views(net, 1, 180.0), ValueError, r"degrees must be in \[0, 180\)"),
        (lambda: layers.average_views(net, 1, 0.0, 1.0), ValueError, r"scale must be in \[0, 1\)"),
        (lambda: layers.average_views(net, 1.0), TypeError, "pixels must be"),  # pyright: ignore
        (
            lambda: layers.average_views(net).init(torch.Generator(), (7,)),
            ValueError,
            r"average_views needs an in_shape \(C, H, W\), got \(7,\)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()

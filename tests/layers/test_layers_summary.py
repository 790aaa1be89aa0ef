"""The table of a model says what init says."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import layers, models, summary, tree
from minicnn.layers import Layer
from minicnn.layers.layer import brief

SHAPE = (2, 6, 6)
shape_keeping = st.sampled_from(
    [
        layers.relu(),
        layers.dropout(0.5),
        layers.batch_norm(),
        layers.conv2d(2, 3, padding="same"),
        layers.residual(layers.conv2d(2, 1)),
        layers.residual(
            layers.sequential(layers.conv2d(3, 1), layers.conv2d(2, 1)), layers.conv2d(2, 1)
        ),
        layers.sequential(layers.parallel(layers.relu(), layers.conv2d(3, 1)), layers.conv2d(2, 1)),
    ]
)
nets = st.recursive(
    shape_keeping,
    lambda net: st.lists(net, max_size=3).map(lambda inside: layers.sequential(*inside)),
    max_leaves=6,
)


def walk(layer: Layer, depth: int = 0) -> list[tuple[int, str]]:
    below = [row for child in layer.children for row in walk(child, depth + 1)]
    return [(depth, brief(layer)), *below]


def number_of(params: Any) -> int:
    return sum(leaf.numel() for leaf in tree.leaves(params))


@given(nets)
def test_every_layer_has_a_row_and_the_total_is_what_init_draws(net: Layer) -> None:
    params, _, out_shape = net.init(torch.Generator(), SHAPE)
    table = summary(net, SHAPE)
    expected = walk(net)
    if net.children:  # its own row is the total
        expected = [(depth - 1, name) for depth, name in expected[1:]]
    assert [(row.depth, row.call) for row in table.rows] == expected
    assert table.in_shape == SHAPE
    assert table.parameters == number_of(params)
    assert sum(row.parameters for row in table.rows if row.depth == 0) == number_of(params)
    if table.rows:
        assert tuple(table.rows[-1].out_shape) == tuple(out_shape)


@pytest.mark.parametrize("name", models.MODELS)
def test_rows_are_the_shapes_that_activations_have(name: str) -> None:
    net = models.MODELS[name]()
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    outputs = layers.activations(net, params, state, torch.zeros(2, 1, 28, 28))
    rows = [row for row in summary(net, (1, 28, 28)).rows if row.depth == 0]
    assert [(row.call, tuple(row.out_shape)) for row in rows] == [
        (name, tuple(output.shape[1:])) for name, output in outputs
    ]
    assert [row.parameters for row in rows] == [number_of(p) for p in params]


def test_the_table_lists_layers_inside_layers_further_in() -> None:
    block = layers.residual(layers.sequential(layers.conv2d(8, 3, padding="same"), layers.relu()))
    net = layers.sequential(layers.conv2d(8, 3), block, layers.global_avg_pool())
    assert str(summary(net, (1, 28, 28))).splitlines() == [
        "layer                             output shape  parameters",
        "----------------------------------------------------------",
        "input                             1 × 28 × 28",
        "conv2d(8, 3)                      8 × 26 × 26           80",
        "residual(...)                     8 × 26 × 26          584",
        "  sequential(...)                 8 × 26 × 26          584",
        "    conv2d(8, 3, padding='same')  8 × 26 × 26          584",
        "    relu()                        8 × 26 × 26            0",
        "global_avg_pool()                 8                      0",
        "----------------------------------------------------------",
        "total                                                  664",
    ]


def test_layers_side_by_side_are_listed_on_the_same_input() -> None:
    block = layers.residual(layers.conv2d(8, 3, stride=2), layers.conv2d(8, 1, stride=2))
    branches = layers.parallel(layers.conv2d(2, 3, padding=1), layers.conv2d(4, 1))
    net = layers.sequential(branches, layers.residual(layers.conv2d(6, 1), layers.relu()))
    assert [(row.call, row.out_shape, row.parameters) for row in summary(net, (3, 9, 9)).rows] == [
        ("parallel(...)", (6, 9, 9), 72),
        ("conv2d(2, 3, padding=1)", (2, 9, 9), 56),
        ("conv2d(4, 1)", (4, 9, 9), 16),
        ("residual(...)", (6, 9, 9), 42),
        ("conv2d(6, 1)", (6, 9, 9), 42),
        ("relu()", (6, 9, 9), 0),
    ]
    with pytest.raises(ValueError, match="residual needs a shortcut to the shape of its layer"):
        summary(block, (3, 9, 9))


def test_a_single_layer_has_one_row_and_a_total() -> None:
    assert str(summary(layers.linear(1000), (100,))).splitlines() == [
        "layer         output shape  parameters",
        "--------------------------------------",
        "input         100",
        "linear(1000)  1000             101,000",
        "--------------------------------------",
        "total                          101,000",
    ]


def test_a_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layer 0, conv2d\(24, 5\), on \(1, 4, 4\): .*kernel"):
        summary(models.mnist_cnn(), (1, 4, 4))

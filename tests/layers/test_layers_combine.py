"""Layers made of layers: one after the other, around a shortcut, and looked into."""

import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import layers, tree
from minicnn.layers import Layer, activations, residual, sequential
from minicnn.layers.layer import brief

# Layers that keep a shape (2, 4, 4), with and without parameters, state and randomness.
KEEP_SHAPE = (
    layers.relu(),
    layers.dropout(0.5),
    layers.batch_norm(),
    layers.conv2d(2, 3, padding="same"),
    layers.max_pool2d(3, stride=1, padding=1),
    layers.residual(layers.conv2d(2, 1)),
    layers.residual(layers.dropout(0.5), layers.sequential(layers.batch_norm())),
    layers.sequential(layers.parallel(layers.batch_norm(), layers.relu()), layers.conv2d(2, 1)),
    layers.function("swish", lambda x: x * torch.sigmoid(x)),
)
shape_keeping = st.sampled_from(KEEP_SHAPE)
chains = st.lists(shape_keeping, max_size=5)
IN_SHAPE = (2, 4, 4)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_equal_trees(a: Any, b: Any) -> None:
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        assert torch.equal(x, y)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(3, *IN_SHAPE, generator=generator(0))


@given(chains, st.booleans())
def test_sequential_applies_each_layer_to_the_output_of_the_last(
    chain: list[Layer], training: bool
) -> None:
    net = sequential(*chain)
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    params, state, out_shape = net.init(generator(1), IN_SHAPE)
    assert len(params) == len(state) == len(chain)
    assert tuple(out_shape) == IN_SHAPE

    y, new_state = net.apply(params, state, x, rng=generator(2), train=training)
    rng, expected_state = generator(2), []
    for layer, p, s in zip(chain, params, state, strict=True):
        x, s = layer.apply(p, s, x, rng=rng, train=training)
        expected_state.append(s)
    assert torch.equal(y, x)
    assert_equal_trees(new_state, tuple(expected_state))


@given(chains)
def test_sequential_draws_the_parameters_of_its_layers_in_order(chain: list[Layer]) -> None:
    params, _, _ = sequential(*chain).init(generator(1), IN_SHAPE)
    shared = generator(1)
    assert_equal_trees(params, tuple(layer.init(shared, IN_SHAPE)[0] for layer in chain))


@given(chains, chains)
def test_nesting_changes_nothing_but_the_brackets(first: list[Layer], second: list[Layer]) -> None:
    nested = sequential(sequential(*first), sequential(*second))
    flat = sequential(*first, *second)
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    results = []
    for net in (nested, flat):
        params, state, _ = net.init(generator(1), IN_SHAPE)
        results.append(net.apply(params, state, x, rng=generator(2), train=True))
    assert_equal_trees(*results)


@given(shape_keeping, st.booleans())
def test_residual_adds_the_input(layer: Layer, training: bool) -> None:
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    params, state, _ = layer.init(generator(1), IN_SHAPE)
    block_params, block_state, _ = residual(layer).init(generator(1), IN_SHAPE)
    assert_equal_trees(block_params, params)
    y, expected_state = layer.apply(params, state, x, rng=generator(2), train=training)
    z, new_state = residual(layer).apply(
        block_params, block_state, x, rng=generator(2), train=training
    )
    assert torch.equal(z, x + y)
    assert_equal_trees(new_state, expected_state)


def test_the_shortcut_lets_the_gradient_through_a_dead_layer() -> None:
    dead = sequential(layers.conv2d(2, 1), layers.relu())
    params, state, _ = residual(dead).init(generator(0), IN_SHAPE)
    params = tree.map(torch.zeros_like, params)  # relu(0) passes no gradient
    x = torch.ones(1, *IN_SHAPE, requires_grad=True)
    (grad,) = torch.autograd.grad(residual(dead).apply(params, state, x)[0].sum(), x)
    assert torch.equal(grad, torch.ones_like(x))


@given(shape_keeping, shape_keeping, st.booleans())
def test_residual_adds_its_shortcut(layer: Layer, shortcut: Layer, training: bool) -> None:
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    block = residual(layer, shortcut)
    params, state, _ = block.init(generator(1), IN_SHAPE)
    rng = generator(1)
    drawn = [inner.init(rng, IN_SHAPE) for inner in (layer, shortcut)]
    assert_equal_trees(params, tuple(p for p, _, _ in drawn))
    y, new_state = block.apply(params, state, x, rng=generator(2), train=training)
    rng = generator(2)
    each = [
        inner.apply(p, s, x, rng=rng, train=training)
        for inner, p, s in zip((layer, shortcut), params, state, strict=True)
    ]
    assert torch.equal(y, each[0][0] + each[1][0])
    assert_equal_trees(new_state, tuple(s for _, s in each))


@given(st.lists(shape_keeping, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_parallel_joins_the_channels_of_its_branches(
    chain: list[Layer], flat: bool, training: bool
) -> None:
    if flat:
        chain = [sequential(layer, layers.flatten()) for layer in chain]
    net = layers.parallel(*chain)
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    params, state, out_shape = net.init(generator(1), IN_SHAPE)
    y, new_state = net.apply(params, state, x, rng=generator(2), train=training)
    rng = generator(2)
    each = [
        layer.apply(p, s, x, rng=rng, train=training)
        for layer, p, s in zip(chain, params, state, strict=True)
    ]
    assert torch.equal(y, torch.cat([one for one, _ in each], 1))
    assert tuple(y.shape[1:]) == out_shape
    assert_equal_trees(new_state, tuple(s for _, s in each))


def test_parallel_keeps_images_batch_last() -> None:
    net = layers.parallel(layers.conv2d(3, 3), layers.conv2d(2, 3))
    params, state, _ = net.init(generator(0), IN_SHAPE)
    y, _ = net.apply(params, state, torch.rand(5, *IN_SHAPE))
    assert y.permute(2, 1, 3, 0).is_contiguous()


@pytest.mark.parametrize("combine", [sequential, residual, layers.parallel])
@pytest.mark.parametrize("not_a_layer", [layers.relu, torch.relu, None, (layers.relu(),)])
def test_what_is_no_layer_is_refused(combine: Any, not_a_layer: Any) -> None:
    with pytest.raises(TypeError, match=f"{combine.__name__} takes .*Layer.*such as relu"):
        combine(not_a_layer)


def test_an_error_names_the_layer_its_place_and_the_shape_that_it_got() -> None:
    net = sequential(layers.conv2d(8, 3), layers.relu(), layers.linear(10))
    message = r"layer 2, linear\(10\), on \(8, 26, 26\): linear needs a flat in_shape.*flatten\(\)"
    with pytest.raises(ValueError, match=message):
        net.init(generator(0), (1, 28, 28))


def test_an_error_deep_inside_names_every_layer_on_the_way() -> None:
    net = sequential(layers.relu(), residual(sequential(layers.conv2d(2, 9))))
    message = (
        r"layer 1, residual\(...\), on \(2, 4, 4\): layer 0, conv2d\(2, 9\), on .2, 4, 4.: .*kern"
    )
    with pytest.raises(ValueError, match=message):
        net.init(generator(0), IN_SHAPE)


@pytest.mark.parametrize("not_a_layer", [layers.relu, torch.relu, (layers.relu(),)])
def test_a_shortcut_that_is_no_layer_is_refused(not_a_layer: Any) -> None:
    with pytest.raises(TypeError, match="residual takes Layers, such as relu"):
        residual(layers.relu(), not_a_layer)


def listed(x: Tensor) -> Any:
    return x.tolist()


@pytest.mark.parametrize(
    ("layer", "in_shape", "message"),
    [
        (
            residual(layers.conv2d(4, 3, 2), layers.conv2d(4, 1)),
            (2, 9, 9),
            "residual needs a shortcut to the shape of its layer: conv2d(4, 3, stride=2) gives "
            "(4, 4, 4), but conv2d(4, 1) gives (4, 9, 9)",
        ),
        (
            residual(layers.relu(), layers.linear(3)),
            IN_SHAPE,
            "shortcut, linear(3), on (2, 4, 4): linear needs a flat in_shape",
        ),
        (
            layers.parallel(layers.conv2d(3, 3), layers.relu()),
            IN_SHAPE,
            "parallel needs branches whose outputs differ in the channels at most, but branch 0, "
            "conv2d(3, 3), gives (3, 2, 2), and branch 1, relu(), gives (2, 4, 4)",
        ),
        (layers.parallel(layers.relu()), (), "branch 0, relu(), must have channels, got a number"),
        (
            layers.parallel(layers.relu(), layers.linear(3)),
            IN_SHAPE,
            "branch 1, linear(3), on (2, 4, 4): linear needs a flat in_shape",
        ),
        (
            sequential(layers.relu(), layers.parallel(layers.relu(), layers.flatten())),
            IN_SHAPE,
            "layer 1, parallel(...), on (2, 4, 4): parallel needs branches",
        ),
        (
            layers.function("wide", lambda x: x.view(7)),
            IN_SHAPE,
            "wide fails on an input of shape (2, 2, 4, 4): shape '[7]' is invalid",
        ),
        (
            layers.function("whole", torch.sum),
            IN_SHAPE,
            "whole must map a batch (N, …) to a batch (N, …), got shape () for an input of shape",
        ),
        (
            layers.function("joined", lambda x: x.reshape(1, -1)),
            IN_SHAPE,
            "joined must map a batch (N, …) to a batch (N, …), got shape (1, 64) for an input of",
        ),
        *(
            (
                layers.function("shift", f),
                IN_SHAPE,
                "shift must leave its input as it is, but changes it in place",
            )
            for f in (lambda x: x.add_(1), lambda x: x.mul_(2), lambda x: x.view(-1).neg_())
        ),
        (
            layers.function("listed", listed),
            IN_SHAPE,
            "listed must map a batch (N, …) to a batch (N, …), got list for an input of shape",
        ),
    ],
)
def test_layers_that_do_not_fit_are_named_at_init(
    layer: Layer, in_shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        layer.init(generator(0), in_shape)
    assert "\n" not in str(error.value)


def test_parallel_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="parallel needs at least one layer, got none"):
        layers.parallel()


@pytest.mark.parametrize("name", ["", "my layer", "3x", "f()", None, 3])
def test_a_function_needs_an_identifier_as_its_name(name: Any) -> None:
    with pytest.raises(ValueError, match="name must be an identifier, such as 'swish', got"):
        layers.function(name, torch.relu)


def test_a_function_must_be_one() -> None:
    not_a_function: Any = "relu"
    with pytest.raises(TypeError, match=r"no weights, .*, got a Linear with 'weight', "):
        layers.function("own", torch.nn.Linear(3, 3))
    layers.function("own", torch.nn.Hardswish())
    with pytest.raises(TypeError, match="f must be a function of a tensor, got 'relu'"):
        layers.function("mine", not_a_function)


def square(x: Tensor) -> Tensor:
    return x * x


@given(st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_a_function_is_applied_to_the_batch_whatever_the_mode(
    rows: int, features: int, training: bool
) -> None:
    layer = layers.function("square", square)
    x = torch.randn(rows, features, generator=generator(0))
    assert layer.init(generator(0), (features,)) == ((), (), (features,))
    y, state = layer.apply((), (), x, rng=None, train=training)
    assert torch.equal(y, x * x)
    assert state == ()


def test_residual_refuses_a_layer_that_changes_the_shape() -> None:
    message = r"keeps the shape \(2, 4, 4\), but conv2d\(3, 1\) gives \(3, 4, 4\)"
    with pytest.raises(ValueError, match=message):
        residual(layers.conv2d(3, 1)).init(generator(0), IN_SHAPE)


@pytest.mark.parametrize("combine", [sequential, layers.parallel, residual])
def test_parameters_of_another_network_are_refused(combine: Any, x: Tensor) -> None:
    params, state, _ = sequential(layers.relu()).init(generator(0), IN_SHAPE)
    message = "params and state must be those of 2 layers, got those of 1 and 1"
    with pytest.raises(ValueError, match=message):
        combine(layers.relu(), layers.relu()).apply(params, state, x)


def test_activations_of_another_networks_parameters_are_refused(x: Tensor) -> None:
    params, state, _ = sequential(layers.relu()).init(generator(0), IN_SHAPE)
    with pytest.raises(ValueError, match="must be those of 2 layers, got those of 1 and 1"):
        activations(sequential(layers.relu(), layers.relu()), params, state, x)


@given(chains)
def test_activations_are_the_outputs_of_all_layers_outside_training(chain: list[Layer]) -> None:
    net = sequential(*chain)
    x = torch.randn(3, *IN_SHAPE, generator=generator(0))
    params, state, _ = net.init(generator(1), IN_SHAPE)
    outputs = activations(net, params, state, x)
    assert [call for call, _ in outputs] == [brief(layer) for layer in chain]
    for i, (_, output) in enumerate(outputs):
        first = slice(i + 1)
        expected, _ = sequential(*chain[first]).apply(params[first], state[first], x)
        assert torch.equal(output, expected)


@pytest.mark.parametrize(
    "layer", [layers.conv2d(2, 3), residual(layers.conv2d(2, 1, bias=False))], ids=str
)
def test_activations_of_what_is_not_sequential_are_refused(layer: Layer, x: Tensor) -> None:
    params, state, _ = layer.init(generator(0), IN_SHAPE)
    message = f"net must be made by sequential(), got {brief(layer)}"
    with pytest.raises(ValueError, match=re.escape(message)):
        activations(layer, params, state, x)


def test_a_layer_is_a_tuple_of_a_name_two_functions_its_children_and_its_options() -> None:
    relu = layers.relu()
    net = sequential(relu)
    assert isinstance(net, Layer)
    assert (net.name, net.children, relu.children) == ("sequential", (relu,), ())
    name, init, apply, _, options = relu
    assert (name, options) == ("relu", {})
    assert init(generator(0), (3,)) == ((), (), (3,))
    assert apply((), (), torch.ones(1))[0] == 1

"""Weights go to torch.nn and come back: the names, the shapes and the order of the twin's."""

import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from minicnn import layers, models, tree
from minicnn.layers import Layer
from tests.bench.twins import torch_twin
from tests.layers.test_layers_twins import Pair, double, generator, networks, random, twin_of
from tests.test_models import TWINS

SMALL = layers.sequential(
    layers.conv2d(2, 3, bias=False),
    layers.batch_norm(),
    layers.residual(layers.conv2d(4, 1), layers.conv2d(4, 1)),
    layers.parallel(layers.conv2d(1, 1), layers.relu()),
    layers.flatten(),
    layers.linear(3),
)
IN_SHAPE = (1, 4, 4)


def noise_like(values: Any, seed: int) -> Any:
    rng = generator(seed)
    return tree.map(lambda x: torch.rand(x.shape, generator=rng) + 0.5, values)


def drawn(model: Layer, in_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Parameters and a state that no constant can pass for."""
    params, state, _ = model.init(generator(0), in_shape)
    return noise_like(params, 1), noise_like(state, 2)


def assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert (ours[name].shape, ours[name].dtype) == (value.shape, value.dtype)
        assert torch.equal(ours[name], value)


def assert_equal_trees(a: Any, b: Any) -> None:
    for x, y in zip(tree.leaves_like(b, a), tree.leaves(b), strict=True):
        assert x.dtype == y.dtype
        assert torch.equal(x, y)


@given(networks)
def test_a_networks_state_dict_is_its_twins(pair: Pair) -> None:
    params, state = drawn(pair.layer, pair.in_shape)
    twin = torch_twin(pair.layer, params, state, pair.in_shape)
    assert_same(layers.state_dict(pair.layer, params, state), twin.state_dict())


@given(networks, st.integers(0, 99), st.booleans())
def test_weights_come_back_as_they_were_from_a_twin_written_by_hand(
    pair: Pair, seed: int, in_double: bool
) -> None:
    twin = twin_of(pair, seed).train(False)
    twin = twin.double() if in_double else twin
    params, state = layers.load_state_dict(pair.layer, twin.state_dict(), pair.in_shape)
    assert_same(layers.state_dict(pair.layer, params, state), twin.state_dict())
    x = random((2, *pair.in_shape), seed)
    y, _ = pair.layer.apply(*double((params, state)), x)
    torch.testing.assert_close(y, twin.double()(x), rtol=0, atol=1e-11)


@pytest.mark.parametrize("make", TWINS, ids=lambda make: make.__name__)
def test_every_models_weights_go_to_torch_and_come_back(make: Any) -> None:
    net, in_shape = make(), (1, 28, 28)
    params, state = drawn(net, in_shape)
    sent, twin = layers.state_dict(net, params, state), TWINS[make]()
    assert list(sent) == list(twin.state_dict())
    twin.load_state_dict(sent)  # strict: no name is missing or left over
    loaded = layers.load_state_dict(net, twin.state_dict(), in_shape)
    assert_equal_trees(loaded, (params, state))


def test_every_model_is_above() -> None:
    assert {make.__name__ for make in TWINS} == set(models.MODELS)


def test_what_is_exchanged_shares_no_memory_and_no_graph() -> None:
    params, state = drawn(SMALL, IN_SHAPE)
    asking = tree.map(lambda p: p.clone().requires_grad_(), params)
    sent = layers.state_dict(SMALL, asking, state)
    assert not any(value.requires_grad for value in sent.values())
    loaded, _ = layers.load_state_dict(SMALL, sent, IN_SHAPE)
    for value in sent.values():
        value.zero_()
    assert_equal_trees(loaded, params)
    assert_equal_trees(tree.map(torch.Tensor.detach, asking), params)


def test_a_layer_of_ones_own_keeps_the_names_of_its_tree() -> None:
    def init(rng: Any, in_shape: Any) -> Any:
        return (
            {"gate": {"weight": torch.ones(2)}, "scale": torch.ones(())},
            torch.zeros(3),
            in_shape,
        )

    own = Layer("own", init, lambda p, s, x, **_: (x, s))
    net = layers.sequential(layers.relu(), own, layers.function("sine", torch.sin))
    params, state, _ = net.init(generator(0), (2,))
    sent = layers.state_dict(net, params, state)
    assert list(sent) == ["1.gate.weight", "1.scale", "1"]
    assert_equal_trees(layers.load_state_dict(net, sent, (2,)), (params, state))
    clash = Layer("clash", lambda *_: ({"a": torch.ones(1)}, {"a": torch.ones(1)}, (1,)), own.apply)
    with pytest.raises(ValueError, match="two tensors of the model have the name 'a'"):
        layers.state_dict(clash, *clash.init(generator(0), (1,))[:2])


def sent(**changes: Any) -> dict[str, Any]:
    """The state_dict of SMALL with other values, or without those that are None."""
    values: dict[str, Any] = {**layers.state_dict(SMALL, *drawn(SMALL, IN_SHAPE)), **changes}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("given_dict", "error", "message"),
    [
        (None, TypeError, "state_dict must be a dict, got NoneType"),
        ([("0.weight", torch.ones(1))], TypeError, "state_dict must be a dict, got list"),
        (sent(**{"2.1.bias": None}), ValueError, "missing '2.1.bias'; left over nothing"),
        (sent(extra=torch.ones(1)), ValueError, "missing nothing; left over 'extra'"),
        (
            {f"module.{name}": value for name, value in sent().items()},
            ValueError,
            "missing '0.weight', '1.weight', '1.bias' and 11 more; left over 'module.0.weight', ",
        ),
        (
            sent(**{"0.weight": torch.ones(2, 1, 3)}),
            ValueError,
            "state_dict['0.weight'] must have shape (2, 1, 3, 3), got (2, 1, 3)",
        ),
        (
            sent(**{"5.bias": torch.ones(3).long()}),
            ValueError,
            "state_dict['5.bias'] must be floating point, got torch.int64",
        ),
        (
            sent(**{"1.num_batches_tracked": torch.tensor(0.5)}),
            ValueError,
            "state_dict['1.num_batches_tracked'] must be integers, got torch.float32",
        ),
        (
            sent(**{"5.bias": [1.0, 2.0, 3.0]}),
            TypeError,
            "state_dict['5.bias'] must be a tensor, got list",
        ),
    ],
)
def test_what_does_not_fit_is_named(given_dict: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)) as raised:
        layers.load_state_dict(SMALL, given_dict, IN_SHAPE)
    assert "\n" not in str(raised.value)


def test_an_in_shape_that_does_not_fit_is_the_models_error() -> None:
    with pytest.raises(ValueError, match=r"layer 0, conv2d\(2, 3, bias=False\), on \(4, 4\): "):
        layers.load_state_dict(SMALL, sent(), (4, 4))
    message = re.escape("state_dict['5.weight'] must have shape (3, 125), got (3, 20)")
    with pytest.raises(ValueError, match=message):
        layers.load_state_dict(SMALL, sent(), (1, 7, 7))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ((), "params must be the model's: sequential(...) holds 6 layers, got 0 parts"),
        ({"weight": 1}, "params must be the model's: sequential(...) holds 6 layers, got dict"),
        (({"weight": 1.0}, *[()] * 5), "0.weight must be a tensor, got float"),
    ],
)
def test_parameters_that_are_not_the_models_are_refused(params: Any, message: str) -> None:
    _, state = drawn(SMALL, IN_SHAPE)
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        layers.state_dict(SMALL, params, state)


def test_torch_keeps_training_with_the_weights() -> None:
    params, state = drawn(SMALL, IN_SHAPE)
    twin = torch_twin(SMALL, params, state, IN_SHAPE)
    before = layers.state_dict(SMALL, params, state)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    nn.functional.cross_entropy(twin(torch.ones(2, *IN_SHAPE)), torch.tensor([0, 1])).backward()
    optimizer.step()
    after, _ = layers.load_state_dict(SMALL, twin.state_dict(), IN_SHAPE)
    assert not torch.equal(after[5]["bias"], before["5.bias"])

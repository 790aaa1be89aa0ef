"""A layer knows its options: it prints, compares, pickles and is described by its call."""

import copy
import functools
import inspect
import json
import operator
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import init, layers, models, parallel, tree
from minicnn.layers import Layer
from minicnn.layers.description import CONSTRUCTORS
from tests.layers.test_layers_twins import Pair, is_layer, networks, pairs


def swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


conv2d, relu, sequential = layers.conv2d, layers.relu, layers.sequential
drawn_layers = networks.map(lambda pair: pair.layer)
NOT_A_NUMBER: Any = "3"


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


def with_tuples(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: with_tuples(value) for name, value in data.items()}
    return tuple(map(with_tuples, data)) if isinstance(data, list) else data


WAYS = {
    "the text": lambda layer: eval(str(layer), dict(CONSTRUCTORS)),
    "repr": lambda layer: eval(repr(layer), dict(CONSTRUCTORS)),
    "pickle": lambda layer: pickle.loads(pickle.dumps(layer)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "a description": lambda layer: layers.from_description(layers.describe(layer)),
    "JSON": lambda layer: layers.from_description(through_json(layers.describe(layer))),
    "tuples": lambda layer: layers.from_description(with_tuples(layers.describe(layer))),
}
each_way = pytest.mark.parametrize("way", WAYS)


# --- The same layer, made again ----------------------------------------------------------------


@each_way
@given(drawn_layers)
def test_a_layer_made_again_is_equal(way: str, layer: Layer) -> None:
    again = WAYS[way](layer)
    assert again == layer
    assert not operator.ne(again, layer)
    assert hash(again) == hash(layer)
    assert again.options == layer.options
    assert again.constructor is layer.constructor is CONSTRUCTORS[layer.name]


@each_way
@pytest.mark.parametrize("name", models.MODELS)
def test_a_network_made_again_computes_the_same(way: str, name: str) -> None:
    net = models.MODELS[name]()
    again = WAYS[way](net)
    assert again == net
    x = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    results = []
    for layer in (net, again):
        params, state, _ = layer.init(torch.Generator().manual_seed(1), (1, 28, 28))
        for train in (False, True):
            rng = torch.Generator().manual_seed(2)
            results.append(tree.leaves(layer.apply(params, state, x, rng=rng, train=train)))
    for one, other in zip(results[:2], results[2:], strict=True):
        assert all(map(torch.equal, one, other))


def test_a_deep_copy_shares_no_options_with_the_layer() -> None:
    net = sequential(conv2d(2, 3))
    copied = copy.deepcopy(net)
    assert copied is not net
    copied.children[0].options["stride"] = 2
    assert net == sequential(conv2d(2, 3))


def test_many_layers_inside_each_other_compare_and_copy_at_once() -> None:
    """Each layer compares those inside it once: twice would take 2 ** 60 comparisons."""
    net, other = relu(), relu()
    for _ in range(60):
        net, other = layers.residual(net), layers.residual(other)
    copied = copy.deepcopy(net)
    assert net == other == copied == pickle.loads(pickle.dumps(net))
    assert hash(net) == hash(copied)


# --- Options -----------------------------------------------------------------------------------


@given(drawn_layers)
def test_options_are_all_arguments_of_the_constructor_as_plain_data(layer: Layer) -> None:
    parameters = inspect.signature(CONSTRUCTORS[layer.name]).parameters.values()
    assert list(layer.options) == [p.name for p in parameters if not is_layer(p.annotation)]
    for value in layer.options.values():
        for item in value if isinstance(value, tuple) else (value,):
            assert item is None or type(item) in (bool, int, float, str)


@pytest.mark.parametrize(
    "same",
    [
        [
            conv2d(8, 3),
            conv2d(8, kernel_size=3),
            conv2d(8, (3, 3), [1, 1], padding=(0,)),
            conv2d(out_channels=8, kernel_size=[3, 3], bias=True),
        ],
        [conv2d(8, (3, 5), padding="same"), conv2d(8, [3, 5], padding="same")],
        [layers.dropout(), layers.dropout(0.5), layers.dropout(p=0.5)],
        [layers.dropout(1), layers.dropout(1.0)],
        [layers.batch_norm(), layers.batch_norm(0.1, 1e-5)],
        [layers.max_pool2d(2), layers.max_pool2d((2, 2), None, [0, 0])],
        [layers.average_views(relu()), layers.average_views(relu(), 1)],
        [sequential(relu()), sequential(*[relu()])],
        [layers.residual(relu()), layers.residual(relu(), None)],
        [
            conv2d(8, 3, weight_init=init.kaiming_normal),
            conv2d(8, 3, weight_init="kaiming_normal"),
            conv2d(8, 3, weight_init=("kaiming_normal",)),
        ],
        [
            layers.linear(8, bias_init=(init.constant, 0.5)),
            layers.linear(8, bias_init=["constant", 0.5]),
        ],
    ],
    ids=str,
)
def test_layers_made_alike_are_equal(same: list[Layer]) -> None:
    assert len(set(same)) == 1
    assert len({str(layer) for layer in same}) == 1
    assert len({json.dumps(layers.describe(layer)) for layer in same}) == 1


DIFFERENT = [
    *(conv2d(8, 3), conv2d(7, 3), conv2d(8, 2), conv2d(8, (3, 2)), conv2d(8, (2, 3))),
    *(conv2d(8, 3, stride=2), conv2d(8, 3, padding=2), conv2d(8, 3, dilation=2)),
    *(conv2d(8, 3, padding="same"), conv2d(8, 3, padding="valid"), conv2d(8, 3, groups=2)),
    *(conv2d(8, 3, bias=False), layers.linear(8), layers.linear(8, bias=False), layers.linear(7)),
    *(layers.max_pool2d(2), layers.avg_pool2d(2), layers.max_pool2d(3), layers.max_pool2d(2, 2)),
    *(layers.max_pool2d(2, padding=1), layers.max_pool2d(2, dilation=2)),
    *(layers.max_pool2d(2, ceil_mode=True), layers.avg_pool2d(2, ceil_mode=True)),
    layers.avg_pool2d(2, count_include_pad=False),
    *(layers.dropout(), layers.dropout(0.4), layers.batch_norm(), layers.batch_norm(0.5)),
    *(layers.batch_norm(eps=1e-3), relu(), layers.flatten(), layers.global_avg_pool()),
    *(sequential(), sequential(relu()), sequential(relu(), relu()), sequential(sequential())),
    *(layers.residual(relu()), layers.residual(conv2d(8, 3)), layers.residual(conv2d(8, 3, 2))),
    *(layers.average_views(relu()), layers.average_views(relu(), 2)),
    *(layers.residual(relu(), relu()), layers.residual(relu(), layers.flatten())),
    *(layers.parallel(relu()), layers.parallel(relu(), relu())),
    *(layers.linear(8, weight_init="zeros"), layers.linear(8, bias_init="zeros")),
    *(layers.linear(8, weight_init=("normal", 0.1)), layers.linear(8, weight_init=("normal", 1))),
]


def test_layers_that_differ_in_a_name_an_option_or_a_child_are_not_equal() -> None:
    assert len(set(DIFFERENT)) == len(DIFFERENT)
    for i, layer in enumerate(DIFFERENT):
        assert [j for j, other in enumerate(DIFFERENT) if layer == other] == [i]
        assert [j for j, other in enumerate(DIFFERENT) if not operator.ne(layer, other)] == [i]
    assert len({str(layer) for layer in DIFFERENT}) == len(DIFFERENT)


def test_a_layer_equals_nothing_but_layers() -> None:
    assert relu() not in ("relu", None, tuple(relu()), relu)


@given(pairs, pairs)
def test_equal_means_the_same_text(first: Pair, second: Pair) -> None:
    one, other = first.layer, second.layer
    assert (one == other) == (str(one) == str(other)) == (not operator.ne(one, other))


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (conv2d(8, 3), "conv2d(8, 3)"),
        (conv2d(8, 3, stride=2, padding=1), "conv2d(8, 3, stride=2, padding=1)"),
        (conv2d(8, (3, 5), (2, 2), bias=False), "conv2d(8, (3, 5), stride=2, bias=False)"),
        (relu(), "relu()"),
        (layers.dropout(0.3), "dropout(p=0.3)"),
        (layers.dropout(), "dropout()"),
        (layers.batch_norm(eps=1e-3), "batch_norm(eps=0.001)"),
        (layers.max_pool2d(3, 2), "max_pool2d(3, stride=2)"),
        (sequential(), "sequential()"),
        (
            sequential(conv2d(8, 3), layers.residual(sequential(relu())), layers.linear(10)),
            "sequential(conv2d(8, 3), residual(sequential(relu())), linear(10))",
        ),
        (
            layers.average_views(sequential(relu()), 2),
            "average_views(sequential(relu()), pixels=2)",
        ),
        (
            layers.residual(conv2d(8, 3, stride=2), conv2d(8, 1, stride=2)),
            "residual(conv2d(8, 3, stride=2), conv2d(8, 1, stride=2))",
        ),
        (layers.parallel(relu(), conv2d(8, 3)), "parallel(relu(), conv2d(8, 3))"),
        (layers.linear(8, weight_init="zeros"), "linear(8, weight_init='zeros')"),
        (layers.linear(8, bias_init=("normal", 0.1)), "linear(8, bias_init=('normal', 0.1))"),
        (layers.function("swish", swish), "swish()"),
        (Layer("mine", relu().init, relu().apply), "mine()"),
        (
            Layer("mine", relu().init, relu().apply, (relu(),), {"scale": 2}),
            "mine(relu(), scale=2)",
        ),
    ],
)
def test_the_text_is_the_call_as_one_would_write_it(layer: Layer, text: str) -> None:
    assert (str(layer), repr(layer), f"{layer}") == (text, text, text)


# --- Layers written by hand, and altered ones --------------------------------------------------


def my_init(generator: Any, in_shape: Any) -> Any:
    return (), (), in_shape


def my_apply(params: Any, state: Any, x: Any, **_: Any) -> Any:
    return 2 * x, state


mine = Layer("mine", my_init, my_apply)
swish_layer = layers.function("swish", swish)


def test_a_layer_of_a_function_compares_and_pickles_by_it() -> None:
    again = layers.function("swish", swish)
    assert swish_layer == again
    assert hash(swish_layer) == hash(again)
    assert swish_layer not in (layers.function("other", swish), layers.function("swish", abs))
    assert pickle.loads(pickle.dumps(sequential(swish_layer))) == sequential(again)
    assert copy.deepcopy(swish_layer) == copy.copy(swish_layer) == swish_layer
    with pytest.raises(
        pickle.PicklingError, match=r"^layer local holds functions of its own.*<lambda>"
    ):
        pickle.dumps(layers.function("local", lambda x: x))


def test_a_layer_written_by_hand_compares_by_its_functions() -> None:
    other = Layer("mine", my_init, lambda params, state, x, **_: (2 * x, state))
    assert mine == Layer("mine", my_init, my_apply)
    assert hash(mine) == hash(Layer("mine", my_init, my_apply))
    assert mine not in (other, mine._replace(name="other"), mine._replace(options={"scale": 2}))
    assert sequential(mine) == sequential(Layer("mine", my_init, my_apply)) != sequential(other)
    assert Layer("relu", my_init, my_apply) != relu()
    assert copy.copy(other) == copy.deepcopy(other) == other


def test_a_layer_written_by_hand_pickles_if_its_functions_do() -> None:
    net = sequential(relu(), mine)
    assert pickle.loads(pickle.dumps(net)) == net
    local = Layer("local", my_init, lambda params, state, x, **_: (x, state))
    with pytest.raises(
        pickle.PicklingError, match=r"^layer local holds functions of its own.*<lambda>"
    ):
        pickle.dumps(sequential(relu(), local))
    assert copy.deepcopy(sequential(relu(), local)) == sequential(relu(), local)


ALTERED = {
    "written by hand": mine,
    "of a function": swish_layer,
    "inside": sequential(relu(), mine),
    "another's name": Layer("relu", my_init, my_apply),
    "other functions": relu()._replace(init=my_init, apply=my_apply),
    "another apply": conv2d(8, 3)._replace(apply=conv2d(8, 3, stride=2).apply),
    "a wrapped apply": relu()._replace(apply=functools.wraps(relu().apply)(lambda *_, **__: None)),
    "another init": conv2d(8, 3)._replace(init=conv2d(8, 3, bias=False).init),
    "other options": layers.dropout(0.5)._replace(options={"p": 0.4}),
    "another layer inside": layers.residual(relu())._replace(children=(layers.flatten(),)),
    "a shared network": parallel.share_net(sequential(relu()), parallel.Processes(0, 2)),
}


@pytest.mark.parametrize("why", ALTERED)
def test_an_altered_layer_does_not_pass_for_the_constructors(why: str) -> None:
    layer = ALTERED[why]
    with pytest.raises(ValueError, match="layer must have no functions of its own"):
        layers.describe(layer)
    if why != "inside":
        assert layer.constructor is None
    if why not in (
        "written by hand",
        "of a function",
        "inside",
        "another's name",
        "other functions",
    ):
        with pytest.raises(
            pickle.PicklingError, match=f"^layer {layer.name} holds functions of its own"
        ):
            pickle.dumps(layer)
    assert layer not in (relu(), conv2d(8, 3), layers.dropout(0.5), layers.dropout(0.4))
    assert layer not in (layers.residual(relu()), layers.residual(layers.flatten()))
    assert layer not in (sequential(relu()), conv2d(8, 3, stride=2), conv2d(8, 3, bias=False))


def test_options_that_were_changed_in_place_are_noticed() -> None:
    layer = layers.dropout(0.5)
    layer.options["p"] = 0.4
    assert layer.constructor is None
    assert layer not in (layers.dropout(0.5), layers.dropout(0.4))


def test_a_layer_put_together_of_the_same_parts_is_the_constructors() -> None:
    layer = conv2d(8, 3)
    assert Layer(*layer) == layer._replace(name="conv2d") == conv2d(8, 3)
    assert layers.describe(Layer(*layer)) == layers.describe(layer)


# --- Descriptions ------------------------------------------------------------------------------


def test_a_description_lists_name_options_and_children() -> None:
    net = sequential(conv2d(8, (3, 5), bias=False), layers.residual(relu()))
    assert layers.describe(net) == {
        "name": "sequential",
        "options": {},
        "children": [
            {
                "name": "conv2d",
                "options": {
                    "out_channels": 8,
                    "kernel_size": [3, 5],
                    "stride": 1,
                    "padding": 0,
                    "dilation": 1,
                    "groups": 1,
                    "bias": False,
                    "weight_init": None,
                    "bias_init": None,
                },
                "children": [],
            },
            {
                "name": "residual",
                "options": {},
                "children": [{"name": "relu", "options": {}, "children": []}],
            },
        ],
    }


@given(drawn_layers)
def test_a_description_survives_json_as_it_is(layer: Layer) -> None:
    described = layers.describe(layer)
    assert through_json(described) == described


def test_options_and_children_may_be_left_out() -> None:
    assert layers.from_description({"name": "relu"}) == relu()
    short = {"name": "residual", "children": ({"name": "dropout", "options": {"p": 1}},)}
    assert layers.from_description(short) == layers.residual(layers.dropout(1.0))


def described(name: Any, *children: Any, **options: Any) -> dict[str, Any]:
    return {"name": name, "options": options, "children": list(children)}


CONV = {"out_channels": 8, "kernel_size": 3}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "description must be a dict of name, options and children, got None"),
        ("relu", "description must be a dict .* got 'relu'"),
        ([described("relu")], r"description must be a dict .* got \[\{'name'"),
        ({}, "description must be a dict .* got {}"),
        ({"name": "relu", "layers": []}, "description must be a dict .* got .*'layers'"),
        (described("gelu2"), "name must be one of conv2d, linear, .* got 'gelu2'"),
        (described("describe"), "name must be one of"),
        (described("__import__"), "name must be one of"),
        (described("conv2d(8, 3)"), "name must be one of"),
        (described(["relu"]), r"name must be one of .* got \['relu'\]"),
        (described(None), "name must be one of .* got None"),
        ({"name": "relu", "options": []}, r"options of relu must be a dict with names, got \[\]"),
        ({"name": "relu", "options": {1: 2}}, "options of relu must be a dict with names"),
        ({"name": "relu", "children": {}}, "children of relu must be a list, got {}"),
        ({"name": "relu", "children": "ab"}, "children of relu must be a list, got 'ab'"),
        (described("sequential", "relu"), "description must be a dict .* got 'relu'"),
        (described("sequential", described("x")), "name must be one of .* got 'x'"),
        (described("relu", inplace=True), "relu cannot be made as described: .*'inplace'"),
        (described("relu", described("relu")), "relu cannot be made as described: "),
        (described("sequential", layers=[]), "sequential cannot be made .*'layers'"),
        (described("residual"), "residual cannot be made as described: .*'layer'"),
        (described("residual", layer=relu()), "layer must be a number, .* got <function"),
        (described("residual", *[described("relu")] * 3), "residual cannot be made"),
        (described("conv2d"), "conv2d cannot be made as described: .*out_channels"),
        (described("conv2d", described("relu"), **CONV), "conv2d cannot be made as described: "),
        (described("conv2d", described("relu"), kernel_size=3), "out_channels must be an integer"),
        (described("conv2d", **CONV, strides=2), "conv2d cannot be made .*'strides'"),
        (described("conv2d", **{**CONV, "kernel_size": "3"}), "kernel_size must be .* got '3'"),
        (described("conv2d", **CONV, stride=1.5), "stride must be an int or a pair .* got 1.5"),
        (described("conv2d", **CONV, stride=True), "stride must be .* got True"),
        (described("conv2d", **CONV, stride=[1, 2, 3]), r"stride must be .* got \[1, 2, 3\]"),
        (described("conv2d", **CONV, padding="full"), 'padding must be .*"same" or "valid"'),
        (described("parallel"), "parallel cannot be made .*: parallel needs at least one layer"),
        (
            described("conv2d", **CONV, weight_init="he"),
            "weight_init must be one of uniform, .*'he",
        ),
        (described("linear", out_features=2, bias_init=["normal"]), r"bias_init cannot be \['nor"),
        (described("conv2d", **CONV, bias=1), "bias must be True or False, got 1"),
        (described("linear", out_features=None), "out_features must be an integer, got None"),
        (described("max_pool2d", kernel_size=2, stride={}), "stride must be a number, .* got {}"),
        (described("dropout", p="0.5"), "p must be a number, got '0.5'"),
        (described("dropout", p=float("nan")), r"p must be in \[0, 1\], got nan"),
        (described("batch_norm", described("relu")), "momentum must be a number"),
        (described("average_views", described("relu"), pixels=-1), "pixels must be at least 0"),
    ],
)
def test_what_describes_no_layer_is_refused_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        layers.from_description(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_description_nested_too_deep_is_refused() -> None:
    data = described("relu")
    for _ in range(100_000):
        data = described("residual", data)
    with pytest.raises(ValueError, match=r"^layers in a description are nested too deep$"):
        layers.from_description(data)
    while data["children"]:  # or releasing it all at once overflows the stack
        data = data["children"][0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
names = st.sampled_from(sorted(CONSTRUCTORS))
option_names = st.sampled_from(
    sorted({name for f in CONSTRUCTORS.values() for name in inspect.signature(f).parameters})
)


@given(names, st.dictionaries(option_names, json_values), json_values)
def test_any_data_makes_a_layer_or_a_value_error(name: str, options: Any, other: Any) -> None:
    for data in (
        {"name": name, "options": options},
        {"name": name, "options": options, "children": other},
        {"name": name, "children": [{"name": "relu"}], "options": options},
        other,
    ):
        try:
            layer = layers.from_description(data)
        except ValueError:
            continue
        assert layer.name == name
        assert layers.from_description(through_json(layers.describe(layer))) == layer


@pytest.mark.parametrize("other", [None, "relu", relu, tuple(relu())])
def test_only_layers_are_described(other: Any) -> None:
    with pytest.raises(TypeError, match="layer must be a Layer"):
        layers.describe(other)


def test_every_function_that_makes_a_layer_can_be_described() -> None:
    def makes_a_layer(value: Any) -> bool:
        return inspect.isfunction(value) and inspect.signature(value).return_annotation is Layer

    makers = {name for name in layers.__all__ if makes_a_layer(getattr(layers, name))}
    # function's is a function, which is no plain data
    assert makers - {"from_description", "function"} == set(CONSTRUCTORS)
    assert all(getattr(layers, name) is made for name, made in CONSTRUCTORS.items())


@pytest.mark.parametrize(("length", "shown"), [(80, 80), (81, 80)])
def test_a_long_value_is_shortened_in_the_message(length: int, shown: int) -> None:
    name = "x" * (length - 2)  # and its quotes
    with pytest.raises(ValueError, match="name must be one of") as refused:
        layers.from_description(described(name))
    value = str(refused.value).rpartition("got ")[2]
    assert len(value) == shown
    assert value.endswith("...") == (length > 80)

"""Every layer is its torch.nn twin: weights, shapes, values, gradients and state."""

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

import pytest
import torch
from hypothesis import find, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from minicnn import init, layers, tree
from minicnn.layers import Layer
from minicnn.layers.description import CONSTRUCTORS
from tests.bench.twins import AverageViews, Parallel, Residual, torch_twin

Shape = tuple[int, ...]

# Results are sums of at most some hundred numbers of size 1, and batch normalisation scales
# gradients by at most 1/√eps ≈ 300: a hundred roundings of 1e-16, times 300.
TOLERANCE = 1e-11


class Pair(NamedTuple):
    """A layer, a function that makes its twin, and the shape of an input without the batch."""

    layer: Layer
    twin: Callable[[], nn.Module]
    in_shape: Shape

    def __repr__(self) -> str:
        return f"{self.twin()} on {self.in_shape}"


# --- Strategies: a layer with random arguments, and an image that its window fits --------------

sizes = st.integers(1, 3)
int_or_pair = sizes | st.tuples(sizes, sizes)


def both(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def images(draw: Any, channels: int, kernel: Any, padding: Any = 0, dilation: Any = 1) -> Shape:
    """Draw (C, H, W) that a window fits: exactly, or with up to 4 cells to spare."""
    windows = zip(both(kernel), both(padding), both(dilation), strict=True)
    smallest = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in windows]
    return channels, *(size + draw(st.integers(0, 4)) for size in smallest)


@st.composite
def convs(draw: Any) -> Pair:
    kernel, dilation, groups = draw(int_or_pair), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    padding = draw(st.sampled_from(["same", "valid", 0, 1, 2, (0, 1), (2, 1)]))
    options = {
        "kernel_size": kernel,
        "stride": 1 if padding == "same" else draw(int_or_pair),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(sizes)
    cells = 0 if isinstance(padding, str) else padding
    in_shape = draw(images(inputs, kernel, cells, dilation))
    layer = layers.conv2d(outputs, **options)
    return Pair(layer, lambda: nn.Conv2d(inputs, outputs, **options), in_shape)


@st.composite
def linears(draw: Any) -> Pair:
    inputs, outputs, bias = draw(st.integers(1, 7)), draw(sizes), draw(st.booleans())
    layer = layers.linear(outputs, bias)
    return Pair(layer, lambda: nn.Linear(inputs, outputs, bias), (inputs,))


@st.composite
def windows(draw: Any) -> dict[str, Any]:
    kernel = draw(int_or_pair)
    return {
        "kernel_size": kernel,
        "stride": draw(st.none() | int_or_pair),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in both(kernel)),
        "ceil_mode": draw(st.booleans()),
    }


@st.composite
def max_pools(draw: Any) -> Pair:
    options = {**draw(windows()), "dilation": draw(int_or_pair)}
    # As large as a window without its padding: in an image so small that a dilated window has cells
    # on both sides of it and none inside, torch's gradient writes outside its memory.
    fitting = images(draw(sizes), options["kernel_size"], 0, options["dilation"])
    return Pair(layers.max_pool2d(**options), lambda: nn.MaxPool2d(**options), draw(fitting))


@st.composite
def avg_pools(draw: Any) -> Pair:
    options = {**draw(windows()), "count_include_pad": draw(st.booleans())}
    fitting = images(draw(sizes), options["kernel_size"], options["padding"])
    return Pair(layers.avg_pool2d(**options), lambda: nn.AvgPool2d(**options), draw(fitting))


@st.composite
def norms(draw: Any) -> Pair:
    channels, flat = draw(sizes), draw(st.booleans())
    options = {"momentum": draw(st.floats(0, 1)), "eps": draw(st.floats(1e-5, 1))}
    twin = nn.BatchNorm1d if flat else nn.BatchNorm2d
    in_shape = (channels,) if flat else draw(images(channels, 1))
    return Pair(layers.batch_norm(**options), lambda: twin(channels, **options), in_shape)


@st.composite
def example_norms(draw: Any) -> Pair:
    """Draw layer and group normalisation, which know no batch."""
    groups, eps = draw(sizes), draw(st.floats(1e-5, 1))
    channels = groups * draw(sizes)
    # Two places at least, for torch refuses one value a group.
    in_shape = (channels, draw(sizes), draw(st.integers(2, 3)))
    return draw(
        st.sampled_from(
            [
                Pair(layers.layer_norm(eps), lambda: nn.LayerNorm(list(in_shape), eps), in_shape),
                Pair(
                    layers.group_norm(groups, eps),
                    lambda: nn.GroupNorm(groups, channels, eps),
                    in_shape,
                ),
            ]
        )
    )


@st.composite
def activations(draw: Any) -> Pair:
    slope, form = draw(st.floats(-1, 1)), draw(st.sampled_from(["none", "tanh"]))
    in_shape = draw(images(draw(sizes), 1))
    return draw(
        st.sampled_from(
            [
                Pair(layers.leaky_relu(slope), lambda: nn.LeakyReLU(slope), in_shape),
                Pair(layers.sigmoid(), nn.Sigmoid, in_shape),
                Pair(layers.tanh(), nn.Tanh, in_shape),
                Pair(layers.silu(), nn.SiLU, in_shape),
                Pair(layers.gelu(form), lambda: nn.GELU(form), in_shape),
            ]
        )
    )


@st.composite
def pointwise(draw: Any) -> Pair:
    p, in_shape = draw(st.floats(0, 1)), draw(images(draw(sizes), 1))
    return draw(
        st.sampled_from(
            [
                Pair(layers.relu(), nn.ReLU, in_shape),
                Pair(layers.flatten(), nn.Flatten, in_shape),
                Pair(layers.dropout(p), lambda: nn.Dropout(p), in_shape),
            ]
        )
    )


@st.composite
def global_pools(draw: Any) -> Pair:
    in_shape = draw(images(draw(sizes), 1))
    return Pair(
        layers.global_avg_pool(),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        in_shape,
    )


LAYERS = (
    *(convs, linears, max_pools, avg_pools, global_pools, norms, example_norms),
    *(pointwise, activations),
)
pairs = st.one_of(*(kind() for kind in LAYERS))


# --- Layers made of layers ---------------------------------------------------------------------


@st.composite
def chains(draw: Any) -> Pair:
    """Draw a sequential of up to three layers that keep the shape."""
    channels, p, eps = draw(sizes), draw(st.floats(0, 1)), draw(st.floats(0.1, 1))
    choices = [
        (layers.relu(), nn.ReLU),
        (layers.dropout(p), lambda: nn.Dropout(p)),
        (layers.batch_norm(0.3, eps), lambda: nn.BatchNorm2d(channels, eps, 0.3)),
        (layers.conv2d(channels, 1), lambda: nn.Conv2d(channels, channels, 1)),
    ]
    chosen = draw(st.lists(st.sampled_from(choices), max_size=3))
    net = layers.sequential(*(layer for layer, _ in chosen))
    return Pair(
        net, lambda: nn.Sequential(*(twin() for _, twin in chosen)), draw(images(channels, 1))
    )


@st.composite
def residuals(draw: Any) -> Pair:
    inner = draw(chains())
    return Pair(layers.residual(inner.layer), lambda: Residual(inner.twin()), inner.in_shape)


@st.composite
def averages(draw: Any) -> Pair:
    inner, pixels, classes = draw(chains()), draw(sizes), draw(sizes)
    degrees, scale = draw(st.sampled_from([(0.0, 0.0), (9.0, 0.0), (0.0, 0.2), (70.0, 0.1)]))
    net = layers.sequential(inner.layer, layers.flatten(), layers.linear(classes))
    features = math.prod(inner.in_shape)

    def twin() -> nn.Module:
        score = nn.Sequential(inner.twin(), nn.Flatten(), nn.Linear(features, classes))
        return AverageViews(score, pixels, degrees, scale)

    return Pair(layers.average_views(net, pixels, degrees, scale), twin, inner.in_shape)


@st.composite
def projections(draw: Any) -> Pair:
    """Draw a residual whose layer and shortcut change the channels and the size."""
    inner, channels, stride = draw(chains()), draw(sizes), draw(sizes)
    inputs, options = inner.in_shape[0], {"stride": stride, "bias": draw(st.booleans())}
    change = layers.sequential(inner.layer, layers.conv2d(channels, 1, **options))
    shortcut = layers.conv2d(channels, 1, stride)

    def twin() -> nn.Module:
        last = inner.twin(), nn.Conv2d(inputs, channels, 1, **options)
        return Residual(nn.Sequential(*last), nn.Conv2d(inputs, channels, 1, stride))

    return Pair(layers.residual(change, shortcut), twin, inner.in_shape)


@st.composite
def branches(draw: Any) -> Pair:
    """Draw layers side by side, on images or on vectors."""
    if draw(st.booleans()):
        inputs, outputs = draw(sizes), draw(st.lists(sizes, min_size=1, max_size=3))
        each = [
            Pair(layers.linear(o), lambda o=o: nn.Linear(inputs, o), (inputs,)) for o in outputs
        ]
    else:
        first, number = draw(chains()), draw(st.integers(0, 2))
        in_shape, channels = first.in_shape, first.in_shape[0]
        conv = Pair(
            layers.conv2d(2, 3, padding=1), lambda: nn.Conv2d(channels, 2, 3, padding=1), in_shape
        )
        each = [first, *[conv] * number]
    net = layers.parallel(*(pair.layer for pair in each))
    return Pair(net, lambda: Parallel(*(pair.twin() for pair in each)), each[0].in_shape)


CONTAINERS = (chains, residuals, projections, branches, averages)
networks = st.one_of(*(kind() for kind in (*LAYERS, *CONTAINERS)))

seeds = st.integers(0, 2**32 - 1)
batch_sizes = st.integers(2, 4)  # one value a channel has no variance


# --- Tools -------------------------------------------------------------------------------------


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def twin_of(pair: Pair, seed: int) -> nn.Module:
    """Make torch's module under a seed, which is what its global generator starts from."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return pair.twin()


def options_of(module: nn.Module) -> list[tuple[str, dict[str, Any]]]:
    """List the modules inside with their options, each in one form."""

    def form(name: str, value: Any) -> Any:
        is_window = name in ("kernel_size", "stride", "padding", "dilation")
        return (value, value) if is_window and isinstance(value, int) else value

    return [
        (
            type(inner).__name__,
            {name: form(name, v) for name, v in vars(inner).items() if not name.startswith("_")},
        )
        for inner in module.modules()
    ]


def is_layer(annotation: Any) -> bool:
    return Layer in (annotation, *get_args(annotation))


def walk(layer: Layer) -> Iterator[Layer]:
    yield layer
    for child in layer.children:
        yield from walk(child)


def double(values: Any) -> Any:
    return tree.map(lambda x: x.double(), values)


def random(shape: Shape, seed: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


# --- Properties --------------------------------------------------------------------------------


@given(pairs, seeds)
def test_initial_weights_equal_torchs_under_the_same_seed(pair: Pair, seed: int) -> None:
    params, state, _ = pair.layer.init(generator(seed), pair.in_shape)
    theirs = dict(twin_of(pair, seed).named_parameters())
    assert params.keys() == theirs.keys() if theirs else params == ()
    for name in theirs:
        assert torch.equal(params[name], theirs[name].detach())
    assert params or state == ()


INITS = {  # by name: torch's function, and how its arguments are called
    "uniform": lambda x, bound: nn.init.uniform_(x, -bound, bound),
    "normal": lambda x, std: nn.init.normal_(x, 0, std),
    "constant": nn.init.constant_,
    "zeros": nn.init.zeros_,
    "kaiming_uniform": nn.init.kaiming_uniform_,
    "kaiming_normal": nn.init.kaiming_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
}
TAKE_A_NUMBER = ("uniform", "normal", "constant")
numbers = st.floats(0.1, 2)


@st.composite
def initialisers(draw: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    name = draw(st.sampled_from(names))
    optional = draw(st.booleans()) and name != "zeros"
    return (name, draw(numbers)) if name in TAKE_A_NUMBER or optional else (name,)


@given(
    initialisers(tuple(INITS)),
    initialisers((*TAKE_A_NUMBER, "zeros")),
    st.booleans(),
    st.booleans(),
    seeds,
)
def test_chosen_initialisers_are_torchs(
    weight_init: Any, bias_init: Any, image: bool, by_function: bool, seed: int
) -> None:
    chosen = [
        (getattr(init, name), *arguments) if by_function else (name, *arguments)
        for name, *arguments in (weight_init, bias_init)
    ]
    options: dict[str, Any] = {"weight_init": chosen[0], "bias_init": chosen[1]}
    layer = layers.conv2d(3, 2, **options) if image else layers.linear(3, **options)
    params, _, _ = layer.init(generator(seed), (2, 4, 4) if image else (5,))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, (function, *arguments) in (("weight", weight_init), ("bias", bias_init)):
            expected = torch.empty_like(params[name])
            assert torch.equal(params[name], INITS[function](expected, *arguments))


def test_every_initialiser_can_be_chosen() -> None:
    assert set(INITS) == set(init.INITIALISERS)


@pytest.mark.parametrize(
    "make", [lambda **o: layers.conv2d(2, 3, **o), lambda **o: layers.linear(2, **o)]
)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"weight_init": "he"},
            r"weight_init must be one of uniform, .*\('normal', 0.01\), got 'he'",
        ),
        ({"weight_init": torch.zeros}, "weight_init must be one of uniform, .* got <built-in"),
        ({"weight_init": ()}, r"weight_init must be one of .* got \(\)"),
        ({"weight_init": True}, "weight_init must be one of .* got True"),
        ({"weight_init": "normal"}, "weight_init cannot be 'normal': .* argument: 'std'"),
        (
            {"weight_init": ("normal", -1.0)},
            r"weight_init cannot be \('normal', -1.0\): std must be",
        ),
        ({"weight_init": ("zeros", 1)}, r"weight_init cannot be \('zeros', 1\): "),
        ({"bias_init": "kaiming_normal"}, "bias_init cannot be 'kaiming_normal': shape must have"),
        ({"bias_init": ("constant", "1")}, "bias_init cannot be .*: value must be a number"),
        (
            {"bias": False, "bias_init": "zeros"},
            "bias_init must not be given with bias=False, got 'z",
        ),
    ],
)
def test_an_initialiser_that_does_not_fit_is_refused(
    make: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


each_kind = pytest.mark.parametrize("kind", [*LAYERS, *CONTAINERS], ids=lambda kind: kind.__name__)
Kind = Callable[[], st.SearchStrategy[Pair]]


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's, of its own speed
@pytest.mark.parametrize("built", ["by hand", "from the layer's options"])
@each_kind
@given(st.data(), seeds, batch_sizes, st.booleans())
def test_values_gradients_and_state_equal_torchs(
    kind: Kind,
    built: str,
    data: st.DataObject,
    seed: int,
    batch: int,
    training: bool,
) -> None:
    pair = data.draw(kind())
    params, state, _ = pair.layer.init(generator(seed), pair.in_shape)
    by_hand = built == "by hand"
    twin = twin_of(pair, seed) if by_hand else torch_twin(pair.layer, params, state, pair.in_shape)
    twin = twin.double().train(training)
    params, state = double((params, state))
    x = random((batch, *pair.in_shape), seed).requires_grad_()
    params = tree.map(lambda p: p.requires_grad_(), params)

    y, state = pair.layer.apply(params, state, x, rng=generator(seed), train=training)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        expected = twin(x)
    torch.testing.assert_close(y, expected, rtol=0, atol=TOLERANCE)

    g = random(tuple(y.shape), seed + 1)
    ours = torch.autograd.grad(y, (x, *tree.leaves(params)), g)
    theirs = torch.autograd.grad(expected, (x, *twin.parameters()), g)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE)

    buffers = [buffer for name, buffer in twin.named_buffers() if "running" in name]
    for a, b in zip(tree.leaves(state), buffers, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@each_kind
@given(st.data())
def test_the_twin_built_from_a_layers_options_has_these_options(
    kind: Kind, data: st.DataObject
) -> None:
    pair = data.draw(kind())
    params, state, _ = pair.layer.init(generator(0), pair.in_shape)
    twin, by_hand = torch_twin(pair.layer, params, state, pair.in_shape), twin_of(pair, 0)
    assert options_of(twin) == options_of(by_hand)
    shapes, expected = ({n: p.shape for n, p in m.state_dict().items()} for m in (twin, by_hand))
    assert shapes == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option)
        for name, constructor in CONSTRUCTORS.items()
        for option, parameter in inspect.signature(constructor).parameters.items()
        if not is_layer(parameter.annotation)  # the layers inside are no options
        and option not in ("weight_init", "bias_init")  # for the initial numbers alone
    ],
)
def test_no_option_of_a_layer_goes_without_a_twin(name: str, option: str) -> None:
    """A layer is drawn whose option is not the default; where there is none, is not 1."""
    default = inspect.signature(CONSTRUCTORS[name]).parameters[option].default
    usual = 1 if default is inspect.Parameter.empty else default

    def varied(pair: Pair) -> bool:
        found = [layer.options[option] for layer in walk(pair.layer) if layer.name == name]
        return any(value != usual for value in found)

    find(networks, varied, settings=settings(max_examples=2000, deadline=None))


@pytest.mark.slow
@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_no_layer_goes_without_a_twin(name: str) -> None:
    find(networks, lambda pair: any(layer.name == name for layer in walk(pair.layer)))


@given(pairs, st.integers(0, 3))
def test_init_tells_the_shape_that_apply_gives(pair: Pair, batch: int) -> None:
    params, state, out_shape = pair.layer.init(generator(0), pair.in_shape)
    y, _ = pair.layer.apply(params, state, torch.ones(batch, *pair.in_shape))
    assert y.shape == (batch, *out_shape)


@given(pairs, batch_sizes, st.booleans())
def test_apply_changes_none_of_its_arguments_but_rng(
    pair: Pair, batch: int, training: bool
) -> None:
    params, state, _ = pair.layer.init(generator(0), pair.in_shape)
    arguments = (params, state, random((batch, *pair.in_shape), 0).float())
    before = tree.map(torch.clone, arguments)
    first = pair.layer.apply(*arguments, rng=generator(1), train=training)
    second = pair.layer.apply(*arguments, rng=generator(1), train=training)
    for a, b in zip(tree.leaves(arguments), tree.leaves(before), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(tree.leaves(first), tree.leaves(second), strict=True):
        assert torch.equal(a, b)


@given(pairs, batch_sizes, st.booleans())
def test_the_layout_of_an_image_in_memory_changes_no_result(
    pair: Pair, batch: int, training: bool
) -> None:
    params, state, _ = pair.layer.init(generator(0), pair.in_shape)
    params, state = double((params, state))
    x = random((batch, *pair.in_shape), 0)
    dims = tuple(reversed(range(x.ndim)))
    transposed = x.permute(dims).contiguous().permute(dims)  # the same numbers, batch innermost
    expected = pair.layer.apply(params, state, x, rng=generator(1), train=training)
    actual = pair.layer.apply(params, state, transposed, rng=generator(1), train=training)
    for a, b in zip(tree.leaves(actual), tree.leaves(expected), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE)


@given(pairs)
def test_without_training_nothing_is_random_and_the_state_stays(pair: Pair) -> None:
    params, state, _ = pair.layer.init(generator(0), pair.in_shape)
    x, rng = random((2, *pair.in_shape), 0).float(), generator(1)
    y, after = pair.layer.apply(params, state, x, rng=rng)
    assert torch.equal(y, pair.layer.apply(params, state, x)[0])
    assert torch.equal(rng.get_state(), generator(1).get_state())
    for a, b in zip(tree.leaves(after), tree.leaves(state), strict=True):
        assert torch.equal(a, b)

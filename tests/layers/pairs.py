"""What the tests of layers draw: a layer with random options, its torch.nn twin, and an input."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st
from torch import nn

from minicnn import layers
from minicnn.layers import Layer
from tests.bench.twins import AverageViews, Residual

Shape = tuple[int, ...]


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


LAYERS = (convs, linears, max_pools, avg_pools, global_pools, norms, pointwise)
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
    net = layers.sequential(inner.layer, layers.flatten(), layers.linear(classes))
    features = math.prod(inner.in_shape)

    def twin() -> nn.Module:
        score = nn.Sequential(inner.twin(), nn.Flatten(), nn.Linear(features, classes))
        return AverageViews(score, pixels)

    return Pair(layers.average_views(net, pixels), twin, inner.in_shape)


CONTAINERS = (chains, residuals, averages)
networks = st.one_of(*(kind() for kind in (*LAYERS, *CONTAINERS)))

"""What a layer cannot do it refuses, early and by name: at its making, at init, or at apply."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import layers
from minicnn.layers import Layer

NOT_INT: Any = 2.0
NOT_BOOL: Any = 1


def init(layer: Layer, in_shape: tuple[int, ...]) -> Any:
    return layer.init(torch.Generator().manual_seed(0), in_shape)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.conv2d(0, 3), ValueError, "out_channels must be at least 1, got 0"),
        (lambda: layers.conv2d(NOT_INT, 3), TypeError, "out_channels must be an integer, got 2.0"),
        (lambda: layers.conv2d(2, 0), ValueError, "kernel_size.* got 0"),
        (lambda: layers.conv2d(2, (3, 3, 3)), (TypeError, ValueError), "kernel_size.*3, 3, 3"),
        (lambda: layers.conv2d(2, 3, groups=0), ValueError, "groups must be at least 1, got 0"),
        (lambda: layers.conv2d(2, 3, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: layers.conv2d(2, 3, dilation=0), ValueError, "dilation must be at least 1, got 0"),
        (lambda: layers.conv2d(2, 3, padding=-1), ValueError, "padding must be at least 0, got -1"),
        (lambda: layers.conv2d(2, 3, padding="full"), ValueError, 'padding must be.*"same" or "va'),
        (lambda: layers.conv2d(2, 3, padding=NOT_INT), TypeError, "padding must be an int.*2.0"),
        (
            lambda: layers.conv2d(2, 3, bias=NOT_BOOL),
            TypeError,
            "bias must be True or False, got 1",
        ),
        (lambda: layers.linear(2, bias=NOT_BOOL), TypeError, "bias must be True or False, got 1"),
        (lambda: layers.max_pool2d(0), ValueError, "kernel_size must be at least 1, got 0"),
        (
            lambda: layers.max_pool2d(2, (1, 0)),
            ValueError,
            r"stride must be at least 1, got \(1, 0",
        ),
        (
            lambda: layers.max_pool2d(2, dilation=0),
            ValueError,
            "dilation must be at least 1, got 0",
        ),
        (lambda: layers.max_pool2d(2, ceil_mode=NOT_BOOL), TypeError, "ceil_mode must be True or"),
        (
            lambda: layers.avg_pool2d(2, padding=-1),
            ValueError,
            "padding must be at least 0, got -1",
        ),
        (
            lambda: layers.avg_pool2d(2, count_include_pad=NOT_BOOL),
            TypeError,
            "count_include_pad m",
        ),
        (lambda: layers.linear(0), ValueError, "out_features must be at least 1, got 0"),
        (lambda: layers.linear(True), TypeError, "out_features must be an integer, got True"),
        (lambda: layers.dropout(1.5), ValueError, r"p must be in \[0, 1\], got 1.5"),
        (lambda: layers.dropout(float("nan")), ValueError, r"p must be in \[0, 1\], got nan"),
        (lambda: layers.batch_norm(momentum=-1), ValueError, r"momentum must be in \[0, 1\]"),
        (lambda: layers.batch_norm(eps=-1e-5), ValueError, "eps must be .* at least 0, got -1e-05"),
    ],
)
def test_bad_arguments_are_refused_when_the_layer_is_made(
    make: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "in_shape", "message"),
    [
        (layers.conv2d(2, 3), (28, 28), r"conv2d needs an in_shape \(C, H, W\), got \(28, 28\)"),
        (layers.conv2d(2, 3), (1, 1, 8, 8), r"conv2d needs an in_shape \(C, H, W\), got \(1, 1"),
        (layers.conv2d(2, 5), (1, 4, 9), "kernel"),
        (layers.conv2d(2, 3, groups=2), (3, 8, 8), r"groups \(=2\) must divide .*\(=3\)"),
        (layers.conv2d(3, 3, groups=2), (2, 8, 8), r"groups \(=2\) must divide .*\(=3\)"),
        (layers.conv2d(2, 3, stride=2, padding="same"), (1, 8, 8), 'padding="same" needs stride'),
        (layers.linear(10), (1, 28, 28), r"flat in_shape .* got \(1, 28, 28\): put flatten\(\)"),
        (layers.linear(10), (), r"flat in_shape .* got \(\)"),
        (layers.max_pool2d(2), (100,), r"max_pool2d needs an in_shape \(C, H, W\), got \(100"),
        (layers.max_pool2d(3), (1, 2, 2), "kernel"),
        (layers.max_pool2d(2, padding=2), (1, 8, 8), "padding"),
        (layers.avg_pool2d(2), (8, 8), r"avg_pool2d needs an in_shape \(C, H, W\)"),
        (layers.global_avg_pool(), (64,), r"global_avg_pool needs an in_shape \(C, H, W\)"),
        (layers.batch_norm(), (), r"batch_norm needs an in_shape .* got \(\)"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_at_init(
    layer: Layer, in_shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        init(layer, in_shape)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2), st.integers(1, 6))
def test_an_image_smaller_than_the_kernel_is_refused_and_one_as_large_is_not(
    kernel: int, dilation: int, padding: int, other: int
) -> None:
    fits = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
    layer = layers.conv2d(1, (kernel, 1), padding=(padding, 0), dilation=dilation)
    assert init(layer, (1, fits, other))[2][2] == other
    if fits > 1:
        with pytest.raises(ValueError, match="kernel"):
            init(layer, (1, fits - 1, other))


@given(st.floats(0, 1, exclude_min=True))
def test_dropout_in_training_needs_rng(p: float) -> None:
    layer, x = layers.dropout(p), torch.ones(4)
    with pytest.raises(ValueError, match=r"dropout\(.*\) needs rng, a torch.Generator.*got None"):
        layer.apply((), (), x, train=True)
    layer.apply((), (), x, train=True, rng=torch.Generator())
    layer.apply((), (), x)


def test_no_dropout_at_all_needs_no_rng() -> None:
    x = torch.ones(4)
    assert torch.equal(layers.dropout(0.0).apply((), (), x, train=True)[0], x)


def test_a_network_passes_rng_on_to_where_it_is_needed() -> None:
    net = layers.sequential(layers.residual(layers.sequential(layers.dropout(0.5))))
    params, state, _ = init(net, (4,))
    with pytest.raises(ValueError, match="needs rng"):
        net.apply(params, state, torch.ones(2, 4), train=True)


def test_batch_norm_refuses_to_train_on_one_value_a_channel() -> None:
    params, state, _ = init(layers.batch_norm(), (3,))
    with pytest.raises(ValueError, match="at least 2 values per channel"):
        layers.batch_norm().apply(params, state, torch.ones(1, 3), train=True)


@pytest.mark.parametrize(
    "layer",
    [layers.conv2d(2, 1), layers.max_pool2d(1), layers.avg_pool2d(1), layers.global_avg_pool()],
)
def test_a_batch_that_is_no_batch_of_images_is_refused(layer: Layer) -> None:
    params, state, _ = init(layer, (1, 4, 4))
    with pytest.raises(ValueError, match=r"input|image|\(N, C, H, W\)"):
        layer.apply(params, state, torch.ones(4, 4))


@pytest.mark.parametrize("layer", [layers.relu(), layers.linear(3), layers.sequential()])
@pytest.mark.parametrize(
    ("generator", "in_shape", "error", "message"),
    [
        (0, (4,), TypeError, "generator must be a torch.Generator, got 0"),
        (torch.Generator(), 5, ValueError, "in_shape must be a tuple of sizes, got 5"),
        (torch.Generator(), "128", ValueError, "in_shape must be a tuple of .*, got '128'"),
        (torch.Generator(), (-1,), ValueError, r"in_shape must be a tuple of .*, got \(-1,\)"),
        (torch.Generator(), (2.0,), ValueError, r"in_shape must be a tuple of .*, got \(2.0,\)"),
    ],
)
def test_what_init_gets_is_checked(
    layer: Any, generator: Any, in_shape: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        layer.init(generator, in_shape)

"""Feature maps: the image, then a row of channels for each layer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer

IMAGE = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))


def layers(figure):
    """The axes of the layers: after the image, before the colour bars, which are added later."""
    return [axes for axes in figure.axes[1:] if axes.images]


def tiles(axes):
    return [np.asarray(image.get_array()) for image in axes.images]


@fewer(times=5)  # a figure takes long
@given(channels=st.integers(1, 15), height=st.integers(1, 5), width=st.integers(1, 5))
def test_a_layer_shows_its_first_channels(channels, height, width):
    maps = torch.randn(channels, height, width, dtype=torch.float64)
    (axes,) = layers(viz.feature_maps(IMAGE, [("conv2d", maps)]))
    np.testing.assert_array_equal(tiles(axes), maps[:12].numpy())


def test_the_heading_says_how_many_channels_there_are():
    activations = [("conv2d", torch.ones(32, 8, 6)), ("relu", torch.ones(12, 2, 2))]
    activations.append(("pool", torch.ones(1, 1, 1)))
    headings = [axes.get_title(loc="left") for axes in viz.feature_maps(IMAGE, activations).axes]
    assert headings[:4] == [
        "input: 6 × 6",
        "conv2d: first 12 of 32 channels, 8 × 6",
        "relu: 12 channels, 2 × 2",
        "pool: 1 channel, 1 × 1",
    ]


def test_the_image_stands_first():
    figure = viz.feature_maps(IMAGE, [("conv2d", torch.ones(2, 3, 3))])
    drawn = tiles(figure.axes[0])[0]
    low, high = IMAGE.min(), IMAGE.max()
    np.testing.assert_allclose(drawn, ((IMAGE[0] - low) / (high - low)).numpy(), rtol=1e-6)


def test_an_image_in_colour_keeps_its_channels():
    image = torch.randint(256, (3, 4, 5), dtype=torch.uint8)
    figure = viz.feature_maps(image, [("conv2d", torch.ones(2, 3, 3))])
    np.testing.assert_allclose(tiles(figure.axes[0])[0] * 255, image.permute(1, 2, 0).numpy())


def test_the_channels_of_a_layer_share_a_scale_and_it_is_written_beside_them(pixels):
    small, large = torch.tensor([-0.5, 0.25, 0.125]), torch.tensor([1.0, 40.0, 0.0])
    activations = [("a", small.reshape(3, 1, 1)), ("b", large.reshape(3, 1, 1))]
    figure = viz.feature_maps(IMAGE, activations)
    pixels(figure)
    first, second = layers(figure)
    assert {image.get_clim() for image in first.images} == {(-0.5, 0.5)}
    assert {image.get_clim() for image in second.images} == {(-40, 40)}
    scales = [axes for axes in figure.axes if not axes.images]
    ticks = [
        [float(t.get_text().replace("−", "-")) for t in axes.get_yticklabels()] for axes in scales
    ]
    assert ticks == [[-0.5, 0, 0.5], [-40, 0, 40]]


def test_a_dead_layer_is_drawn(pixels):
    pixels(viz.feature_maps(IMAGE, [("relu", torch.zeros(4, 3, 3))]))


def test_activations_may_come_from_a_generator_and_a_graph(pixels):
    maps = torch.ones(2, 3, 3, requires_grad=True)
    pixels(viz.feature_maps(IMAGE, ((name, maps) for name in ("conv2d", "relu"))))


@pytest.mark.parametrize(
    ("image", "activations", "error", "message"),
    [
        (
            IMAGE[0],
            [("a", IMAGE)],
            ValueError,
            r"image must have shape \(C, H, W\), got \(6, 6\)",
        ),
        (
            IMAGE.expand(2, 6, 6),
            [("a", IMAGE)],
            ValueError,
            "image must have 1 or 3 channels, got 2",
        ),
        (IMAGE * torch.nan, [("a", IMAGE)], ValueError, "image must be finite"),
        (IMAGE, [], ValueError, "activations must hold at least one layer"),
        (
            IMAGE,
            [IMAGE],
            TypeError,
            r"activations\[0\] must be a pair \(name, tensor\), got Tensor",
        ),
        (IMAGE, [("a", IMAGE), ("b", IMAGE[0])], ValueError, r"activations\[1\], 'b', .*\(6, 6\)"),
        (IMAGE, [("a", IMAGE * torch.inf)], ValueError, r"activations\[0\], 'a', must be finite"),
        (IMAGE, [("a", 3)], TypeError, r"activations\[0\], 'a', must be a tensor .* got int"),
    ],
)
def test_bad_input_is_named(image, activations, error, message):
    with pytest.raises(error, match=message):
        viz.feature_maps(image, activations)

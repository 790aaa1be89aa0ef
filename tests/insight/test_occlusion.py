"""Occlusion: what the network itself says when a patch is hidden."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import insight, layers
from minicnn.testing.profiles import fewer

from .nets import IN_SHAPE, initialised, some_images, some_net

rows, columns = st.integers(0, 6), st.integers(0, 5)
sizes = st.sampled_from([1, 3, 5])


@given(row=rows, column=columns, size=sizes, fill=st.floats(-2, 2), seed=st.integers(0, 99))
def test_of_a_network_that_looks_at_one_pixel_only_that_pixel_matters(
    row: int, column: int, size: int, fill: float, seed: int
) -> None:
    net = layers.sequential(layers.flatten(), layers.linear(2))
    params, state = initialised(net)
    weight = torch.zeros(2, *IN_SHAPE, dtype=torch.float64)
    weight[1, 0, row, column] = 1.0  # the second score is the pixel, the first is 0
    params = ((), {"weight": weight.flatten(1), "bias": torch.zeros(2, dtype=torch.float64)})
    images, second = some_images(2, seed), torch.tensor([1, 1])
    maps = insight.occlusion(net, params, state, images, second, size=size, fill=fill)

    pixel, hidden = images[:, 0, row, column], torch.tensor(fill, dtype=torch.float64)
    drop = pixel.sigmoid() - hidden.sigmoid()
    reach = size // 2
    expected = torch.zeros_like(maps)
    above, left = max(row - reach, 0), max(column - reach, 0)
    expected[:, above : row + reach + 1, left : column + reach + 1] = drop[:, None, None]
    torch.testing.assert_close(maps, expected)


@fewer(times=2)
@given(row=rows, column=columns, size=sizes, seed=st.integers(0, 99))
def test_each_number_is_what_hiding_that_square_by_hand_costs(
    row: int, column: int, size: int, seed: int
) -> None:
    net = some_net()
    params, state = initialised(net, seed)
    image, reach = some_images(1, seed), size // 2
    hidden = image.clone()
    above, left = max(row - reach, 0), max(column - reach, 0)
    hidden[..., above : row + reach + 1, left : column + reach + 1] = 0
    before, after = (net.apply(params, state, x)[0].softmax(1)[0] for x in (image, hidden))
    k = before.argmax()
    maps = insight.occlusion(net, params, state, image, size=size)
    torch.testing.assert_close(maps[0, row, column], before[k] - after[k])


def test_images_and_their_history_are_left_alone() -> None:
    net = some_net()
    params, state = initialised(net)
    images = some_images(2).requires_grad_()
    before = images.detach().clone()
    maps = insight.occlusion(net, params, state, images)
    assert torch.equal(images, before)
    assert not maps.requires_grad
    assert maps.shape == (2, 7, 6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"size": 4}, ValueError, "size must be odd, got 4"),
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": 3.0}, TypeError, "size must be an integer, got 3.0"),
        ({"fill": float("nan")}, ValueError, "fill must be finite, got nan"),
        ({"fill": "grey"}, TypeError, "fill must be a number, got 'grey'"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    net = some_net()
    with pytest.raises(error, match=message):
        insight.occlusion(net, *initialised(net), some_images(1), **change)


def test_each_image_is_explained_by_its_own_class_and_its_own_probability() -> None:
    net = some_net()
    params, state = initialised(net)
    images, classes = some_images(3), torch.tensor([4, 0, 2])
    maps = insight.occlusion(net, params, state, images, classes)
    for image, k, expected in zip(images, classes, maps, strict=True):
        alone = insight.occlusion(net, params, state, image[None], k[None])[0]
        torch.testing.assert_close(alone, expected)
    assert not torch.allclose(maps[0], maps[1])


def test_the_square_is_of_five_zeros_if_nothing_is_said() -> None:
    net = some_net()
    params, state = initialised(net)
    expected = insight.occlusion(net, params, state, some_images(1), size=5, fill=0.0)
    other = insight.occlusion(net, params, state, some_images(1), size=3, fill=1.0)
    assert torch.equal(insight.occlusion(net, params, state, some_images(1)), expected)
    assert not torch.equal(other, expected)

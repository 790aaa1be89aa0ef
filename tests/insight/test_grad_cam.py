"""Grad-CAM: class activation mapping where that is defined, and its equation elsewhere."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import insight, layers

from .nets import average_pooled, initialised, some_images, some_net

seeds = st.integers(0, 99)


@given(channels=st.integers(1, 5), classes=st.integers(1, 4), seed=seeds)
def test_with_global_average_pooling_it_is_class_activation_mapping(
    channels: int, classes: int, seed: int
) -> None:
    net = average_pooled(channels, classes)
    params, state = initialised(net, seed)
    images = some_images(3, seed)
    (_, _), (_, maps), (_, _), (_, scores) = layers.activations(net, params, state, images)
    weight = params[3]["weight"][scores.argmax(1)]  # Zhou et al., 2016: of the class's score
    mapped = torch.einsum("nc,nchw->nhw", weight, maps)
    expected = mapped.clamp(min=0) / mapped[0].numel()
    torch.testing.assert_close(insight.grad_cam(net, params, state, images), expected)


@given(seed=seeds, k=st.integers(0, 4), layer=st.integers(0, 3))
def test_it_is_the_papers_equation_with_torchs_own_gradient(seed: int, k: int, layer: int) -> None:
    net = some_net()
    params, state = initialised(net, seed)
    images, classes = some_images(2, seed), torch.tensor([k, 0])
    cut = layer + 1
    maps = layers.activations(net, params, state, images)[layer][1].detach().requires_grad_()
    after = layers.sequential(*net.children[cut:])
    scores, _ = after.apply(params[cut:], state[cut:], maps)
    (gradient,) = torch.autograd.grad(scores[0, k] + scores[1, 0], maps)
    alpha = gradient.mean((2, 3))
    expected = torch.einsum("nc,nchw->nhw", alpha, maps).clamp(min=0)
    result = insight.grad_cam(net, params, state, images, classes, layer=layer)
    torch.testing.assert_close(result, expected)
    assert not result.requires_grad


def test_the_default_is_the_last_layer_that_gives_images() -> None:
    net = some_net()
    params, state = initialised(net)
    images = some_images(2)
    default = insight.grad_cam(net, params, state, images)
    assert torch.equal(default, insight.grad_cam(net, params, state, images, layer=3))
    assert default.shape == (2, 2, 2)


def test_layers_inside_layers_are_cut_as_one() -> None:
    block = layers.sequential(layers.residual(layers.conv2d(2, 3, padding="same")), layers.relu())
    net = layers.sequential(block, layers.global_avg_pool(), layers.linear(3))
    params, state = initialised(net)
    assert insight.grad_cam(net, params, state, some_images(2)).shape == (2, 7, 6)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (4, ValueError, r"one of \{0: conv2d\(4, 3\), .* 3: max_pool2d\(2\)\}, got 4"),
        (7, ValueError, "layer must output images .* got 7"),
        (-1, ValueError, "layer must output images .* got -1"),
        ("conv2d", TypeError, "layer must be an integer, got 'conv2d'"),
    ],
)
def test_a_layer_that_gives_no_images_is_named(layer, error, message) -> None:
    net = some_net()
    with pytest.raises(error, match=message):
        insight.grad_cam(net, *initialised(net), some_images(1), layer=layer)


def test_a_net_must_be_sequential_and_have_images_inside() -> None:
    with pytest.raises(
        ValueError, match=r"made by sequential\(\) with at least one layer, got relu"
    ):
        insight.grad_cam(layers.relu(), (), (), some_images(1))
    with pytest.raises(
        ValueError, match=r"made by sequential\(\) with at least one layer, got sequential"
    ):
        insight.grad_cam(layers.sequential(), (), (), some_images(1))
    net = layers.sequential(layers.flatten(), layers.linear(2))
    with pytest.raises(ValueError, match="net must have a layer that outputs images"):
        insight.grad_cam(net, *initialised(net), some_images(1))


def test_each_image_is_explained_regardless_of_the_others() -> None:
    net = some_net()
    params, state = initialised(net)
    images, classes = some_images(3), torch.tensor([4, 0, 2])
    maps = insight.grad_cam(net, params, state, images, classes)
    for image, k, expected in zip(images, classes, maps, strict=True):
        alone = insight.grad_cam(net, params, state, image[None], k[None])[0]
        torch.testing.assert_close(alone, expected)


def test_evidence_against_a_class_is_zero_and_evidence_for_it_is_not() -> None:
    net = layers.sequential(layers.relu(), layers.global_avg_pool(), layers.linear(2))
    weight = torch.tensor([[6.0, 0.0], [-6.0, 0.0]])
    params = ((), (), {"weight": weight, "bias": torch.zeros(2)})
    image = torch.tensor([[[[1.0, 0.0, 2.0]], [[5.0, 5.0, 5.0]]]]).repeat(2, 1, 1, 1)
    maps = insight.grad_cam(net, params, ((), (), ()), image, torch.tensor([0, 1]), layer=0)
    assert maps.tolist() == [[[2.0, 0.0, 4.0]], [[0.0, 0.0, 0.0]]]

"""Saliency: the gradient by the pixels, which for a linear model is its weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import insight, layers

from .nets import IN_SHAPE, initialised, some_images, some_net

seeds = st.integers(0, 99)


@given(count=st.integers(1, 4), classes=st.integers(1, 4), seed=seeds)
def test_the_saliency_of_a_linear_model_is_the_size_of_its_weights(
    count: int, classes: int, seed: int
) -> None:
    net = layers.sequential(layers.flatten(), layers.linear(classes))
    params, state = initialised(net, seed)
    images = some_images(count, seed)
    weight = params[1]["weight"].reshape(classes, *IN_SHAPE)
    winners = net.apply(params, state, images)[0].argmax(1)
    maps = insight.saliency(net, params, state, images)
    torch.testing.assert_close(maps, weight[winners].abs().amax(1))
    last = torch.full((count,), classes - 1)
    of_last = insight.saliency(net, params, state, images, last)
    torch.testing.assert_close(of_last, weight[last].abs().amax(1))


@given(seed=seeds, row=st.integers(0, 6), column=st.integers(0, 5))
def test_the_score_changes_with_a_pixel_as_much_as_the_saliency_says(
    seed: int, row: int, column: int
) -> None:
    net = some_net()
    params, state = initialised(net, seed)
    image, h = some_images(1, seed), 1e-6
    k = int(net.apply(params, state, image)[0].argmax())
    slopes = []
    for channel in range(2):
        step = torch.zeros_like(image)
        step[0, channel, row, column] = h
        up, down = (net.apply(params, state, image + s)[0][0, k] for s in (step, -step))
        slopes.append(abs(float(up - down)) / (2 * h))
    saliency = insight.saliency(net, params, state, image)[0, row, column]
    assert float(saliency) == pytest.approx(max(slopes), abs=1e-6)


def test_an_image_is_explained_regardless_of_the_others() -> None:
    net = some_net()
    params, state = initialised(net)
    images, classes = some_images(3), torch.tensor([4, 0, 2])
    for explain in (insight.saliency, insight.occlusion, insight.grad_cam):
        together = explain(net, params, state, images)
        alone = torch.cat([explain(net, params, state, x[None]) for x in images])
        torch.testing.assert_close(together, alone)
        pairs = zip(images, classes, strict=True)
        alone = torch.cat([explain(net, params, state, x[None], k[None]) for x, k in pairs])
        torch.testing.assert_close(explain(net, params, state, images, classes), alone)


def test_neither_images_nor_parameters_are_changed_or_remember() -> None:
    net = some_net()
    params, state = initialised(net)
    images = some_images(2).requires_grad_()
    params[0]["weight"].requires_grad_()
    before = images.detach().clone()
    maps = insight.saliency(net, params, state, images)
    assert not maps.requires_grad
    assert torch.equal(images, before)
    assert images.grad is None
    assert params[0]["weight"].grad is None


GOOD = some_images(2)


@pytest.mark.parametrize(
    ("images", "classes", "error", "message"),
    [
        ([1], None, TypeError, "images must be a tensor, got list"),
        (GOOD.byte(), None, TypeError, "images must be floating point, .* got torch.uint8"),
        (GOOD[0], None, ValueError, r"images must have shape \(N, C, H, W\), got \(2, 7, 6\)"),
        (GOOD[:0], None, ValueError, r"images must have shape .* got \(0, 2, 7, 6\)"),
        (GOOD, [0, 1], TypeError, "classes must be a tensor, got list"),
        (GOOD, torch.zeros(2), TypeError, "classes must be int64, got torch.float32"),
        (GOOD, torch.tensor([0]), ValueError, r"classes must have shape \(2,\), got \(1,\)"),
        (GOOD, torch.tensor([0, 5]), ValueError, r"classes must lie in \[0, 5\), got 0 to 5"),
        (GOOD, torch.tensor([-1, 4]), ValueError, "classes must lie .* got -1 to 4"),
    ],
)
def test_bad_input_is_named(images, classes, error, message) -> None:
    net = some_net()
    params, state = initialised(net)
    for explain in (insight.saliency, insight.occlusion, insight.grad_cam):
        with pytest.raises(error, match=message):
            explain(net, params, state, images, classes)


def test_a_net_must_give_scores() -> None:
    net = layers.sequential(layers.relu())
    for explain in (insight.saliency, insight.occlusion, insight.grad_cam):
        with pytest.raises(
            ValueError, match=r"net must return scores \(N, K\), got \(2, 2, 7, 6\)"
        ):
            explain(net, ((),), ((),), GOOD)

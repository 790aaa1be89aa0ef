"""PCA: directions that are orthogonal, and along which the points vary the most."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import insight, layers

from .nets import generator, initialised, some_images, some_net

sizes, seeds = st.integers(1, 8), st.integers(0, 99)


def cloud(n: int, d: int, seed: int) -> torch.Tensor:
    """Points that vary in each direction by another amount."""
    g = generator(seed)
    stretch = torch.randn(d, d, generator=g, dtype=torch.float64)
    return torch.randn(n, d, generator=g, dtype=torch.float64) @ stretch + 5


@given(n=sizes, d=sizes, seed=seeds)
def test_all_components_together_are_the_points_turned(n: int, d: int, seed: int) -> None:
    points, k = cloud(n, d, seed), min(n, d)
    projection, explained, directions, mean = insight.pca(points, k)
    torch.testing.assert_close(directions @ directions.T, torch.eye(k, dtype=torch.float64))
    torch.testing.assert_close(projection @ directions + mean, points)
    torch.testing.assert_close(mean, points.mean(0))
    if n > 1:
        assert float(explained.sum()) == pytest.approx(1)


@given(n=st.integers(2, 8), d=sizes, seed=seeds)
def test_the_variance_that_is_kept_is_the_share_that_is_told(n: int, d: int, seed: int) -> None:
    points = cloud(n, d, seed)
    projection, explained, _, _ = insight.pca(points, min(n, d))
    variance = projection.var(0) / points.var(0).sum()
    torch.testing.assert_close(explained, variance)
    assert (explained[:-1] >= explained[1:]).all()


@given(n=st.integers(2, 8), d=st.integers(2, 8), seed=seeds)
def test_no_other_projection_keeps_more(n: int, d: int, seed: int) -> None:
    points = cloud(n, d, seed)
    other, _ = torch.linalg.qr(torch.randn(d, 2, generator=generator(seed), dtype=torch.float64))
    kept = insight.pca(points, 2).projection.var(0).sum()
    assert float((points @ other).var(0).sum()) <= float(kept) * (1 + 1e-9)


@given(n=st.integers(2, 8), d=sizes, seed=seeds)
def test_fewer_components_are_the_first_of_all_and_signs_are_fixed(
    n: int, d: int, seed: int
) -> None:
    points = cloud(n, d, seed)
    every = insight.pca(points, min(n, d))
    first = insight.pca(points, 1)
    torch.testing.assert_close(first.projection, every.projection[:, :1])
    torch.testing.assert_close(first.directions, every.directions[:1])
    torch.testing.assert_close(first.explained, every.explained[:1])
    greatest = every.directions.abs().argmax(1)
    assert (every.directions[torch.arange(min(n, d)), greatest] > 0).all()


def test_points_that_are_all_the_same_have_nothing_to_explain() -> None:
    projection, explained, _, _ = insight.pca(torch.ones(4, 3))
    assert torch.equal(projection, torch.zeros(4, 2))
    assert torch.equal(explained, torch.zeros(2))


@given(count=st.integers(1, 4), seed=seeds)
def test_the_last_layer_makes_the_scores_of_the_features(count: int, seed: int) -> None:
    net = some_net()
    params, state = initialised(net, seed)
    images = some_images(count, seed)
    features = insight.penultimate_features(net, params, state, images)
    scores, _ = net.children[-1].apply(params[-1], state[-1], features)
    torch.testing.assert_close(scores, net.apply(params, state, images)[0])
    assert features.shape == (count, params[-1]["weight"].shape[1])


def test_features_that_are_images_are_laid_out_in_rows() -> None:
    net = layers.sequential(layers.relu(), layers.global_avg_pool())
    features = insight.penultimate_features(net, ((), ()), ((), ()), some_images(3))
    assert torch.equal(features, some_images(3).clamp(min=0).flatten(1))


@pytest.mark.parametrize(
    ("points", "components", "error", "message"),
    [
        ([1.0], 1, TypeError, "points must be a tensor, got list"),
        (torch.ones(3, 2).long(), 1, TypeError, "points must be floating point, got torch.int64"),
        (torch.ones(3), 1, ValueError, r"points must have shape \(N, D\), not empty, got \(3,\)"),
        (torch.ones(0, 3), 1, ValueError, r"not empty, got \(0, 3\)"),
        (torch.ones(3, 2), 3, ValueError, "components must be at most 2 of 3 × 2, got 3"),
        (torch.ones(3, 2), 0, ValueError, "components must be at least 1, got 0"),
    ],
)
def test_bad_points_are_named(points, components, error, message) -> None:
    with pytest.raises(error, match=message):
        insight.pca(points, components)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (layers.relu(), r"net must be made by sequential\(\) with at least one layer, got relu"),
        (
            layers.sequential(layers.relu()),
            r"net must have at least two layers, got only relu\(\)",
        ),
    ],
)
def test_a_net_without_a_layer_before_the_last_is_refused(net, message) -> None:
    with pytest.raises(ValueError, match=message):
        insight.penultimate_features(net, ((),), ((),), some_images(1))


def test_the_features_are_those_of_evaluation_and_have_no_history() -> None:
    net = layers.sequential(layers.dropout(0.5), layers.linear(3), layers.linear(2))
    params, state, _ = net.init(generator(0), (4,))
    params[1]["weight"].requires_grad_()
    points = torch.randn(5, 4, generator=generator(1))
    features = insight.penultimate_features(net, params, state, points)
    expected = points @ params[1]["weight"].T + params[1]["bias"]
    torch.testing.assert_close(features, expected.detach())
    assert not features.requires_grad

"""The figures of a run: each is made of the right images, weights and scores."""

from unittest import mock

import numpy as np
import pytest
import torch

from minicnn import layers, metrics, models, tree, viz
from minicnn.viz import usual


@pytest.fixture(scope="module")
def run():
    """A network, its weights before and after training, and distinguishable images."""
    net = models.lenet5()
    g = torch.Generator().manual_seed(0)
    initial = net.init(g, (1, 28, 28))[:2]
    trained = tree.map(lambda x: x + 1, initial[0]), initial[1]
    images = torch.randint(256, (30, 1, 28, 28), dtype=torch.uint8, generator=g)
    labels = torch.randint(10, (30,), generator=g)
    return net, initial, trained, images, labels, torch.randn(30, 10, generator=g)


def drawn(run, name: str, history=()) -> list:
    """Return the arguments of each call of a viz function."""
    net, initial, trained, images, labels, scores = run
    with mock.patch.object(usual, name, wraps=getattr(usual, name)) as function:
        viz.usual_figures(net, initial, trained, list(history), images, labels, scores)
    return [(call.args, call.kwargs) for call in function.call_args_list]


def test_correct_and_incorrect_predictions_are_not_exchanged(run):
    net, initial, trained, images, labels, scores = run
    figures = viz.usual_figures(net, initial, trained, [], images, labels, scores)
    for name, correct in (("correct", True), ("incorrect", False)):
        expected = viz.predictions(images, labels, scores, correct=correct)
        texts = [[t.get_text() for a in f.axes for t in a.texts] for f in (figures[name], expected)]
        pictures = [
            [np.asarray(im.get_array()).tolist() for a in f.axes for im in a.images]
            for f in (figures[name], expected)
        ]
        assert pictures[0] == pictures[1] != []
        assert texts[0] == texts[1]


def test_filters_are_the_first_kernels_before_and_after_training(run):
    _, initial, trained, *_ = run
    ((args, _),) = drawn(run, "filters")
    assert torch.equal(args[0], initial[0][0]["weight"])
    assert torch.equal(args[1], trained[0][0]["weight"])


def test_feature_maps_are_those_of_the_trained_network_for_the_first_image(run):
    net, _, trained, images, *_ = run
    (((image, maps), _),) = drawn(run, "feature_maps")
    assert torch.equal(image, images[0].float() / 255)
    params, state = trained
    outputs = layers.activations(net, params, state, images[:1].float() / 255)
    expected = [(name, y[0]) for name, y in outputs if y.ndim == 4]
    assert [name for name, _ in maps] == [name for name, _ in expected]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(maps, expected, strict=True))


def test_the_confusion_matrix_is_of_the_scores(run):
    *_, labels, scores = run
    ((args, _),) = drawn(run, "confusion_matrix")
    assert torch.equal(args[0], metrics.confusion_matrix(scores, labels, 10))


def test_the_worst_mistakes_are_searched_in_all_images(run):
    *_, images, labels, scores = run
    ((args, _),) = drawn(run, "worst_mistakes")
    assert all(a is b for a, b in zip(args, (images, labels, scores), strict=True))


def test_there_are_curves_if_there_is_a_history(run, history):
    assert drawn(run, "learning_curves") == []
    ((args, _),) = drawn(run, "learning_curves", history)
    assert args[0] == history


def test_a_network_without_convolution_has_neither_filters_nor_maps():
    net = layers.sequential(layers.flatten(), layers.linear(3))
    weights = net.init(torch.Generator().manual_seed(0), (1, 4, 4))[:2]
    images = torch.zeros(5, 1, 4, 4, dtype=torch.uint8)
    figures = viz.usual_figures(
        net, weights, weights, [], images, torch.arange(5) % 3, torch.eye(5, 3)
    )
    assert sorted(figures) == ["confusion", "correct", "incorrect", "worst_mistakes"]

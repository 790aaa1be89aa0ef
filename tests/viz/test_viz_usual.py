"""The figures of a run: each is drawn from the right images, weights and scores."""

from unittest import mock

import pytest
import torch

from minicnn import layers, metrics, models, tree, viz
from minicnn.viz import usual

DRAWN = (
    *("confusion_matrix", "feature_maps", "filters", "learning_curves", "predictions"),
    "worst_mistakes",
)
NAMES = tuple("abcdefghij")
HISTORY = [{"epoch": 1.0, "train_loss": 0.5}]


@pytest.fixture(scope="module")
def run():
    """A network, its weights before and after, and images that can be told from each other."""
    net = models.lenet5()
    g = torch.Generator().manual_seed(0)
    initial = net.init(g, (1, 28, 28))[:2]
    trained = tree.map(lambda x: x + 1, initial[0]), initial[1]
    images = torch.randint(256, (30, 1, 28, 28), dtype=torch.uint8, generator=g)
    labels = torch.randint(10, (30,), generator=g)
    return net, initial, trained, images, labels, torch.randn(30, 10, generator=g)


@pytest.fixture(scope="module")
def drawn(run):
    """What each function of viz was given, and the figures: each function's name and arguments."""
    net, initial, trained, images, labels, scores = run
    functions = {name: mock.Mock(side_effect=lambda *a, **k: (a, k)) for name in DRAWN}
    with mock.patch.multiple(usual, **functions):
        return viz.usual_figures(net, initial, trained, HISTORY, images, labels, scores, NAMES)


def test_every_figure_is_there(drawn):
    assert set(drawn) == {
        *("curves", "confusion", "correct", "incorrect", "filters", "feature_maps"),
        "worst_mistakes",
    }


@pytest.mark.parametrize(("name", "correct"), [("correct", True), ("incorrect", False)])
def test_correct_and_incorrect_predictions_are_not_exchanged(run, drawn, name, correct):
    arguments, options = drawn[name]
    assert all(a is b for a, b in zip(arguments, run[3:], strict=True))
    assert options == {"correct": correct, "class_names": NAMES}


def test_filters_are_the_first_kernels_before_and_after_training(run, drawn):
    _, initial, trained, *_ = run
    (before, after), _ = drawn["filters"]
    assert torch.equal(before, initial[0][0]["weight"])
    assert torch.equal(after, trained[0][0]["weight"])


def test_feature_maps_are_those_of_the_trained_network_for_the_first_image(run, drawn):
    net, _, (params, state), images, *_ = run
    (image, maps), _ = drawn["feature_maps"]
    assert torch.equal(image, images[0])
    outputs = layers.activations(net, params, state, images[:1].float() / 255)
    expected = [(name, y[0]) for name, y in outputs if y.ndim == 4]
    assert [name for name, _ in maps] == [name for name, _ in expected]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(maps, expected, strict=True))


def test_the_confusion_matrix_is_of_the_scores(run, drawn):
    *_, labels, scores = run
    assert torch.equal(drawn["confusion"][0][0], metrics.confusion_matrix(scores, labels, 10))
    assert drawn["confusion"][0][1] == NAMES


def test_the_worst_mistakes_are_searched_for_in_all_images(run, drawn):
    assert all(a is b for a, b in zip(drawn["worst_mistakes"][0], run[3:], strict=True))
    assert drawn["worst_mistakes"][1] == {"class_names": NAMES}


def test_the_curves_are_of_the_history(drawn):
    assert drawn["curves"] == ((HISTORY,), {})


def test_a_network_without_convolution_has_neither_filters_nor_maps_and_a_new_one_no_curves():
    net = layers.sequential(layers.flatten(), layers.linear(3))
    weights = net.init(torch.Generator().manual_seed(0), (1, 4, 4))[:2]
    images, labels = torch.zeros(5, 1, 4, 4, dtype=torch.uint8), torch.arange(5) % 3
    figures = viz.usual_figures(net, weights, weights, [], images, labels, torch.eye(5, 3))
    assert sorted(figures) == ["confusion", "correct", "incorrect", "worst_mistakes"]

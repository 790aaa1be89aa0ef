"""The worst mistakes: only mistakes, the highest loss first."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer


@fewer(times=5)  # a figure takes long
@given(n=st.integers(1, 9), k=st.integers(1, 4), count=st.integers(1, 5), seed=st.integers(0, 99))
def test_mistakes_are_drawn_by_decreasing_loss(n: int, k: int, count: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    labels, logits = torch.randint(k, (n,), generator=g), 3 * torch.randn(n, k, generator=g)
    images = torch.randint(256, (n, 1, 4, 3), dtype=torch.uint8, generator=g)
    figure = viz.worst_mistakes(images, labels, logits, count=count)
    losses = torch.nn.functional.cross_entropy(logits.double(), labels, reduction="none").tolist()
    mistakes = [i for i in range(n) if int(logits[i].argmax()) != int(labels[i])]
    worst = sorted(mistakes, key=lambda i: -losses[i])[:count]
    if not worst:
        assert not any(axes.images or axes.patches or axes.texts for axes in figure.axes)
        return
    for i, above, below in zip(worst, figure.axes[::2], figure.axes[1::2], strict=True):
        assert above.get_xlabel() == f"image {i}, loss {losses[i]:.3g}"
        predicted = int(logits[i].argmax())
        assert above.get_title(loc="left") == f"predicted {predicted}\ntrue {int(labels[i])}"
        np.testing.assert_allclose(np.asarray(above.images[0].get_array()), images[i, 0] / 255.0)
        p = logits[i].double().softmax(0)
        assert [bar.get_width() for bar in below.containers[0]] == pytest.approx(p.tolist())


def test_mistakes_of_equal_loss_keep_the_order_of_the_data() -> None:
    logits = torch.tensor([[1.0, 0.0]]).repeat(30, 1)
    labels = torch.ones(30).long()
    images = torch.arange(30, dtype=torch.uint8).reshape(30, 1, 1, 1)
    figure = viz.worst_mistakes(images, labels, logits, count=30)
    places = [axes.get_xlabel().split(",")[0] for axes in figure.axes[::2]]
    assert places == [f"image {i}" for i in range(30)]
    drawn = [np.asarray(axes.images[0].get_array()).item() for axes in figure.axes[::2]]
    assert drawn == pytest.approx([i / 255 for i in range(30)])


def test_classes_and_probabilities_are_beside_the_image() -> None:
    logits, labels = torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([0])
    names = ["cat", "dog", "fox"]
    figure = viz.worst_mistakes(torch.zeros(1, 1, 2, 2), labels, logits, class_names=names)
    assert figure.axes[0].get_title(loc="left") == "predicted fox\ntrue cat"
    words = [text.get_text() for text in figure.axes[1].texts]
    assert words == ["cat", "21.2%", "dog", "fox", "57.6%"]
    assert figure.get_supxlabel() == (
        "Bars: the probability of each class, from 0 to 100%. Loss: −log of the blue one.\n"
        "Blue: the true class. Orange: the predicted class."
    )


def test_by_default_the_ten_worst_are_drawn() -> None:
    images, labels = torch.zeros(12, 1, 2, 2), torch.zeros(12).long()
    figure = viz.worst_mistakes(images, labels, torch.tensor([[0.0, 1.0]]).repeat(12, 1))
    assert len(figure.axes) == 2 * 10


@pytest.mark.parametrize(
    ("mistakes", "count", "title"),
    [
        (3, 2, "The worst 2 of 3 mistakes"),
        (3, 10, "All 3 mistakes, the worst first"),
        (1, 10, "The only mistake"),
        (0, 10, "No mistakes"),
    ],
)
def test_the_title_counts(mistakes: int, count: int, title: str) -> None:
    labels = torch.tensor([1] * mistakes + [0] * (4 - mistakes))
    logits = torch.tensor([[1.0, 0.0]]).repeat(4, 1)
    figure = viz.worst_mistakes(torch.zeros(4, 1, 2, 2), labels, logits, count=count)
    assert figure.get_suptitle() == title


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": torch.zeros(2, 2, 2)}, ValueError, r"images .* got \(2, 2, 2\)"),
        ({"labels": torch.tensor([0, 2])}, ValueError, r"labels must be in \[0, 2\), got 0 to 2"),
        ({"logits": torch.full((2, 2), torch.nan)}, ValueError, "logits must be finite"),
        ({"count": 0}, ValueError, "count must be at least 1, got 0"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold 2 names, got 1"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    arguments = {
        "images": torch.zeros(2, 1, 2, 2),
        "labels": torch.tensor([0, 1]),
        "logits": torch.eye(2),
    }
    with pytest.raises(error, match=message):
        viz.worst_mistakes(**(arguments | change))

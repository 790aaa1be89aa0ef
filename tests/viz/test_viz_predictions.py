"""Predictions: which are drawn, and that images, bars and text match the tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from minicnn import viz
from minicnn.testing.profiles import fewer
from minicnn.viz import style


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes[::2]]


def bars(axes):
    """The probabilities shown by the bars, the first container; the second is the track."""
    return [bar.get_width() for bar in axes.containers[0]]


def colours(axes):
    return [to_hex(bar.get_facecolor()) for bar in axes.containers[0]]


def words(axes):
    return [text.get_text() for text in axes.texts]


def example(n=6, classes=4, seed=0):
    g = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (n, 1, 5, 5), dtype=torch.uint8, generator=g)
    labels = torch.randint(classes, (n,), generator=g)
    return images, labels, 3 * torch.randn(n, classes, generator=g)


@fewer(times=5)  # a figure takes long
@given(
    n=st.integers(1, 8),
    classes=st.integers(1, 4),
    count=st.integers(1, 4),
    correct=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_first_matches_are_drawn_in_order(n, classes, count, correct, seed):
    images, labels, logits = example(n, classes, seed)
    figure = viz.predictions(images, labels, logits, count=count, correct=correct)
    pairs = [(int(z.argmax()), int(t)) for z, t in zip(logits, labels, strict=True)]
    matches = [f"predicted {p}\ntrue {t}" for p, t in pairs if (p == t) == correct]
    assert [title for title in titles(figure) if title] == matches[:count]
    if not matches:
        return
    places = [i for i, (p, t) in enumerate(pairs) if (p == t) == correct][:count]
    for i, above, below in zip(places, figure.axes[::2], figure.axes[1::2], strict=True):
        assert above.get_xlabel() == f"image {i}"
        np.testing.assert_allclose(np.asarray(above.images[0].get_array()), images[i, 0] / 255.0)
        np.testing.assert_allclose(bars(below), logits[i].double().softmax(0).numpy())


def test_each_image_is_drawn_with_its_place_in_the_data():
    images, labels, logits = example()
    labels[:] = logits.argmax(1)
    labels[[0, 2]] = (labels[[0, 2]] + 1) % 4  # 1, 3, 4 and 5 remain correct
    figure = viz.predictions(images, labels, logits)
    for axes, n in zip(figure.axes[::2], [1, 3, 4, 5], strict=True):
        assert axes.get_xlabel() == f"image {n}"
        drawn = np.asarray(axes.images[0].get_array())
        np.testing.assert_allclose(drawn, images[n, 0].double().numpy() / 255)


def test_the_bars_are_the_softmax_of_the_logits():
    images, _, logits = example()
    figure = viz.predictions(images, logits.argmax(1), logits)
    expected = torch.softmax(logits.double(), dim=1)
    for axes, p in zip(figure.axes[1::2], expected, strict=True):
        np.testing.assert_allclose(bars(axes), p.numpy(), rtol=1e-12)


def test_extreme_logits_neither_overflow_nor_are_rounded_to_certainty():
    logits = torch.tensor([[1e4, -1e4, 0.0], [9.0, 0.0, 0.0]])
    figure = viz.predictions(torch.zeros(2, 1, 2, 2), torch.tensor([0, 0]), logits)
    assert bars(figure.axes[1]) == [1, 0, 0]
    assert "100.0%" in words(figure.axes[1])
    assert ">99.9%" in words(figure.axes[3])


def test_all_bars_are_drawn_to_the_same_scale():
    figure = viz.predictions(*example(), correct=False)
    assert len({axes.get_xlim() for axes in figure.axes[1::2]}) == 1
    assert {bar.get_width() for bar in figure.axes[1].containers[1]} == {1.0}


@pytest.mark.parametrize("names", [None, ["T-shirt/top", "Ankle boot"]])
def test_words_do_not_overlap_the_bars(names, pixels):
    logits = torch.tensor([[9.0, 0.0], [0.0, 9.0]])
    figure = viz.predictions(torch.zeros(2, 1, 2, 2), logits.argmax(1), logits, class_names=names)
    pixels(figure)
    for axes in figure.axes[1::2]:
        tracks = [bar.get_window_extent() for bar in axes.containers[1]]
        assert not any(
            text.get_window_extent().overlaps(bar) for text in axes.texts for bar in tracks
        )


def test_a_correct_prediction_is_blue_and_an_incorrect_one_orange_beside_the_blue_true_class():
    images, labels = torch.zeros(2, 1, 2, 2), torch.tensor([2, 0])
    logits = torch.tensor([[0.0, 0.0, 1.0]]).repeat(2, 1)
    right = viz.predictions(images, labels, logits).axes[1]
    wrong = viz.predictions(images, labels, logits, correct=False).axes[1]
    assert colours(right) == [style.MUTED, style.MUTED, style.BLUE]
    assert colours(wrong) == [style.BLUE, style.MUTED, style.ORANGE]
    assert words(wrong) == ["0", "21.2%", "1", "2", "57.6%"]


def test_equal_values_look_equal_in_all_images():
    images = torch.stack([torch.full((1, 2, 2), v) for v in (-1.0, 0.0, 3.0)])
    figure = viz.predictions(images, torch.zeros(3, dtype=torch.int64), torch.ones(3, 1))
    drawn = [axes.images[0] for axes in figure.axes[::2]]
    assert {image.get_clim() for image in drawn} == {(0, 1)}
    assert [float(np.asarray(image.get_array()).max()) for image in drawn] == [0, 0.25, 1]


def test_images_in_colour_keep_their_channels():
    images = torch.zeros(1, 3, 4, 6)
    images[0, 1, 2, 5] = 1.0
    figure = viz.predictions(images, torch.tensor([0]), torch.ones(1, 2))
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    assert drawn.shape == (4, 6, 3)
    assert drawn[2, 5].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("n", "count", "title"),
    [
        (3, 2, "The first 2 of 3 correct predictions"),
        (3, 3, "All 3 correct predictions"),
        (3, 10, "All 3 correct predictions"),
        (1, 10, "The only correct prediction"),
    ],
)
def test_the_title_counts(n, count, title):
    labels = torch.arange(n)
    figure = viz.predictions(torch.zeros(n, 1, 2, 2), labels, torch.eye(3)[:n], count=count)
    assert figure.get_suptitle() == title
    assert len(figure.axes) == 2 * min(n, count)


def test_without_a_match_the_figure_says_so():
    figure = viz.predictions(torch.zeros(2, 1, 2, 2), torch.arange(2), torch.eye(2), correct=False)
    assert figure.get_suptitle() == "No incorrect predictions"
    assert not any(axes.images or axes.patches for axes in figure.axes)


@pytest.mark.parametrize("correct", [True, False])
def test_the_note_explains_the_colours_where_there_are_two(correct):
    images, labels = torch.zeros(2, 1, 2, 2), torch.tensor([0, 0])
    figure = viz.predictions(images, labels, torch.eye(2), correct=correct)
    note = "Bars: the probability of each class, from 0 to 100%."
    colours = "\nBlue: the true class. Orange: the predicted class."
    assert figure.get_supxlabel() == (note if correct else note + colours)


def test_of_many_classes_the_most_probable_are_drawn():
    logits = torch.randn(1, 50, generator=torch.Generator().manual_seed(0))
    figure = viz.predictions(torch.zeros(1, 1, 2, 2), logits.argmax(1), logits)
    expected = torch.softmax(logits.double(), 1)[0].topk(10)
    np.testing.assert_allclose(bars(figure.axes[1]), expected.values.numpy())
    names = [word for word in words(figure.axes[1]) if "%" not in word]
    assert names == [str(k) for k in expected.indices.tolist()]


def test_class_names_replace_the_indices_and_long_ones_are_shortened():
    figure = viz.predictions(
        torch.zeros(1, 1, 2, 2),
        torch.tensor([0]),
        torch.tensor([[0.0, 1.0]]),
        correct=False,
        class_names=["cat", "hippopotamuses"],
    )
    assert titles(figure) == ["predicted hippopotamu…\ntrue cat"]


def test_logits_may_be_in_half_precision_and_part_of_a_graph():
    images, _, logits = example()
    logits = logits.bfloat16().requires_grad_()
    figure = viz.predictions(images, logits.argmax(1), logits)
    expected = torch.softmax(logits.detach().double(), 1)[0].numpy()
    np.testing.assert_allclose(bars(figure.axes[1]), expected)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": [1]}, TypeError, r"images must be a tensor of shape \(N, C, H, W\), got list"),
        ({"images": torch.zeros(2, 2, 2)}, ValueError, r"images .* got \(2, 2, 2\)"),
        ({"images": torch.zeros(2, 2, 3, 3)}, ValueError, "images must have 1 or 3 channels"),
        ({"images": torch.full((2, 1, 2, 2), torch.nan)}, ValueError, "images must be finite"),
        ({"images": torch.zeros(3, 1, 2, 2)}, ValueError, "equal lengths, got 3, 2 and 2"),
        ({"labels": torch.zeros(2)}, TypeError, "labels must be int64, got torch.float32"),
        ({"labels": torch.tensor([0, 2])}, ValueError, r"labels must be in \[0, 2\), got 0 to 2"),
        ({"labels": torch.tensor([-1, 0])}, ValueError, "labels must be in .* got -1 to 0"),
        ({"logits": torch.zeros(2)}, ValueError, r"logits must have shape \(N, K\)"),
        ({"logits": torch.zeros(2, 0)}, ValueError, "logits must not be empty"),
        ({"logits": torch.tensor([[0, torch.nan]] * 2)}, ValueError, "logits must be finite"),
        ({"logits": torch.tensor([[0, torch.inf]] * 2)}, ValueError, "logits must be finite"),
        ({"count": 0}, ValueError, "count must be at least 1, got 0"),
        ({"count": 2.0}, TypeError, "count must be an integer"),
        ({"correct": "yes"}, TypeError, "correct must be True or False, got 'yes'"),
        ({"class_names": "ab"}, TypeError, "class_names must be a sequence of strings"),
        ({"class_names": [0, 1]}, TypeError, "class_names must be a sequence of strings"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold 2 names, got 1"),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {
        "images": torch.zeros(2, 1, 2, 2),
        "labels": torch.tensor([0, 1]),
        "logits": torch.eye(2),
    }
    with pytest.raises(error, match=message):
        viz.predictions(**(arguments | change))

"""Principal components: every point has the colour and marker of its class, which is named."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from minicnn import viz
from minicnn.testing.profiles import fewer
from minicnn.viz import style

SHARES = torch.tensor([0.5, 0.125])


@fewer(times=5)  # a figure takes long
@given(n=st.integers(1, 20), k=st.integers(1, 12), seed=st.integers(0, 99))
def test_each_class_is_a_cloud_with_its_name_in_the_middle(n: int, k: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    points = torch.randn(n, 2, generator=g, dtype=torch.float64)
    labels = torch.randint(k, (n,), generator=g)
    (axes,) = viz.pca(points, SHARES, labels).axes
    present = labels.unique().tolist()
    assert [text.get_text() for text in axes.texts] == [str(c) for c in present]
    for cloud, text, c in zip(axes.collections, axes.texts, present, strict=True):
        expected = points[labels == c].numpy()
        np.testing.assert_array_equal(cloud.get_offsets(), expected)
        np.testing.assert_allclose(text.get_position(), np.median(expected, axis=0))


def test_no_two_of_ten_classes_look_the_same_and_few_have_the_same_shape() -> None:
    (axes,) = viz.pca(torch.randn(10, 2), SHARES, torch.arange(10)).axes
    colours = [str(np.asarray(cloud.get_facecolor())) for cloud in axes.collections]
    shapes = [str(np.asarray(cloud.get_paths()[0].vertices)) for cloud in axes.collections]
    assert len(set(zip(colours, shapes, strict=True))) == 10
    assert max(map(colours.count, colours)) == 2


def test_the_look_of_a_class_depends_on_its_number_alone() -> None:
    labels = torch.tensor([9, 1, 4])
    (axes,) = viz.pca(torch.randn(3, 2), SHARES, labels).axes
    colours = [to_hex(np.asarray(cloud.get_facecolor())[0]) for cloud in axes.collections]
    assert colours == [style.ORANGE, "#56b4e9", "#56b4e9"]  # of the classes 1, 4 and 9
    (all_classes,) = viz.pca(torch.randn(10, 2), SHARES, torch.arange(10)).axes
    shapes = [cloud.get_paths()[0].vertices for cloud in axes.collections]
    for shape, k in zip(shapes, (1, 4, 9), strict=True):
        np.testing.assert_array_equal(shape, all_classes.collections[k].get_paths()[0].vertices)


def test_both_axes_have_the_same_scale_and_name_their_share_of_the_variance(pixels) -> None:
    figure = viz.pca(torch.tensor([[0.0, 0.0], [9.0, 1.0]]), SHARES, torch.tensor([0, 1]))
    (axes,) = figure.axes
    pixels(figure)
    (x0, y0), (x1, _), (_, y1) = axes.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert x1 - x0 == pytest.approx(y1 - y0)
    assert axes.get_xlabel() == "first component, 50% of the variance"
    assert axes.get_ylabel() == "second component, 12% of the variance"
    assert figure.get_suptitle() == "Two principal components: 62% of the variance"


def test_class_names_replace_the_indices() -> None:
    figure = viz.pca(torch.randn(2, 2), SHARES, torch.tensor([2, 0]), class_names=["a", "b", "c"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["a", "c"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"projection": [1]},
            TypeError,
            r"projection must be a tensor of shape \(N, 2\), got list",
        ),
        ({"projection": torch.ones(2, 3)}, ValueError, "projection must have two .*, got 3"),
        ({"projection": torch.ones(2)}, ValueError, r"projection must have shape \(N, 2\)"),
        ({"projection": torch.full((2, 2), torch.inf)}, ValueError, "projection must be finite"),
        ({"explained": torch.ones(1)}, ValueError, "explained must have two components, got 1"),
        ({"labels": torch.ones(2)}, TypeError, "labels must be int64, got torch.float32"),
        ({"labels": torch.tensor([0, 1, 1])}, ValueError, "labels must have length 2, got 3"),
        ({"labels": torch.tensor([0, -1])}, ValueError, "labels must not be below 0, got -1"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold 2 names, got 1"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    arguments = {
        "projection": torch.zeros(2, 2),
        "explained": SHARES,
        "labels": torch.tensor([0, 1]),
    }
    with pytest.raises(error, match=message):
        viz.pca(**(arguments | change))

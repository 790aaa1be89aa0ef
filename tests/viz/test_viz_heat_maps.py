"""Heat maps: each below its image, all on one scale, and its class named."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer

DRAW = {"saliency": viz.saliency, "occlusion": viz.occlusion, "grad_cam": viz.grad_cam}


def drawn(image):
    """The values of an image or a map; a grey image has one channel."""
    return np.asarray(image.get_array())


kinds = st.sampled_from(sorted(DRAW))


def example(n: int, seed: int = 0, size: tuple[int, int] = (6, 4)):
    g = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (n, 1, 6, 4), dtype=torch.uint8, generator=g)
    maps = torch.rand(n, *size, generator=g, dtype=torch.float64)
    return images, maps, torch.randint(10, (n,), generator=g)


@fewer(times=5)  # a figure takes long
@given(kinds, st.integers(1, 12), st.integers(0, 99))
def test_each_image_is_above_its_map_and_below_its_class(kind: str, n: int, seed: int) -> None:
    images, maps, classes = example(n, seed)
    figure = DRAW[kind](images, maps, classes)
    *panels, scale = figure.axes
    assert not scale.images
    for axes, image, heat, k in zip(panels, images, maps, classes, strict=True):
        above, below = axes.images
        np.testing.assert_allclose(drawn(above), image[0].numpy() / 255)
        np.testing.assert_array_equal(drawn(below), heat.numpy())
        assert axes.get_title(loc="left") == f"why {k}?"
        assert above.get_extent()[2] < below.get_extent()[3]  # bottom, top; y points down


@pytest.mark.parametrize(
    ("kind", "limits"), [("saliency", (0, 4)), ("grad_cam", (0, 4)), ("occlusion", (-4, 4))]
)
def test_all_maps_share_the_scale_beside_them(kind: str, limits: tuple[float, float]) -> None:
    images, _, classes = example(3)
    maps = torch.tensor([1.0, 4.0, 0.5]).reshape(3, 1, 1).expand(3, 6, 4)
    figure = DRAW[kind](images, maps, classes)
    *panels, scale = figure.axes
    assert {axes.images[1].get_clim() for axes in panels} == {limits}
    assert scale.get_ylim() == limits


def test_no_loss_is_white_and_a_loss_is_red() -> None:
    maps = torch.tensor([[[-0.5, 0.0, 0.5]]])
    heat = viz.occlusion(torch.zeros(1, 1, 1, 3), maps, torch.tensor([0])).axes[0].images[1]
    gained, none, lost = heat.to_rgba(drawn(heat))[0, :, :3]
    assert min(none) > 0.95
    assert gained[2] > gained[0]  # blue
    assert lost[0] > lost[2]  # red


def test_an_image_keeps_its_proportions() -> None:
    for axes in viz.saliency(*example(2)).axes[:2]:  # 6 rows, 4 columns
        left, right, bottom, top = axes.images[0].get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(6 / 4)


def test_a_coarse_map_covers_the_extent_of_its_image() -> None:
    figure = viz.grad_cam(*example(2, size=(2, 2)))
    for axes in figure.axes[:2]:
        (left, right, bottom, top), below = (image.get_extent() for image in axes.images)
        assert tuple(below[:2]) == (left, right)
        assert below[2] - below[3] == pytest.approx(bottom - top)
        assert axes.get_xlim() == (left, right)
        assert axes.get_ylim() == (below[2], top)
    assert figure.get_suptitle() == "Grad-CAM, 2 × 2"


def test_the_outline_of_a_grey_image_lies_on_its_map() -> None:
    images = torch.zeros(1, 1, 8, 8)
    images[0, 0, 2:6, 4:6] = 1.0  # rows 2 to 5, columns 4 and 5
    axes = viz.saliency(images, torch.rand(1, 3, 3), torch.tensor([1])).axes[0]
    (outline,) = axes.collections
    corners = np.asarray(outline.get_paths()[0].vertices)
    left, right, bottom, top = axes.images[1].get_extent()
    x = (corners[:, 0] - left) / (right - left) * 8
    y = (corners[:, 1] - top) / (bottom - top) * 8
    assert [x.min(), x.max(), y.min(), y.max()] == pytest.approx([4, 6, 2, 6])


@pytest.mark.parametrize("images", [torch.rand(1, 3, 4, 4), torch.ones(1, 1, 4, 4)])
def test_without_an_outline_none_is_drawn(images: torch.Tensor) -> None:
    assert not viz.saliency(images, torch.rand(1, 4, 4), torch.tensor([1])).axes[0].collections


def test_class_names_replace_the_indices() -> None:
    images, maps, _ = example(2)
    figure = viz.saliency(images, maps, torch.tensor([1, 0]), class_names=["cat", "dog", "fox"])
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["why dog?", "why cat?"]


def test_maps_may_be_in_half_precision_and_part_of_a_graph(pixels) -> None:
    images, maps, classes = example(2)
    pixels(viz.saliency(images, maps.bfloat16().requires_grad_(), classes))


GOOD = dict(zip(("images", "maps", "classes"), example(2), strict=True))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": [1]}, TypeError, r"images must be a tensor of shape \(N, C, H, W\), got list"),
        ({"images": torch.zeros(2, 2, 3, 3)}, ValueError, "images must have 1 or 3 channels"),
        ({"maps": GOOD["maps"][0]}, ValueError, r"maps must have shape \(N, H, W\), got \(6,"),
        ({"maps": GOOD["maps"][:1]}, ValueError, "maps must have length 2, one per image, got 1"),
        ({"maps": GOOD["maps"] * torch.nan}, ValueError, "maps must be finite"),
        ({"classes": torch.zeros(2)}, TypeError, "classes must be int64, got torch.float32"),
        ({"classes": torch.tensor([0])}, ValueError, "classes must have length 2, got 1"),
        ({"classes": torch.tensor([0, -1])}, ValueError, "classes must not be below 0, got -1"),
        ({"class_names": ["a"]}, ValueError, "class_names must hold .* names, got 1"),
        ({"class_names": "abcdefghij"}, TypeError, "class_names must be a sequence of strings"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    for draw in DRAW.values():
        with pytest.raises(error, match=message):
            draw(**(GOOD | change))


@pytest.mark.parametrize("draw", [viz.saliency, viz.grad_cam])
def test_a_negative_map_is_refused(draw) -> None:
    with pytest.raises(ValueError, match=r"maps must not be below 0, got -1"):
        draw(GOOD["images"], GOOD["maps"] - GOOD["maps"].max() - 1, GOOD["classes"])

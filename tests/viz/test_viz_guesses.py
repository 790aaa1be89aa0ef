"""The prediction, the saliency map and the probabilities of every image."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from minicnn import viz
from minicnn.testing.profiles import fewer
from minicnn.viz import style


def drawn(axes: Any) -> Any:
    """The values of the image in some axes."""
    return axes.images[0].get_array().data


@fewer(times=5)  # a figure takes long
@given(n=st.integers(1, 7), k=st.integers(1, 4), seed=st.integers(0, 99))
def test_every_image_has_its_prediction_its_map_and_its_bars(n: int, k: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    logits, maps = torch.randn(n, k, generator=g), torch.rand(n, 3, 3, generator=g)
    images = torch.randint(256, (n, 1, 4, 3), dtype=torch.uint8, generator=g)
    figure = viz.guesses(images, logits, maps, captions=[f"{i}.png" for i in range(n)])
    assert len(figure.axes) == 3 * n
    for i, (axes, image) in enumerate(zip(figure.axes[::3], images, strict=True)):
        assert drawn(axes) == pytest.approx(image[0].numpy() / 255)
        assert axes.get_xlabel() == f"{i}.png"
    answers = [axes.get_title(loc="left") for axes in figure.axes[::3]]
    assert answers == [str(int(row.argmax())) for row in logits]
    for axes, expected in zip(figure.axes[1::3], maps, strict=True):
        assert torch.equal(torch.from_numpy(drawn(axes)), expected.double())
    for axes, row in zip(figure.axes[2::3], logits.double().softmax(1), strict=True):
        bars: list[Any] = list(axes.patches[:k])
        widths = [bar.get_width() for bar in bars]
        assert widths == pytest.approx(row.tolist())
        colours = [to_hex(bar.get_facecolor()) for bar in bars]
        answer = int(row.argmax())
        assert colours == [style.BLUE if i == answer else style.MUTED for i in range(k)]
        names = [text.get_text() for text in axes.texts if "%" not in text.get_text()]
        assert names == [str(i) for i in range(k)]


def test_each_map_has_its_own_scale_from_0_to_its_maximum() -> None:
    maps = torch.tensor([0.5, 4.0, 0.0]).reshape(3, 1, 1).expand(3, 2, 2)
    figure = viz.guesses(torch.zeros(3, 1, 2, 2), torch.eye(3), maps)
    limits = [axes.images[0].get_clim() for axes in figure.axes[1::3]]
    assert limits == [(0, 0.5), (0, 4), (0, 1)]


def test_every_row_of_pictures_makes_a_figure_higher_by_as_much() -> None:
    def height(count: int) -> float:
        images, maps = torch.zeros(count, 1, 2, 2), torch.ones(count, 2, 2)
        return viz.guesses(images, torch.ones(count, 2), maps).get_figheight()

    assert height(10) - height(5) == pytest.approx(height(15) - height(10))
    assert height(1) == height(5) > 0.5 * height(10) > 2


def test_the_title_and_the_note_say_what_is_drawn() -> None:
    figure = viz.guesses(torch.zeros(1, 1, 2, 2), torch.eye(1), torch.ones(1, 2, 2))
    assert figure.get_suptitle() == "Predictions"
    assert figure.get_supxlabel() == (
        "Below each image: how much the prediction depends on each pixel (saliency).\n"
        "Bars: the probability of each class, from 0 to 100%."
    )
    assert figure.axes[0].get_xlabel() == ""  # no caption was given


def test_class_names_replace_the_indices() -> None:
    figure = viz.guesses(
        torch.zeros(2, 1, 2, 2), torch.eye(2), torch.ones(2, 2, 2), class_names=["cat", "dog"]
    )
    assert [axes.get_title(loc="left") for axes in figure.axes[::3]] == ["cat", "dog"]
    assert [text.get_text() for text in figure.axes[2].texts] == ["cat", "73.1%", "dog"]


def test_a_long_caption_keeps_its_ends() -> None:
    captions = ["IMG_20261125_a_seven_by_hand_0007.jpeg", "7.png"]
    figure = viz.guesses(
        torch.zeros(2, 1, 2, 2), torch.eye(2), torch.ones(2, 2, 2), captions=captions
    )
    assert [axes.get_xlabel() for axes in figure.axes[::3]] == ["IMG_202611…0007.jpeg", "7.png"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": torch.ones(1, 2, 2)}, "equal lengths, got 2, 2, 1 and 2"),
        ({"captions": ["one"]}, "equal lengths, got 2, 2, 2 and 1"),
        ({"logits": torch.zeros(2)}, r"logits .* got \(2,\)"),
        ({"maps": torch.full((2, 2, 2), torch.nan)}, "maps"),
        ({"class_names": ["one"]}, "class_names must hold 2 names, got 1"),
    ],
)
def test_wrong_shapes_and_values_are_refused(change: dict, message: str) -> None:
    right = {"images": torch.zeros(2, 1, 2, 2), "logits": torch.eye(2), "maps": torch.ones(2, 2, 2)}
    with pytest.raises(ValueError, match=message):
        viz.guesses(**{**right, **change})

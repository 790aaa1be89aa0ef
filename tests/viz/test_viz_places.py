"""Pictures stand in reading order, each above what belongs to it."""

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import viz
from minicnn.testing.profiles import fewer


def place(axes: Any) -> tuple[float, float]:
    """The place of some axes on the page, from the top and from the left."""
    box = axes.get_position(original=True)
    return round(1 - box.y1, 6), round(box.x0, 6)


def check_reading_order(panels: list[Any]) -> None:
    """Rows from the top, in each row from the left, five a row."""
    places = [place(axes) for axes in panels]
    assert places == sorted(set(places))
    assert len({top for top, _ in places}) == -(-len(places) // 5)


def check_below(upper: Any, lower: Any) -> None:
    """Under it in the same column, and above the next row of the grid."""
    assert place(upper)[1] == place(lower)[1]
    grid, above, below = (
        upper.get_gridspec(),
        upper.get_subplotspec().rowspan,
        lower.get_subplotspec().rowspan,
    )
    assert below.start == above.stop < grid.nrows


def check_higher(image: Any, bars: Any) -> None:
    """An image has more room than the bars of its probabilities."""
    heights = [axes.get_position(original=True).height for axes in (image, bars)]
    assert heights[0] > heights[1]


def example(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    images = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1, 1)
    return images, torch.zeros(n).long(), torch.tensor([[0.0, 1.0]]).repeat(n, 1)


counts = st.integers(1, 12)


@fewer(times=5)  # a figure takes long
@given(counts)
def test_mistakes(n: int) -> None:
    figure = viz.worst_mistakes(*example(n), count=n)
    check_reading_order(figure.axes[::2])
    for image, bars in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        check_below(image, bars)
        check_higher(image, bars)


@fewer(times=5)  # a figure takes long
@given(counts)
def test_predictions(n: int) -> None:
    figure = viz.predictions(*example(n), correct=False, count=n)
    check_reading_order(figure.axes[::2])
    for image, bars in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        check_below(image, bars)
        check_higher(image, bars)


@fewer(times=5)  # a figure takes long
@given(counts)
def test_guesses(n: int) -> None:
    images, _, logits = example(n)
    figure = viz.guesses(images, logits, torch.ones(n, 1, 1))
    check_reading_order(figure.axes[::3])
    for image, heat, bars in zip(*(figure.axes[part::3] for part in range(3)), strict=True):
        check_below(image, heat)
        check_below(heat, bars)
        check_higher(image, bars)


@fewer(times=5)  # a figure takes long
@given(counts)
def test_heat_maps(n: int) -> None:
    images, classes, _ = example(n)
    check_reading_order(viz.saliency(images, torch.ones(n, 1, 1), classes).axes[:-1])


def test_feature_maps() -> None:
    image = torch.zeros(1, 2, 2)
    figure = viz.feature_maps(image, [(name, image) for name in "abc"])
    rows = [axes for axes in figure.axes if axes.images]
    tops = [place(axes)[0] for axes in rows]
    assert tops == sorted(set(tops))
    headings = [axes.get_title(loc="left").partition(":")[0] for axes in rows]
    assert headings == ["input", "a", "b", "c"]

"""Dark pictures: lightness is turned round, pictures stay, and the figure is as it was."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dark
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from minicnn.viz import style

part = st.floats(0, 1)
colours = st.tuples(part, part, part)


def brightness(colour: Any) -> float:
    return float(np.array(to_rgba(colour)[:3]) @ dark.BRIGHTNESS)


@given(part, part)
def test_of_two_greys_the_lighter_one_becomes_the_darker_one(first: float, second: float) -> None:
    one, other = (brightness(dark.darken((grey, grey, grey))) for grey in (first, second))
    if first < second:
        assert one >= other
    assert brightness(dark.PAPER) <= one <= brightness(dark.INK)


@given(colours, part)
def test_a_dark_colour_is_a_colour_of_the_same_opacity(colour: Any, opacity: float) -> None:
    got = dark.darken((*colour, opacity))
    assert got[3] == opacity
    assert all(0 <= number <= 1 for number in got)
    as_array = dark.darken(np.array([(*colour, opacity)] * 2))
    np.testing.assert_allclose(as_array, [got, got], rtol=0, atol=1e-12)  # sums in another order


@pytest.mark.parametrize("name", ["BLUE", "ORANGE", "GREEN", "PURPLE", "MUTED", "INK"])
def test_what_is_read_on_white_paper_is_read_on_dark_paper(name: str) -> None:
    def contrast(one: Any, other: Any) -> float:
        low, high = sorted(map(luminance, (one, other)))
        return (high + 0.05) / (low + 0.05)

    assert contrast(dark.darken(getattr(style, name)), dark.PAPER) >= 4.5


def luminance(colour: Any) -> float:
    rgb = np.array(to_rgba(colour)[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def draw(figure: Figure) -> np.ndarray:
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=figure.get_facecolor(), dpi=50)
    return np.asarray(Image.open(file).convert("RGB"))


def everything() -> Figure:
    """A figure of each kind of part that the chapters draw."""
    figure = Figure((6, 4), facecolor="white")
    figure.suptitle("Title", color=style.INK)
    first, second, third, fourth = figure.subplots(2, 2).ravel()
    first.plot([0, 1, 0], marker="o", color=style.BLUE, label="line")
    first.legend()
    second.imshow([[0.0, 1.0], [1.0, 0.0]], cmap="gray_r")
    second.text(0, 1, "on black", color="white", ha="center")
    second.text(0, 2.5, "below", color="black", ha="center")
    third.bar([0, 1], [1, 2], color=style.ORANGE, edgecolor="black", hatch="/")
    halo = [withStroke(linewidth=3, foreground="white")]
    for place in (0, 1):
        first.text(place, 0, "halo", path_effects=halo)
    third.annotate("an arrow", (0, 1), (1, 1), arrowprops={"arrowstyle": "->"}, bbox={"fc": "w"})
    fourth.contourf([[0.0, 1.0], [1.0, 0.0]])
    fourth.scatter([0.5], [0.5], c=[1.0])
    fourth.fill_between([0, 1], [0, 0.2], color=style.FAINT)
    return figure


def test_afterwards_a_figure_is_as_it_was() -> None:
    figure = everything()
    before = draw(figure)
    with dark.darkened(figure):
        during = draw(figure)
    assert (during != before).any()
    np.testing.assert_array_equal(draw(figure), before)
    with pytest.raises(KeyboardInterrupt), dark.darkened(figure):
        raise KeyboardInterrupt
    np.testing.assert_array_equal(draw(figure), before)


def test_the_paper_gets_dark_and_a_picture_keeps_its_colours() -> None:
    figure = everything()
    axes = figure.axes[1]
    before = draw(figure)
    with dark.darkened(figure):
        during = draw(figure)
        assert [text.get_color() for text in axes.texts] == ["white", dark.darken("black")]
    extent = axes.images[0].get_window_extent()
    scale = during.shape[0] / figure.bbox.height
    rows = slice(*(int(scale * (figure.bbox.height - y)) for y in (extent.y1 - 2, extent.y0 + 2)))
    columns = slice(*(int(scale * x) for x in (extent.x0 + 2, extent.x1 - 2)))
    np.testing.assert_array_equal(during[rows, columns], before[rows, columns])
    assert tuple(during[2, 2]) == (19, 20, 22)
    assert tuple(before[2, 2]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("part", "is_changed"),
    [
        (lambda figure: figure.axes[0].lines[0].get_color(), True),
        (lambda figure: figure.axes[0].lines[0].get_markerfacecolor(), True),
        (lambda figure: figure.axes[0].texts[0].get_path_effects()[0]._gc["foreground"], True),
        (lambda figure: figure.axes[0].get_legend().get_frame().get_facecolor(), True),
        (lambda figure: figure.axes[0].xaxis.get_major_ticks()[0].label1.get_color(), True),
        (lambda figure: figure.axes[2].patches[0].get_edgecolor(), True),
        (lambda figure: figure.axes[2].texts[0].arrow_patch.get_edgecolor(), True),
        (lambda figure: figure.axes[2].texts[0].get_bbox_patch().get_facecolor(), True),
        (lambda figure: figure.axes[3].spines["left"].get_edgecolor(), True),
        (lambda figure: tuple(figure.axes[3].collections[0].get_facecolor()[0]), False),
        (lambda figure: tuple(figure.axes[3].collections[1].get_facecolor()[0]), False),
    ],
)
def test_a_part_of_a_figure(part: Callable[[Figure], Any], is_changed: bool) -> None:
    figure = everything()
    draw(figure)
    before = part(figure)
    with dark.darkened(figure):
        expected = dark.darken(before) if is_changed else before
        assert to_rgba(part(figure)) == pytest.approx(to_rgba(expected))


def test_pages_show_both_drawings(tmp_path: Path) -> None:
    light, night = b"the light picture", b"the dark picture"
    name = hashlib.sha256(light).hexdigest()
    output = {
        "data": {"image/png": base64.b64encode(light).decode()},
        "metadata": {"image/png": {"dark": base64.b64encode(night).decode()}},
    }
    cells = [
        {"cell_type": "markdown", "metadata": {}},
        {"metadata": {"tags": ["hide-input", "picture-one"]}, "outputs": [{}, output]},
    ]
    (tmp_path / "jupyter_execute").mkdir()
    (tmp_path / "jupyter_execute" / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "bars.svg").write_text('<svg fill="#ffffff" stroke="#000000" color="#0072b2"/>')
    body = f"""<p>Text</p><img alt="A &gt; B" src="../_images/{name}.png" />
<img src="../_images/one.png" alt=""><img src="../_images/unknown.png"><img src="other.png">
<img alt="bars" src="../_images/bars.svg"/>"""
    context = {"body": body}
    app: Any = SimpleNamespace(
        outdir=tmp_path / "html",
        srcdir=tmp_path,
        builder=SimpleNamespace(images={"bars.svg": "bars.svg"}),
    )
    (tmp_path / "html").mkdir()
    dark.show_both(app, "learn/a", "page.html", context, None)
    images = "../_images"
    assert context["body"] == (
        f"""<p>Text</p><img class="only-light" alt="A &gt; B" src="{images}/{name}.png" />"""
        f"""<img class="only-dark" alt="A &gt; B" src="{images}/{name}-dark.png" />
<img class="only-light" src="{images}/one.png" alt=""><img class="only-dark" """
        f"""src="{images}/one-dark.png" alt=""><img src="{images}/unknown.png"><img src="other.png">
<img class="only-light" alt="bars" src="{images}/bars.svg"/>"""
        f"""<img class="only-dark" alt="bars" src="{images}/bars-dark.svg"/>"""
    )
    folder = tmp_path / "html" / "_images"
    assert (folder / f"{name}-dark.png").read_bytes() == night
    assert (folder / "one-dark.png").read_bytes() == night
    svg = '<svg fill="#131416" stroke="#e4e7eb" color="#45bafd"/>'
    assert (folder / "bars-dark.svg").read_text() == svg


def test_a_kernel_draws_each_figure_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    interactive = pytest.importorskip("IPython.core.interactiveshell", reason="no IPython")
    getipython = pytest.importorskip("IPython.core.getipython")
    shell = interactive.InteractiveShell()
    formatter = shell.display_formatter.formatters["image/png"]
    formatter.for_type(Figure, lambda figure: str(figure.get_facecolor()))
    monkeypatch.setattr(getipython, "get_ipython", lambda: shell)
    dark.install()
    figure = Figure(facecolor="white")
    white, paper = (1.0, 1.0, 1.0, 1.0), dark.darken("white")
    assert formatter(figure) == (str(white), {"dark": str(paper)})

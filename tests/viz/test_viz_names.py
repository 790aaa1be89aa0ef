"""Names are plain text: no formulas, and no characters that cannot be drawn."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

from minicnn import viz

IMAGES, LABELS, LOGITS = torch.zeros(2, 1, 4, 4), torch.tensor([0, 1]), torch.eye(2)
MAPS = torch.ones(2, 4, 4)
DRAW: dict[str, Callable[[str], Figure]] = {
    "confusion": lambda name: viz.confusion_matrix(torch.tensor([[9, 1], [0, 3]]), [name, "b"]),
    "predictions": lambda name: viz.predictions(IMAGES, LABELS, LOGITS, class_names=[name, "b"]),
    "mistakes": lambda name: viz.worst_mistakes(
        IMAGES, 1 - LABELS, LOGITS, class_names=["b", name]
    ),
    "guesses": lambda name: viz.guesses(IMAGES, LOGITS, MAPS, class_names=[name, "b"]),
    "captions": lambda name: viz.guesses(IMAGES, LOGITS, MAPS, captions=[name, "b"]),
    "saliency": lambda name: viz.saliency(IMAGES, MAPS, LABELS, class_names=[name, "b"]),
    "occlusion": lambda name: viz.occlusion(IMAGES, MAPS, LABELS, class_names=[name, "b"]),
    "grad-cam": lambda name: viz.grad_cam(IMAGES, MAPS, LABELS, class_names=[name, "b"]),
    "pca": lambda name: viz.pca(LOGITS, LOGITS[0], LABELS, class_names=[name, "b"]),
    "feature maps": lambda name: viz.feature_maps(IMAGES[0], [(name, MAPS), ("b", MAPS)]),
    "activations": lambda name: viz.activation_histograms([(name, MAPS), ("b", MAPS)]),
    "gradients": lambda name: viz.gradient_histograms([(name, MAPS), ("b", MAPS)]),
}
FORMULAS = ["$x^$", r"$\alpha$", r"\$a\$", "a_b^c", r"{\n}", "100%"]
UNDRAWABLE = {
    "a\x00b\x1b": "a�b�",
    "a\tb\nc\r": "a�b�c�",
    "\x7f\x85\x9f": "���",
    "日本é😀": "��é😀",
    b"caf\xe9".decode("utf-8", "surrogateescape"): "caf�",
}


def pairs(names: Iterable[str]) -> list[Any]:
    """Each kind of figure with one name in turn; with the other names it is a slow test."""
    numbered = list(enumerate(names))
    return [
        pytest.param(kind, name, marks=() if j == i % len(numbered) else pytest.mark.slow)
        for i, kind in enumerate(DRAW)
        for j, name in numbered
    ]


def texts(figure: Figure) -> list[str]:
    return [artist.get_text() for artist in figure.findobj(Text)]  # pyright: ignore


@pytest.mark.parametrize(("kind", "name"), pairs(FORMULAS))
def test_a_name_is_written_as_it_is(kind: str, name: str, monkeypatch, pixels) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("a formula was parsed")

    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", parse)
    figure = DRAW[kind](name)
    assert any(name in text for text in texts(figure))
    pixels(figure)
    assert any(name in text for text in texts(figure))


@pytest.mark.parametrize(("kind", "name"), pairs(UNDRAWABLE))
def test_what_no_font_has_is_replaced(kind: str, name: str, pixels) -> None:
    figure = DRAW[kind](name)
    pixels(figure)  # a missing glyph would be a warning, and a surrogate an error
    assert any(UNDRAWABLE[name] in text for text in texts(figure))
    assert not any(name in text for text in texts(figure))


OF_CLASSES = sorted(DRAW.keys() - {"captions", "feature maps", "activations", "gradients"})


@pytest.mark.parametrize("kind", OF_CLASSES)
def test_a_long_name_of_a_class_is_shortened(kind: str) -> None:
    written = texts(DRAW[kind]("Golden retriever"))
    assert any("Golden retr…" in text for text in written)
    assert not any("Golden retriever" in text for text in written)


def test_text_that_the_user_adds_may_hold_a_formula(pixels) -> None:
    figure = viz.filters(torch.ones(1, 1, 2, 2))
    text = figure.axes[0].text(0, 0, "$x^2$")
    assert text.get_parse_math()
    pixels(figure)

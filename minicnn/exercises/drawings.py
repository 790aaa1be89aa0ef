"""Pictures for the slides: grids of numbers as SVG, and figures as PNG, both inside the page."""

import base64
import io
from collections.abc import Collection, Sequence
from html import escape
from typing import TYPE_CHECKING

from torch import Tensor

from minicnn.exercises.words import number
from minicnn.viz.settings import Figure, drawing
from minicnn.viz.style import FAINT, INK, INTENSITY, MUTED, ORANGE, PAPER, SIGNED

if TYPE_CHECKING:  # minicnn.viz imports matplotlib safely, and has to be the first to do so
    from matplotlib.figure import Figure as AnyFigure

CELL, GAP, MARGIN, TITLE = 44, 40, 6, 34  # pixels
Cells = Collection[tuple[int, int]]


def grids(alt: str, *parts: Tensor | str, titles: Sequence[str] = (), marked: Cells = ()) -> str:
    """Draw matrices with their numbers, side by side, and signs between them.

    Args:
        alt: what the picture shows, for who cannot see it.
        parts: matrices (H, W) and signs.
        titles: a line above each of the matrices.
        marked: the cells (row, column) of the first matrix to frame.

    Returns:
        An SVG picture.

    Example:
        >>> import torch
        >>> svg = grids("a row and its half", torch.tensor([[1.0, -2.0]]), "=", torch.ones(1, 1))
        >>> svg.count("<rect"), "−2" in svg, 'aria-label="a row and its half"' in svg
        (3, True, True)
    """
    matrices = [part for part in parts if isinstance(part, Tensor)]
    height = max(m.shape[0] for m in matrices) * CELL
    left, drawn, names = MARGIN, [], list(titles)
    for part in parts:
        if isinstance(part, str):
            drawn.append(_text(left + GAP / 2, TITLE + height / 2 + 9, part, INK, 28))
            left += GAP
            continue
        top = TITLE + (height - part.shape[0] * CELL) // 2
        width = part.shape[1] * CELL
        if names:
            drawn.append(_text(left + width / 2, top - 12, names.pop(0), MUTED, 17))
        framed = marked if part is matrices[0] else ()
        drawn += _cells(part, left, top, framed)
        left += width
    size = f"0 0 {left + MARGIN} {TITLE + height + MARGIN}"
    return f'<svg viewBox="{size}" role="img" aria-label="{escape(alt)}">{"".join(drawn)}</svg>'


def _cells(values: Tensor, left: int, top: int, framed: Cells) -> list[str]:
    drawn = []
    for y, line in enumerate(values.tolist()):
        for x, value in enumerate(line):
            at_x, at_y = left + x * CELL, top + y * CELL
            fill = FAINT if (y, x) in framed else PAPER
            drawn.append(
                f'<rect x="{at_x}" y="{at_y}" width="{CELL}" height="{CELL}" fill="{fill}" '
                f'stroke="{ORANGE if (y, x) in framed else MUTED}"/>'
            )
            words = number(value).replace("-", "−")
            drawn.append(_text(at_x + CELL / 2, at_y + CELL / 2 + 6, words, INK, 18))
    return drawn


def _text(x: float, y: float, words: str, colour: str, size: int) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-family="sans-serif" '
        f'font-size="{size}" fill="{colour}">{escape(words)}</text>'
    )


@drawing
def images(
    alt: str, pictures: Sequence[Tensor], titles: Sequence[str], signed: bool = False
) -> str:
    """Draw images side by side: of grey values, or signed ones with red above 0 and blue below.

    Args:
        alt: what the picture shows, for who cannot see it.
        pictures: the images, (H, W).
        titles: a line above each.
        signed: whether the images after the first one are signed.

    Returns:
        An HTML picture.

    Example:
        >>> import torch
        >>> images("a digit", [torch.zeros(28, 28)], ["zeros"]).partition(",")[0]
        '<img alt="a digit" src="data:image/png;base64'
    """
    figure = Figure((3.2 * len(pictures), 3.6), dpi=100, facecolor=PAPER, layout="constrained")
    for i, (axes, image, title) in enumerate(
        zip(figure.subplots(1, len(pictures), squeeze=False)[0], pictures, titles, strict=True)
    ):
        largest = max(image.abs().max().item(), 1e-6)
        low, colours = (-largest, SIGNED) if signed and i else (0.0, INTENSITY)
        axes.imshow(image.numpy(), cmap=colours, vmin=low, vmax=largest, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=15, color=INK)
    return embedded(alt, figure)


@drawing
def line(alt: str, values: Sequence[float], across: str, up: str) -> str:
    """Draw a curve.

    Example:
        >>> line("a curve", [2.0, 1.0], "step", "loss").startswith('<img alt="a curve" src=')
        True
    """
    figure = Figure((8.0, 4.0), dpi=100, facecolor=PAPER, layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, len(values) + 1), values, color=ORANGE, linewidth=2)
    axes.set_xlabel(across, fontsize=14, color=INK)
    axes.set_ylabel(up, fontsize=14, color=INK)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=12, labelcolor=MUTED)
    return embedded(alt, figure)


def embedded(alt: str, figure: "AnyFigure") -> str:
    """Return a figure as an HTML picture that needs no other file.

    Example:
        >>> embedded("nothing", Figure()).partition(",")[0]
        '<img alt="nothing" src="data:image/png;base64'
    """
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'

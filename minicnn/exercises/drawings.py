"""Pictures for the slides, inside the page: numbers, stacks and curves as SVG, images as PNG.

Every label is text of the page or of an SVG, so that it can be read on a phone, too.
"""

import base64
import io
from collections.abc import Collection, Sequence
from html import escape
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from minicnn.exercises.words import number
from minicnn.viz.style import FAINT, INK, INTENSITY, MUTED, ORANGE, PAPER, SIGNED

CELL, GAP, MARGIN, TITLE = 44, 40, 6, 34  # pixels
BEHIND = 4  # pixels from one square of a stack to the next
PLOT, LEFT, BELOW = (430, 200), 60, 30  # pixels: a curve, and the room for its labels
Cells = Collection[tuple[int, int]]


# --- Numbers --------------------------------------------------------------------------------------


def grids(alt: str, *parts: Tensor | str, titles: Sequence[str] = (), marked: Cells = ()) -> str:
    """Draw matrices with their numbers, side by side, and signs between them.

    Args:
        alt: what the picture shows, for who cannot see it.
        parts: matrices (H, W) and signs. NaN is drawn as a question mark: a number to find.
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
    return _svg(alt, left + MARGIN, TITLE + height + MARGIN, drawn)


def _cells(values: Tensor, left: int, top: int, framed: Cells) -> list[str]:
    plain, frame, numbers = [], [], []
    for y, line in enumerate(values.tolist()):
        for x, value in enumerate(line):
            at_x, at_y = left + x * CELL, top + y * CELL
            into = frame if (y, x) in framed else plain
            into.append(_square(at_x, at_y, CELL, marked=into is frame))
            words = "?" if value != value else number(value).replace("-", "−")
            numbers.append(_text(at_x + CELL / 2, at_y + CELL / 2 + 6, words, INK, 18))
    return plain + frame + numbers  # the frame after the other cells, which would cover its edges


# --- Stacks ---------------------------------------------------------------------------------------


class Stack(NamedTuple):
    """Squares one behind the other.

    Attributes:
        title: the line above.
        count: the number of squares.
        side: of a square, in pixels.
        marked: how many of them to mark, from the front.
        front: an image on the foremost one, (H, W).
        across: the line below, about its width.
        down: the line on its left, about its height.
    """

    title: str
    count: int
    side: int
    marked: int = 0
    front: Tensor | None = None
    across: str = ""
    down: str = ""


def stacks(alt: str, *parts: Stack | str) -> str:
    """Draw stacks side by side, and signs between them.

    Example:
        >>> svg = stacks("three maps and two", Stack("in", 3, 50), "→", Stack("out", 2, 50))
        >>> svg.count("<rect")
        5
    """
    piles = [part for part in parts if isinstance(part, Stack)]
    height = max(p.side + (p.count - 1) * BEHIND for p in piles)
    left, drawn = MARGIN, []
    for part in parts:
        if isinstance(part, str):
            drawn.append(_text(left + GAP / 2, TITLE + height / 2 + 9, part, INK, 28))
            left += GAP
            continue
        left += 70 if part.down else 0
        depth = (part.count - 1) * BEHIND
        width, top = part.side + depth, TITLE + (height - part.side - depth) // 2
        front = top + depth
        drawn.append(_text(left + width / 2, top - 12, part.title, MUTED, 17))
        for i in reversed(range(part.count)):
            at = left + i * BEHIND, front - i * BEHIND
            drawn.append(_square(*at, part.side, marked=i < part.marked))
        if part.front is not None:
            drawn.append(
                f'<image x="{left}" y="{front}" width="{part.side}" height="{part.side}" '
                f'style="image-rendering: pixelated" href="{_png(part.front, 1.0)}"/>'
            )
        if part.down:
            drawn.append(_text(left - 36, front + part.side / 2 + 6, part.down, MUTED, 17))
        if part.across:
            middle = left + part.side / 2
            drawn.append(_text(middle, front + part.side + 22, part.across, MUTED, 17))
        left += width
    below = 24 if any(p.across for p in piles) else 0
    return _svg(alt, left + MARGIN, TITLE + height + below + MARGIN, drawn)


# --- Curves ---------------------------------------------------------------------------------------


def curve(
    alt: str, xs: Sequence[float], ys: Sequence[float], across: str, up: str, steps: Cells = ()
) -> str:
    """Draw a curve above a base line at 0, and steps between points of it.

    Args:
        alt: what the picture shows, for who cannot see it.
        xs: the places, rising.
        ys: the heights, none below 0.
        across: what ``xs`` are.
        up: what ``ys`` are.
        steps: indices (from, to) of points of the curve: a dashed line for each.

    Returns:
        An SVG picture.

    Example:
        >>> svg = curve("a falling line", [1.0, 2.0, 3.0], [3.0, 2.0, 0.0], "step", "loss")
        >>> 'points="60,6 275,72.67 490,206"' in svg
        True
    """
    wide, high = PLOT
    low, most, top = xs[0], xs[-1] - xs[0], max(ys)
    points = [
        (LEFT + wide * (x - low) / most, MARGIN + high * (1 - y / top))
        for x, y in zip(xs, ys, strict=True)
    ]
    foot = MARGIN + high
    path = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
    drawn = [
        f'<path d="M{LEFT},{MARGIN}V{foot}H{LEFT + wide}" fill="none" stroke="{MUTED}"/>',
        f'<polyline points="{path}" fill="none" stroke="{ORANGE}" stroke-width="3"/>',
        _text(LEFT - 26, MARGIN + 12, f"{top:.3g}", MUTED, 17),
        _text(LEFT - 26, foot, "0", MUTED, 17),
        _text(LEFT - 26, MARGIN + high / 2, up, INK, 18),
        _text(LEFT + 8, foot + 24, number(xs[0]).replace("-", "−"), MUTED, 17),
        _text(LEFT + wide - 12, foot + 24, number(xs[-1]).replace("-", "−"), MUTED, 17),
        _text(LEFT + wide / 2, foot + 24, across, INK, 18),
    ]
    for start, end in steps:
        (x, y), (to_x, to_y) = points[start], points[end]
        drawn.append(
            f'<path d="M{x:.0f},{y:.0f}L{to_x:.0f},{to_y:.0f}" stroke="{INK}" stroke-width="2" '
            f'stroke-dasharray="6 4"/>'
        )
        drawn += [_dot(x, y), _dot(to_x, to_y)]
    return _svg(alt, LEFT + wide + MARGIN, foot + BELOW, drawn)


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{INK}"/>'


# --- Images ---------------------------------------------------------------------------------------


def images(alt: str, pictures: Sequence[Tensor], titles: Sequence[str]) -> str:
    """Draw images side by side, and where there is no room below each other.

    An image is drawn in grey, and one with numbers below 0 in red above 0 and blue below. All grey
    ones have one scale, and so have all coloured ones. NaN is transparent.

    Args:
        alt: what the pictures show, for who cannot see them.
        pictures: the images, (H, W).
        titles: a line below each.

    Returns:
        HTML pictures.

    Example:
        >>> import torch
        >>> html = images("a digit", [torch.zeros(28, 28)], ["zeros"])
        >>> '<img alt="a digit: zeros" src="data:image/png;base64,' in html
        True
    """
    largest = {False: 1e-6, True: 1e-6}
    for image in pictures:
        signed = _signed(image)
        largest[signed] = max(largest[signed], image.nan_to_num().abs().max().item())
    drawn = []
    for image, title in zip(pictures, titles, strict=True):
        words = f"{alt}: {title}" if title else alt
        source = _png(image, largest[_signed(image)])
        caption = f"<span>{escape(title)}</span>" if title else ""
        drawn.append(
            f'<div class="picture" style="--wide: {image.shape[1] / image.shape[0]:.3g}">'
            f'<img alt="{escape(words)}" src="{source}">{caption}</div>'
        )
    return "".join(drawn)


def _signed(image: Tensor) -> bool:
    return bool((image < 0).any())


def _png(image: Tensor, largest: float) -> str:
    low, colours = (-largest, SIGNED) if _signed(image) else (0.0, INTENSITY)
    pixels = colours(((image - low) / (largest - low)).numpy(), bytes=True)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


# --- What they are made of ------------------------------------------------------------------------


def _svg(alt: str, width: float, height: float, drawn: Sequence[str]) -> str:
    size = f"0 0 {width} {height}"
    return f'<svg viewBox="{size}" role="img" aria-label="{escape(alt)}">{"".join(drawn)}</svg>'


def _square(x: int, y: int, side: int, *, marked: bool) -> str:
    fill, stroke, width = (FAINT, ORANGE, 2) if marked else (PAPER, MUTED, 1)
    return (
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{width}"/>'
    )


def _text(x: float, y: float, words: str, colour: str, size: int) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-family="sans-serif" '
        f'font-size="{size}" fill="{colour}">{escape(words)}</text>'
    )

"""A drawing on the page gets the size and the place that examples/photo gives it, to the pixel."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import PIL
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from examples.photo import _crop_to_digit
from examples.photo.ink import find_ink
from examples.photo.normalise import normalise
from examples.photo.picture import NoDigitError, clearest_channel, open_opaque
from examples.photo.sheet import on_light_paper, without_surroundings
from tests.examples.photo.drawn_digits import drawn_digits

from .engine import needs_node, run

pytestmark = needs_node
PILLOW = int(PIL.__version__.split(".")[0])

CODE = """data.map(({ height, width, ink }) => {
  const found = normalise({ height, width, values: float32(fromBase64(ink)) });
  return typeof found === "string" ? found : Array.from(found, (value) => Math.round(255 * value));
})"""


def in_javascript(inks: list[Tensor]) -> list[Any]:
    data = [
        {
            "height": ink.shape[0],
            "width": ink.shape[1],
            "ink": base64.b64encode(ink.float().contiguous().numpy().tobytes()).decode(),
        }
        for ink in inks
    ]
    return run(CODE, data)


@pytest.mark.slow
def test_the_drawn_digits_are_as_in_python() -> None:
    inks = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (_, picture, _) in enumerate(drawn_digits()):
            path = Path(folder) / f"{i}.png"
            picture.save(path)
            sheet = without_surroundings(open_opaque(path))
            inks.append(find_ink(_crop_to_digit(on_light_paper(clearest_channel(sheet)))))
    assert len(inks) == 34
    for ink, found in zip(inks, in_javascript(inks), strict=True):
        assert_alike(found, normalise(ink).flatten().tolist())


def assert_alike(found: Any, expected: Any) -> None:
    if PILLOW >= 13 or isinstance(expected, str):
        assert found == expected
    else:  # it rounds in another order: a few grey levels differ, here and there
        assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= 16


def strokes(seed: int) -> Tensor:
    """Rectangles of ink on a pad, thin or wide, some pale."""
    rng = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=rng))

    side = draw(20, 90)
    ink = torch.zeros(side, side)
    for _ in range(draw(1, 4)):
        top, left = draw(0, side - 1), draw(0, side - 1)
        down, across = draw(1, side if draw(0, 1) else 4), draw(1, side)
        ink[top : top + down, left : left + across] = (0.1, 0.3, 0.75, 1.0)[draw(0, 3)]
    return ink


@given(seed=st.integers(0, 2**31))
@settings(max_examples=4)
def test_other_drawings_are_as_in_python(seed: int) -> None:
    inks = [strokes(seed + i) for i in range(30)]
    for ink, found in zip(inks, in_javascript(inks), strict=True):
        if not (ink >= 0.25).any():
            assert found == "Draw a digit."
            continue
        try:
            expected: Any = normalise(ink).flatten().tolist()
        except NoDigitError as error:
            small = "pixels" in str(error)
            expected = (
                "Draw a larger digit: this one has no shape yet."
                if small
                else "This is a blot: strokes would leave more of the paper free."
            )
        assert_alike(found, expected)

"""A drawing on the page gets the size and the place that examples/photo gives it, pixel by pixel."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from examples.photo import _crop_to_digit
from examples.photo.ink import find_ink
from examples.photo.normalise import normalise
from examples.photo.picture import NoDigitError, clearest_channel, open_picture
from examples.photo.sheet import on_light_paper, without_surroundings
from tests.examples.photo.drawn_digits import drawn_digits

from .engine import needs_node, run

pytestmark = needs_node

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


def test_the_drawn_digits_are_as_in_python() -> None:
    inks = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (_, picture, _) in enumerate(drawn_digits()):
            path = Path(folder) / f"{i}.png"
            picture.save(path)
            sheet = without_surroundings(open_picture(path))
            inks.append(find_ink(_crop_to_digit(on_light_paper(clearest_channel(sheet)))))
    assert len(inks) == 34
    for ink, found in zip(inks, in_javascript(inks), strict=True):
        assert found == normalise(ink).flatten().tolist()


@st.composite
def strokes(draw: st.DrawFn) -> Tensor:
    """Rectangles of ink on a pad, thin or wide, some with soft edges."""
    side = draw(st.integers(20, 90))
    ink = torch.zeros(side, side)
    for _ in range(draw(st.integers(1, 4))):
        top, left = draw(st.integers(0, side - 1)), draw(st.integers(0, side - 1))
        down, across = draw(st.integers(1, side)), draw(st.integers(1, side))
        if draw(st.booleans()):
            down = draw(st.integers(1, 4))
        ink[top : top + down, left : left + across] = draw(st.sampled_from([0.1, 0.3, 0.75, 1.0]))
    return ink


@given(inks=st.lists(strokes(), min_size=10, max_size=10))
@settings(max_examples=10)
def test_other_drawings_are_as_in_python(inks: list[Tensor]) -> None:
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
        assert found == expected

"""One's own digits among what is not the digit: lines, a desk, noise, shadows, other writing."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from torch import Generator

from examples.photo.lines import without_lines
from examples.photo.pieces import choose_digit
from minicnn import data
from minicnn.testing.profiles import fewer
from tests.examples.photo.drawn_digits import HANDS, Change, Scene, grain, write
from tests.examples.photo.test_photo import distance, features, read, refused

PAPER, INK = (236, 233, 226), (38, 52, 140)
SIZE = (450, 600)
LINES = ["#6478a5", "#697dac", "#8c96b4", "#787878", "#506e64", "#aa7878"]
INKS = ["#26348c", "#1e1e22", "#961928", "#145a32", "#46464f"]


@st.composite
def pages(draw, *, height: tuple[float, float] = (0.2, 0.45), paper: str = "#ece9e2") -> Scene:
    """A digit written in ink on a page of 450 × 600, anywhere but near the edges."""
    return Scene(
        name=draw(st.sampled_from(sorted(HANDS))),
        size=SIZE,
        height=draw(st.floats(*height)),
        at=(draw(st.floats(0.35, 0.65)), draw(st.floats(0.4, 0.6))),
        pen=draw(st.floats(0.05, 0.09)),
        paper=paper,
        ink=draw(st.sampled_from(INKS)),
    )


digits = st.integers(0, 9)


def picture(scene: Scene, digit: int, *after: Change) -> Image.Image:
    name, strokes = f"{digit}, {scene.name}", HANDS[scene.name][digit]
    return write(name, strokes, scene._replace(after=after), digit)[1]


def lines(apart: int, first: int, colour: str, both: bool, width: int = 2, slant: float = 0.0):
    """Print lines behind the ink: across, and down too if ``both``."""

    def change(picture: Image.Image, _: Generator) -> Image.Image:
        printed = Image.new("RGB", picture.size, "white")
        pen, (w, h) = ImageDraw.Draw(printed), picture.size
        for at in range(first - w, w + h, apart):
            pen.line([(0, at), (w, at + slant * w)], colour, width)
            if both:
                pen.line([(at, 0), (at - slant * h, h)], colour, width)
        return ImageChops.darker(picture, printed)

    return change


def seven(page: Image.Image, at: tuple[int, int] = (225, 300), ink=INK) -> Image.Image:
    x, y = at
    pen = ImageDraw.Draw(page)
    pen.line([(x - 55, y - 82), (x + 55, y - 82), (x - 15, y + 82)], ink, 9)
    pen.line([(x - 30, y - 5), (x + 45, y - 5)], ink, 9)
    return page


def blank(colour=PAPER, size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("RGB", size, colour)


# --- What is not the digit ---------------------------------------------------------------------


@pytest.mark.slow
@fewer(times=5)
@given(
    pages(),
    digits,
    st.integers(18, 60),
    st.integers(0, 17),
    st.sampled_from(LINES),
    st.booleans(),
    st.integers(1, 3),
    st.floats(-0.1, 0.1),
)
def test_the_lines_of_ruled_and_squared_paper_do_not_matter(
    scene, digit, apart, first, colour, both, width, slant
):
    printed = lines(apart, first, colour, both, width, slant)
    assert distance(read(picture(scene, digit, printed)), read(picture(scene, digit))) < 0.06


@pytest.mark.slow
@fewer(times=5)
@given(
    pages(),
    digits,
    st.sampled_from(["#fae15f", "#faaabe", "#a0d2f0", "#aadc96", "#ffc85a"]),
    st.sampled_from([(225, 225, 228), (90, 70, 50), (205, 200, 195), (20, 20, 20)]),
    st.tuples(*[st.integers(10, 140)] * 4),
)
def test_a_coloured_note_on_a_desk_is_read_as_if_there_were_no_desk(
    scene, digit, note, desk, border
):
    alone = picture(scene._replace(paper=note), digit)
    left, top, right, bottom = border
    on_desk = blank(desk, (450 + left + right, 600 + top + bottom))
    on_desk.paste(alone, (left, top))
    assert distance(read(on_desk), read(alone)) < 0.06


@pytest.mark.slow
@fewer(times=5)
@given(pages(), digits, st.floats(15, 40), st.integers(90, 120))
def test_strong_noise_is_no_ink_and_hides_none(scene, digit, deviation, ink):
    scene = scene._replace(paper="#c8c8c8", ink=f"rgb({ink}, {ink}, {ink})")
    assert (
        distance(read(picture(scene, digit, grain(deviation))), read(picture(scene, digit))) < 0.1
    )


@pytest.mark.slow
@fewer(times=5)
@given(st.floats(12, 60), st.integers(0, 2**32), st.booleans())
def test_strong_noise_on_a_blank_sheet_is_no_digit(deviation, seed, small):
    rng = Generator().manual_seed(seed)
    page = grain(deviation)(blank((200, 200, 200), (100, 80) if small else (450, 600)), rng)
    refused(page, "is blank: no ink stands out from the paper")


@pytest.mark.slow
@fewer(times=5)
@given(
    pages(height=(0.25, 0.45)),
    digits,
    st.floats(0.4, 0.9),
    st.integers(0, 359),
    st.floats(0.6, 0.9),
    st.floats(0.5, 20),
)
def test_a_round_shadow_that_touches_the_digit_does_not_matter(
    scene, digit, radius, degrees, light, softness
):
    def shade(page: Image.Image, _: Generator) -> Image.Image:
        size, angle = scene.height * page.height, math.radians(degrees)
        x = scene.at[0] * page.width + 0.6 * size * math.cos(angle)
        y = scene.at[1] * page.height + 0.6 * size * math.sin(angle)
        veil = Image.new("L", page.size, 255)
        ImageDraw.Draw(veil).circle((x, y), radius * size, round(255 * light))
        veil = veil.filter(ImageFilter.GaussianBlur(softness))
        return ImageChops.multiply(page, veil.convert("RGB"))

    assert distance(read(picture(scene, digit, shade)), read(picture(scene, digit))) < 0.08


def test_a_round_shadow_wider_than_the_strokes_leaves_no_trace():
    shadow = Image.new("L", SIZE, 255)
    ImageDraw.Draw(shadow).ellipse((60, 300, 220, 460), fill=153)
    shadow = shadow.filter(ImageFilter.GaussianBlur(4)).convert("RGB")
    page = seven(blank())
    assert distance(read(ImageChops.multiply(page, shadow)), read(page)) < 0.005


@pytest.mark.slow
@fewer(times=5)
@given(
    pages(height=(0.2, 0.35)),
    digits,
    st.floats(0.1, 0.6),
    st.integers(3, 16),
    st.integers(100, 400),
    st.integers(15, 140),
)
def test_a_printed_line_below_is_no_piece_of_the_digit(scene, digit, gap, thick, long, grey):
    def underline(page: Image.Image, _: Generator) -> Image.Image:
        y = round(page.height * (scene.at[1] + scene.height * (0.65 + gap)))
        left = (page.width - long) // 2
        box = (left, y, left + long, y + min(thick, long // 6))
        ImageDraw.Draw(page).rectangle(box, (grey, grey, grey))
        return page

    assert distance(read(picture(scene, digit, underline)), read(picture(scene, digit))) < 0.06


@pytest.mark.slow
@fewer(times=5)
@given(pages(height=(0.06, 0.12)), digits)
def test_an_opaque_drawing_with_an_alpha_channel_and_a_small_digit_is_read(scene, digit):
    drawing = picture(scene._replace(paper="white"), digit)
    assert read(drawing.convert("RGBA")).equal(read(drawing))


def test_a_note_at_the_edge_whose_colour_hides_the_ink_in_one_channel():
    page = blank((225, 225, 228))
    ImageDraw.Draw(page).rectangle((0, 130, 390, 450), (250, 225, 95))
    assert distance(read(seven(page)), read(seven(blank()))) < 0.06


def test_a_sheet_in_16_bits_on_a_table():
    sheet = blank((40, 40, 40)).convert("L")
    sheet.paste(240, (60, 60, 400, 540))
    deep = seven(sheet, ink=30).convert("I").point(lambda value: value * 257).convert("I;16")
    assert distance(read(deep), read(seven(blank()))) < 0.06


def squared() -> Image.Image:
    page = blank()
    for at in range(15, 600, 30):
        ImageDraw.Draw(page).line([(0, at), (450, at)], (100, 120, 165), 2)
        ImageDraw.Draw(page).line([(at, 0), (at, 600)], (100, 120, 165), 2)
    return seven(page)


def ruled() -> Image.Image:
    page = blank()
    for at in range(20, 600, 45):
        ImageDraw.Draw(page).line([(0, at), (450, at)], (105, 125, 172), 2)
    return seven(page)


def note() -> Image.Image:
    page = blank((225, 225, 228))
    ImageDraw.Draw(page).rectangle((75, 130, 390, 450), (250, 225, 95))
    return seven(page)


def underlined() -> Image.Image:
    page = seven(blank(), (225, 210))
    ImageDraw.Draw(page).rectangle((60, 503, 345, 515), (90, 90, 90))
    return page


def noisy() -> Image.Image:
    page = seven(blank((200, 200, 200)), ink=(90, 90, 90))
    return grain(30)(page, Generator().manual_seed(0))


@pytest.mark.parametrize("disturbed", [squared, ruled, note, underlined, noisy])
def test_a_seven_is_most_like_the_sevens_of_mnist(disturbed: Callable[[], Image.Image]):
    train, _ = data.load_sample()
    seen = features(read(disturbed()).unsqueeze(0))[0]
    nearest = (features(train.images) @ seen).topk(3).indices
    assert train.labels[nearest].tolist() == [7, 7, 7]


# --- Several characters ------------------------------------------------------------------------

SEVERAL = "shows several characters: one digit per picture is expected$"


@pytest.mark.slow
@fewer(times=5)
@given(
    st.lists(digits, min_size=2, max_size=5),
    st.sampled_from(sorted(HANDS)),
    st.integers(60, 120),
    st.floats(0.85, 1.2),
    st.booleans(),
)
def test_a_number_is_not_one_digit(number, hand, height, apart, inverted):
    page = blank("white", (800, 300))
    for place, digit in enumerate(number):
        at = 0.5 + (place - (len(number) - 1) / 2) * apart * height / 800, 0.5
        scene = Scene("", (800, 300), height / 300, at, 0.08, tremble=0)
        page = ImageChops.darker(page, write("", HANDS[hand][digit], scene, digit)[1])
    refused(ImageChops.invert(page) if inverted else page, SEVERAL)


@pytest.mark.parametrize("text", ["42", "10", "1 1", "3\n8", "x = 5"])
def test_printed_characters_are_not_one_digit(text):
    page = blank("white", (500, 400))
    font = ImageFont.load_default(110)
    ImageDraw.Draw(page).multiline_text((250, 200), text, "black", font, anchor="mm")
    refused(page, SEVERAL)


@pytest.mark.parametrize("columns", [3, 5, 8, 12])
def test_a_page_of_digits_is_not_blank(columns):
    page = blank("white", (900, 900))
    side = 900 // columns
    for place in range(columns**2):
        row, column = divmod(place, columns)
        scene = Scene("", (side, side), 0.6, (0.5, 0.5), 0.09)
        digit = write(str(place), HANDS["round"][place % 10], scene, place % 10)[1]
        page.paste(digit, (column * side, row * side))
    refused(page, SEVERAL)


def test_a_digit_in_pieces_is_one_digit():
    ink = torch.zeros(60, 60)
    ink[10:12, 20:40] = 1  # the bar of a "5", written apart
    ink[14:26, 20:23] = ink[28:39, 22:25] = ink[41:49, 21:24] = 1
    assert choose_digit(ink)[0].equal(ink)


def test_a_dashed_digit_is_one_digit():
    page = seven(blank("white"), ink="black")
    pen = ImageDraw.Draw(page)
    for y in range(245, 380, 35):
        pen.rectangle((150, y, 300, y + 9), "white")
    assert distance(read(page), read(seven(blank("white"), ink="black"))) < 0.12  # the gaps


def test_small_print_and_specks_further_away_are_erased():
    ink = torch.zeros(60, 60)
    ink[10:30, 20:24] = ink[10:13, 20:34] = 1  # a digit
    alone = ink.clone()
    ink[50:53, 10:13] = ink[50:53, 40:43] = 1
    assert choose_digit(ink)[0].equal(alone)


# --- The lines ---------------------------------------------------------------------------------


@pytest.mark.slow
@fewer(times=5)
@given(st.integers(1, 3), st.integers(6, 30), st.floats(0.1, 0.9), st.booleans())
def test_lines_vanish_and_a_stroke_that_crosses_them_stays(width, apart, grey, both):
    paper = torch.ones(256, 200)
    for at in range(apart, 250, apart + width):
        paper[at : at + width] = grey
        if both:
            paper[:, at : at + width] = grey
    paper[60:180, 90:102] = 0
    clean = without_lines(paper)
    assert clean[60:180, 90:102].eq(0).all()
    clean[:, 84:108] = 1  # lines that the stroke covers along half of their length may remain
    assert clean.eq(1).all()


@given(st.integers(0, 2**32), st.integers(20, 80), st.integers(20, 80))
def test_without_lines_only_brightens_and_keeps_strokes_that_end_in_the_picture(seed, h, w):
    rng = Generator().manual_seed(seed)
    grey = torch.ones(h, w)
    grey[h // 4 + 1 : -h // 4, w // 2] = 0.2  # a thin "1", half as long as the picture
    assert without_lines(grey).equal(grey)
    grey = torch.rand(h, w, generator=rng)
    assert (without_lines(grey) >= grey).all()

"""One's own digits: whatever a picture is like, what is read is the digit, as MNIST has it."""

import contextlib
import doctest
import importlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat
from torch import Tensor

from examples.photo import read_digit
from examples.photo.normalise import stroke_width
from examples.photo.picture import to_picture
from examples.photo.regions import close, dilate, number_pieces, sum_cells, threshold
from minicnn import data
from minicnn.testing.profiles import fewer
from tests.examples.photo.drawn_digits import HANDS, Scene, drawn_digits, write

Orientation = 0x0112  # of EXIF


def read(picture: Image.Image, suffix: str = ".png", **options) -> Tensor:
    """Save a picture and read it back as a digit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"digit{suffix}"
        picture.save(path, **options)
        return read_digit(path)


def difference(a: Tensor, b: Tensor) -> float:
    """The mean absolute difference, where 1 is that of white and black."""
    return (a.float() - b.float()).abs().mean().item() / 255


def distance(a: Tensor, b: Tensor) -> float:
    """The smallest difference, if one of the two may be a pixel off: centres are rounded."""
    moves = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))
    moved = data.shift(a.expand(9, 1, 28, 28), moves)
    return min(difference(m, b) for m in moved)


@st.composite
def drawings(draw, smallest: int = 60) -> Image.Image:
    """A digit in black on white, with some paper around it, of at most 256 pixels each way."""
    hand = HANDS[draw(st.sampled_from(sorted(HANDS)))]
    digit, seed = draw(st.integers(0, 9)), draw(st.integers(0, 1000))
    pen, slant = draw(st.floats(0.06, 0.18)), draw(st.floats(-0.2, 0.3))
    side = draw(st.integers(smallest, 120))
    scene = Scene("", (2 * side, 2 * side), 0.5, (0.5, 0.5), pen, slant=slant)
    return write(str(seed), hand[digit], scene, digit)[1].convert("L")


def on_sheet(digit: Image.Image, size: tuple[int, int], at: tuple[int, int], paper: int = 255):
    sheet = Image.new("L", size, paper)
    sheet.paste(digit, at)
    return sheet


# --- The form of MNIST -------------------------------------------------------------------------


@fewer(times=5)
@given(drawings())
def test_the_longer_side_is_20_and_the_centre_of_mass_is_in_the_middle(drawing):
    digit = read(drawing)
    assert digit.shape == (1, 28, 28)
    assert digit.dtype == torch.uint8
    rows, columns = digit[0].any(1).nonzero(), digit[0].any(0).nonzero()
    extents = [int(lines.max() - lines.min()) + 1 for lines in (rows, columns)]
    assert max(extents) == 20
    mass = digit[0].double()
    for along, lines in ((mass.sum(1), rows), (mass.sum(0), columns)):
        centre = (along * torch.arange(28)).sum() / along.sum()
        at_the_edge = 0 in lines or 27 in lines  # the box stays inside the field
        assert at_the_edge or 13.49 < centre < 14.51


@fewer(times=5)
@given(drawings())
def test_paper_is_black_and_ink_is_white(drawing):
    digit = read(drawing)
    assert digit[0, [0, 0, -1, -1], [0, -1, 0, -1]].eq(0).all()
    assert digit.max() >= 220


def test_the_paper_between_the_strokes_is_black_too():
    seven = read(stroke())[0]
    left, right = seven[11:18, 9:12], seven[17:27, 17:20]  # of the stem, inside the box
    assert left.eq(0).all()
    assert right.eq(0).all()


@fewer(times=5)
@given(drawings())
def test_the_aspect_ratio_is_kept(drawing):
    ink = ImageOps.invert(drawing).point([0] * 128 + [255] * 128)
    left, top, right, bottom = ink.getbbox() or (0, 0, 1, 1)
    digit = read(drawing)[0]
    height, width = (int(digit.ge(64).any(dim).sum()) for dim in (1, 0))
    longest = max(right - left, bottom - top)
    assert height == pytest.approx(20 * (bottom - top) / longest, abs=1.5)
    assert width == pytest.approx(20 * (right - left) / longest, abs=1.5)


def test_a_digit_of_mnist_is_read_as_itself():
    _, test = data.load_sample()
    found = torch.tensor([difference(read(to_picture(x[0])), x) for x in test.images[:200]])
    assert found.mean() < 0.007
    assert (found < 0.02).double().mean() > 0.96  # the others' strokes are thickened


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factor", "size", "at"),
    [(1, (60, 100), (20, 10)), (3, (200, 100), (30, 10)), (10, (900, 600), (500, 200))],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_a_digit_of_mnist_is_found_on_a_larger_sheet_and_scaled_back(factor, size, at, inverted):
    _, test = data.load_sample()
    found = []
    for x in test.images[200:240]:
        enlarged = to_picture(x[0]).resize((28 * factor, 28 * factor), Image.Resampling.BICUBIC)
        sheet = on_sheet(enlarged, size, at, paper=0)
        found.append(distance(read(ImageOps.invert(sheet) if inverted else sheet), x))
    # Enlarging blurs edges, so that where they are is known to about half a pixel only.
    assert sum(found) / len(found) < (0.007 if factor == 1 else 0.03)
    assert max(found) < 0.08


# --- What does not matter ----------------------------------------------------------------------


@fewer(times=5)
@given(drawings())
def test_light_on_dark_is_as_good_as_dark_on_light(drawing):
    assert read(ImageOps.invert(drawing)).equal(read(drawing))


@fewer(times=5)
@given(drawings(), st.integers(0, 256), st.integers(0, 256))
def test_the_place_on_the_sheet_does_not_matter(drawing, left, top):
    digit = drawing.crop(ImageOps.invert(drawing).getbbox())
    margin = max(digit.size) // 2 + 1  # with as much paper around, the very same pixels are seen
    left = margin + left % (256 - digit.width - 2 * margin + 1) if 4 * margin < 256 else margin
    top = margin + top % (256 - digit.height - 2 * margin + 1) if 4 * margin < 256 else margin
    assert difference(read(on_sheet(digit, (256, 256), (left, top))), read(drawing)) < 0.01


@fewer(times=5)
@given(drawings(), st.integers(1, 2000))
def test_more_paper_around_does_not_matter(drawing, border):
    wider = ImageOps.expand(drawing, (border, border // 2, border // 3, border), 255)
    assert distance(read(wider), read(drawing)) < 0.06


@fewer(times=5)
@given(drawings(), st.floats(1.0, 5.0))
def test_the_size_does_not_matter(drawing, factor):
    size = round(drawing.width * factor), round(drawing.height * factor)
    larger = drawing.resize(size, Image.Resampling.BICUBIC)
    assert distance(read(larger), read(drawing)) < 0.06


@fewer(times=5)
@given(drawings(), st.sampled_from(["RGB", "RGBA", "LA", "I;16", "P"]))
def test_the_mode_of_the_picture_does_not_matter(drawing, mode):
    if mode == "I;16":
        converted = drawing.convert("I").point(lambda value: value * 257).convert("I;16")
    else:
        converted = drawing.convert(mode)
    assert difference(read(converted), read(drawing)) < 0.003


@fewer(times=5)
@given(drawings())
def test_a_picture_of_two_colours_alone_is_smoothed(drawing):
    digit = read(drawing.convert("1", dither=Image.Dither.NONE))
    assert ((digit > 0) & (digit < 255)).any()
    assert distance(digit, read(drawing)) < 0.06


@fewer(times=5)
@given(drawings())
def test_what_a_camera_compresses_is_read(drawing):
    assert distance(read(drawing.convert("RGB"), ".jpg", quality=60), read(drawing)) < 0.08
    assert distance(read(drawing.convert("CMYK"), ".tif"), read(drawing)) < 0.003


@fewer(times=5)
@given(drawings(), st.integers(1, 8))
def test_a_camera_that_was_turned_is_turned_back(drawing, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # the viewer turns by 270 degrees
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = drawing.transpose(undo[orientation]) if orientation > 1 else drawing
    exif = Image.Exif()
    exif[Orientation] = orientation
    assert read(turned, exif=exif.tobytes()).equal(read(drawing))


colours = st.tuples(*[st.integers(0, 255)] * 3)


@fewer(times=5)
@given(drawings(), colours, colours)
def test_colours_do_not_matter_if_they_differ(drawing, ink, paper):
    if max(abs(a - b) for a, b in zip(ink, paper, strict=True)) < 60:
        ink = tuple((a + 128) % 256 for a in paper)
    coloured = ImageOps.colorize(drawing, ink, paper)
    assert distance(read(coloured), read(drawing)) < 0.06


def test_grey_ink_in_16_bits_is_read():
    grey = stroke().point([60] * 128 + [220] * 128)
    deep = grey.convert("I").point(lambda value: value * 257).convert("I;16")
    assert distance(read(deep), read(grey)) < 0.003


def test_what_transparent_corners_hide_does_not_matter():
    shape = Image.new("L", (100, 80))
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, 100, 80), 15, fill=255)
    picture = Image.new("RGB", (100, 80))  # black, as many programs leave it
    picture.paste(stroke(), mask=shape)
    picture.putalpha(shape)
    assert distance(read(picture), read(stroke())) < 0.003


def test_a_small_digit_on_a_large_sheet_is_read():
    sheet = on_sheet(stroke(), (1600, 1600), (700, 600))
    assert distance(read(sheet), read(stroke())) < 0.06


def test_ink_as_bright_as_the_paper_in_another_colour_is_read():
    coloured = ImageOps.colorize(stroke(), (60, 172, 100), (200, 100, 100))
    assert len(set(coloured.convert("L").tobytes())) == 1
    assert distance(read(coloured), read(stroke())) < 0.003


def test_dark_ink_on_dim_paper_is_not_inverted():
    dim = stroke().point(lambda value: 0.35 * value)
    assert distance(read(dim), read(stroke())) < 0.003


def test_a_large_nought_is_no_sheet():
    nought = plain(255, (240, 240))
    ImageDraw.Draw(nought).ellipse((60, 20, 180, 220), outline=0, width=12)
    dotted = nought.copy()
    ImageDraw.Draw(dotted).circle((120, 120), 5, fill=0)
    assert distance(read(dotted), read(nought)) < 0.003


@fewer(times=5)
@given(drawings(), colours)
def test_ink_on_nothing_is_read_whatever_its_colour(drawing, ink):
    transparent = Image.new("RGB", drawing.size, ink)
    transparent.putalpha(ImageOps.invert(drawing))
    assert difference(read(transparent), read(drawing)) < 0.003


@fewer(times=5)
@given(drawings(), st.sampled_from(["white", "black"]), st.integers(0, 40))
def test_paper_with_transparent_corners_is_read(drawing, paper, radius):
    picture = (drawing if paper == "white" else ImageOps.invert(drawing)).convert("RGB")
    shape = Image.new("L", drawing.size)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, *drawing.size), radius, fill=255)
    picture.putalpha(shape)
    assert difference(read(picture), read(drawing)) < 0.003


@fewer(times=5)
@given(
    drawings(), st.floats(0.4, 1.0), st.integers(0, 359), st.floats(0.1, 0.5), st.floats(0.35, 0.65)
)
def test_a_soft_shadow_does_not_matter(drawing, light, degrees, softness, at):
    shaded = shade(drawing, light, degrees, softness, at)
    assert distance(read(shaded), read(drawing)) < 0.08


@fewer(times=5)
@given(drawings(), st.floats(0.4, 1.0), st.integers(0, 3), st.floats(0.35, 0.65))
def test_a_shadow_with_a_hard_edge_does_not_matter_if_it_lies_along_a_side(
    drawing, light, quarters, at
):
    # Where a hard edge runs into a side aslant, the tip of the shadow may be taken for ink.
    shaded = shade(drawing, light, 90 * quarters, 0.004, at)
    assert distance(read(shaded), read(drawing)) < 0.08


def shade(picture: Image.Image, light: float, degrees: int, softness: float, at: float):
    """Let only a part of the light fall on one side of a straight line."""
    angle = torch.tensor(degrees).deg2rad()
    rows, columns = (torch.linspace(-1, 1, n) for n in (picture.height, picture.width))
    across = rows.unsqueeze(1) * angle.sin() + columns * angle.cos() - (2 * at - 1)
    veil = 1 - (1 - light) * torch.sigmoid(across / softness)
    return ImageChops.multiply(picture, to_picture((255 * veil).to(torch.uint8)))


@fewer(times=5)
@given(drawings(), st.floats(0, 8), st.integers(0, 12), st.integers(0, 2**32))
def test_grain_and_specks_do_not_matter(drawing, deviation, count, seed):
    rng = torch.Generator().manual_seed(seed)
    dirty = drawing.copy()
    for x, y in torch.rand(count, 2, generator=rng).tolist():
        ImageDraw.Draw(dirty).circle((x * dirty.width, y * dirty.height), 0.6, fill=90)
    noise = deviation * torch.randn(dirty.height, dirty.width, generator=rng)
    pixels = torch.tensor(list(dirty.tobytes())).view(noise.shape) * 0.9 + noise
    noisy = to_picture(pixels.clamp(0, 255).to(torch.uint8))
    assert distance(read(noisy), read(drawing)) < 0.08


@fewer(times=5)
@given(drawings(), st.integers(1, 30), st.integers(0, 255), st.booleans())
def test_a_frame_does_not_matter(drawing, width, grey, inverted):
    framed = ImageOps.expand(drawing, width, grey)
    framed = ImageOps.invert(framed) if inverted else framed
    assert distance(read(framed), read(drawing)) < 0.06


@fewer(times=5)
@given(drawings(), st.floats(-12, 12), st.integers(20, 160))
def test_a_sheet_on_a_table_is_found(drawing, degrees, table):
    sheet = ImageOps.expand(drawing, 40, 240)
    turned = sheet.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    where = Image.new("L", sheet.size, 255).rotate(degrees, expand=True)
    on_table = Image.new("L", (turned.width + 80, turned.height + 60), table)
    on_table.paste(turned, (30, 40), where)
    alone = Image.new("L", turned.size, 240)
    alone.paste(turned, mask=where)
    assert distance(read(on_table), read(alone)) < 0.06


@fewer(times=5)
@given(drawings())
def test_a_digit_that_touches_all_edges_is_read(drawing):
    ink = ImageOps.invert(drawing).point([0] * 64 + [255] * 192)
    box = ink.getbbox()
    assume(ImageStat.Stat(ink.crop(box)).mean[0] < 0.6 * 255)  # not of a "1", which is all ink then
    assert distance(read(drawing.crop(box)), read(drawing)) < 0.06


@fewer(times=5)
@given(drawings(smallest=100), st.integers(0, 255))
def test_strokes_too_thin_for_mnist_are_thickened(drawing, seed):
    hand, digit = HANDS["round"], seed % 10
    scene = Scene("", (400, 400), 0.6, (0.5, 0.5), 0.008)
    ink = read(write(str(seed), hand[digit], scene, digit)[1])[0] / 255
    assert 1.5 < stroke_width(ink) < 3.5
    assert ink.max() > 0.9


# --- What is refused ---------------------------------------------------------------------------


def plain(grey: int, size: tuple[int, int] = (100, 80)) -> Image.Image:
    return Image.new("L", size, grey)


def refused(picture: Image.Image, why: str, suffix: str = ".png", **options) -> None:
    with pytest.raises(data.DataError, match=rf"digit\{suffix} {why}"):
        read(picture, suffix, **options)


def stroke(size: tuple[int, int] = (100, 80)) -> Image.Image:
    picture = plain(255, size)
    ImageDraw.Draw(picture).line([(40, 20), (60, 20), (45, 60)], fill=0, width=6)
    return picture


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(data.DataError, match=r"none\.png cannot be read: No such file"):
        read_digit(tmp_path / "none.png")
    with pytest.raises(data.DataError, match="cannot be read: "):
        read_digit(tmp_path)


def test_a_file_that_is_no_picture(tmp_path):
    (tmp_path / "digit.png").write_text("a seven")
    with pytest.raises(data.DataError, match=r"digit\.png is no picture in a format that Pillow"):
        read_digit(str(tmp_path / "digit.png"))


@fewer(times=2)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"]), st.floats(0, 0.9))
def test_a_truncated_file(format_, part):
    file = io.BytesIO()
    stroke().save(file, format_)
    content = file.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digit"
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(data.DataError, match=r"digit is (damaged: |no picture)"):
            read_digit(path)


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=4), st.sampled_from(["PNG", "JPEG"]))
@pytest.mark.filterwarnings("ignore")  # Pillow's, about what it finds
def test_a_damaged_file_is_refused_or_read_but_nothing_else_happens(at, damage, format_):
    file = io.BytesIO()
    stroke().save(file, format_)
    content = file.getvalue()
    at %= len(content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digit"
        path.write_bytes(content[:at] + damage + content[at + len(damage) :])
        with contextlib.suppress(data.DataError):
            assert read_digit(path).shape == (1, 28, 28)


@given(st.integers(1, 120), st.integers(1, 120), st.floats(-1, 1), st.integers(0, 2**32))
def test_any_pixels_are_refused_or_read_but_nothing_else_happens(height, width, level, seed):
    rng = torch.Generator().manual_seed(seed)
    cells = torch.randn(-(-height // 3), -(-width // 3), generator=rng) > level
    pixels = cells.repeat_interleave(3, 0).repeat_interleave(3, 1)[:height, :width]
    with contextlib.suppress(data.DataError):
        assert read(to_picture(200 * pixels.to(torch.uint8))).shape == (1, 28, 28)


@given(st.integers(0, 255), st.sampled_from(["L", "RGB", "LA", "1"]))
def test_a_blank_sheet(grey, mode):
    picture = plain(grey).convert(mode, dither=Image.Dither.NONE)
    refused(picture, "is blank: no ink stands out from the paper")


@given(st.integers(0, 359), st.floats(0.4, 1), st.floats(0.2, 0.5))
def test_a_blank_sheet_with_a_soft_shadow(degrees, light, softness):
    refused(shade(plain(230), light, degrees, softness, 0.5), "is blank")


@given(st.floats(1, 12), st.integers(0, 2**32))
def test_a_blank_sheet_with_grain(deviation, seed):
    noise = torch.randn(80, 100, generator=torch.Generator().manual_seed(seed))
    refused(to_picture((200 + deviation * noise).clamp(0, 255).to(torch.uint8)), "is blank")


@fewer(times=5)
@given(drawings())
def test_ink_as_pale_as_the_paper(drawing):
    refused(drawing.point(lambda value: 240 + value / 25), "is blank")


def test_a_transparent_sheet():
    refused(Image.new("RGBA", (90, 90), (0, 0, 0, 0)), "is transparent everywhere")


@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_a_blot(shape):
    picture = plain(255)
    getattr(ImageDraw.Draw(picture), shape)((40, 30, 60, 50), fill=0)
    refused(picture, "shows a blot")


def test_a_digit_or_a_picture_that_is_too_small():
    refused(plain(255, (7, 5)), "has 7 × 5 pixels, expected at least 8 one way")
    picture = plain(255)
    ImageDraw.Draw(picture).line([(40, 30), (40, 35)], fill=0)
    refused(picture, "shows a digit of 6 pixels, expected at least 8")


@pytest.mark.parametrize("limit", [7000, 3000])  # above, Pillow warns; above the double, it refuses
def test_a_picture_too_large_to_be_safe(limit, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    refused(stroke(), f"has more than {limit:,} pixels, expected no more than Pillow's limit")


@pytest.mark.parametrize("suffix", [".gif", ".tif", ".webp", ".png"])
def test_a_film(suffix):
    frames = [stroke(), ImageOps.mirror(stroke())]
    refused(
        frames[0],
        "has 2 frames or pages, expected one picture",
        suffix,
        save_all=True,
        append_images=frames[1:],
    )


def test_a_camera_s_photo_with_a_small_copy_in_it_is_no_film():
    photo = read(stroke(), ".mpo", save_all=True, append_images=[stroke().resize((50, 40))])
    assert distance(photo, read(stroke())) < 0.02


def test_importing_minicnn_does_not_import_pillow():
    check = "import sys, minicnn; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


MODULES = ["", ".picture", ".sheet", ".lines", ".ink", ".pieces", ".normalise", ".regions"]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_are_right(module):
    assert doctest.testmod(importlib.import_module(f"examples.photo{module}")).failed == 0


# --- The drawn digits --------------------------------------------------------------------------


@pytest.mark.slow
def test_nine_in_ten_drawn_digits_are_most_like_mnists_of_the_same_class():
    # A network would have to be trained; the three nearest neighbours, slightly blurred, need not.
    train, _ = data.load_sample()
    known, drawn = features(train.images), drawn_digits()
    right = 0
    for _, picture, label in drawn:
        nearest = (known @ features(read(picture).unsqueeze(0))[0]).topk(3).indices
        right += int(train.labels[nearest].mode().values) == label
    assert {label for _, _, label in drawn} == set(range(10))
    assert len(drawn) >= 24
    assert right >= 0.9 * len(drawn), right


def features(images: Tensor) -> Tensor:
    blurred = images.float().unfold(2, 3, 1).unfold(3, 3, 1).sum((4, 5)).flatten(1)
    return blurred / blurred.norm(dim=1, keepdim=True)


# --- The parts ---------------------------------------------------------------------------------


@st.composite
def greys(draw):
    size = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return torch.rand(size, generator=torch.Generator().manual_seed(draw(st.integers(0, 2**32))))


@given(greys(), st.integers(0, 12))
def test_dilate_equals_max_pooling(grey, radius):
    expected = torch.nn.functional.pad(grey, [radius] * 4, value=-torch.inf)
    expected = expected.unfold(0, 2 * radius + 1, 1).unfold(1, 2 * radius + 1, 1).amax((2, 3))
    assert dilate(grey, radius).equal(expected)


@given(greys(), st.integers(0, 12))
def test_closing_brightens_and_closing_twice_changes_nothing_more(grey, radius):
    closed = close(grey, radius)
    assert (closed >= grey).all()
    assert close(closed, radius).equal(closed)


@given(greys(), st.floats(0.1, 0.9))
def test_pieces_are_those_found_by_walking(grey, part):
    mask = grey < part
    numbers = number_pieces(mask)
    assert numbers.gt(0).equal(mask)
    for start in mask.nonzero().tolist():
        reached, waiting = set(), [tuple(start)]
        while waiting:
            i, j = waiting.pop()
            if (i, j) in reached or not (0 <= i < mask.shape[0] and 0 <= j < mask.shape[1]):
                continue
            if mask[i, j]:
                reached.add((i, j))
                waiting += [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        piece = {tuple(cell) for cell in (numbers == numbers[tuple(start)]).nonzero().tolist()}
        assert piece == reached


@given(greys(), st.integers(1, 5))
def test_cells_lose_no_pixel(grey, side):
    cells = sum_cells(grey < 0.5, side)
    assert cells.shape == tuple(-(-n // side) for n in grey.shape)
    assert cells.sum() == (grey < 0.5).sum()
    assert cells[0, 0] == (grey[:side, :side] < 0.5).sum()


@given(greys(), st.floats(0, 1))
def test_a_threshold_is_halfway_between_the_means_that_it_separates(grey, position):
    least, most = grey.min().item(), grey.max().item()
    if most - least < 0.01:
        return
    t = threshold(grey, least + position * 0.99 * (most - least))
    assert least < t < most
    halfway = (grey[grey > t].mean() + grey[grey <= t].mean()) / 2
    assert t == pytest.approx(halfway.item(), abs=2e-3)


@given(st.integers(2, 12), st.integers(0, 180))
def test_the_width_of_a_long_stroke_is_estimated_in_any_direction(width, degrees):
    line = Image.new("L", (300, 300))
    ImageDraw.Draw(line).rectangle((50, 150 - width // 2, 250, 150 - width // 2 + width - 1), 255)
    turned = line.rotate(degrees, resample=Image.Resampling.BICUBIC)
    ink = torch.tensor(list(turned.tobytes())).view(300, 300) / 255
    assert stroke_width(ink) == pytest.approx(width, rel=0.3)

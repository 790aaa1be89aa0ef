"""Digits that are not MNIST's: strokes of three hands, drawn with other pens on other paper.

A hand is ten digits, each of strokes divided by "/", each of points that a smooth curve passes
through (a point given twice is a corner). A scene is the pen, the paper, and how both became a
picture. ``python -m tests.examples.photo.drawn_digits digits.png`` draws them all on one sheet.
"""

import math
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from torch import Generator, Tensor

Point = tuple[float, float]
Drawn = tuple[str, Image.Image, int]
Change = Callable[[Image.Image, Generator], Image.Image]

# Points "x,y", to the right and down; a digit is 100 high.
ROUND = (
    "38,2 12,18 4,52 16,90 40,98 62,76 64,36 52,8 32,2",
    "30,0 31,34 29,68 30,100",
    "6,24 16,5 38,0 58,14 54,40 30,70 4,97 4,97 34,94 66,98",
    "6,12 30,0 54,12 50,36 26,46 54,54 60,80 36,99 4,88",
    "12,2 6,32 4,54 4,54 34,56 66,52 / 52,4 50,52 46,100",
    "12,4 8,44 8,44 34,38 58,56 54,86 30,99 4,90 / 12,4 58,2",
    "48,0 22,22 6,56 10,88 34,100 56,84 50,60 28,54 8,70",
    "4,4 34,6 62,2 62,2 44,44 28,100",
    "54,14 32,0 10,16 22,40 48,58 56,82 32,100 8,84 18,58 44,40 56,18 40,3",
    "56,18 36,0 10,14 10,42 32,50 54,32 57,10 57,10 54,60 50,100",
)
SCHOOL = (
    "50,6 24,0 6,30 6,70 26,99 52,92 66,54 58,16 44,2",
    "4,36 24,20 38,0 38,0 37,50 36,100",
    "8,20 28,0 54,10 52,40 26,76 6,92 14,84 28,92 46,98 66,88",
    "6,4 34,3 60,2 60,2 26,40 26,40 54,48 60,78 36,100 4,90",
    "44,0 22,36 2,68 2,68 34,67 68,66 / 48,40 47,70 46,100",
    "58,4 16,4 16,4 10,42 10,42 38,36 60,58 50,90 24,100 2,90",
    "56,10 36,0 12,26 4,62 18,96 44,98 58,74 42,54 18,58 6,74",
    "4,10 4,2 4,2 62,2 62,2 40,46 26,100 / 16,52 36,49 58,48",
    "34,48 12,32 14,8 36,0 56,12 52,34 34,48 8,66 12,94 36,100 60,88 58,64 34,48",
    "54,10 30,0 8,18 16,46 42,46 56,22 54,10 58,54 48,92 20,100 6,88",
)
HASTY = (
    "44,8 20,16 6,50 20,92 48,88 58,46 44,12 30,4",
    "34,0 26,50 18,100",
    "10,16 32,2 48,16 34,50 2,98 2,98 34,90 68,92",
    "10,10 38,0 50,18 24,44 24,44 52,60 44,88 10,100",
    "18,6 8,56 8,56 62,44 / 46,20 34,100",
    "20,10 14,44 14,44 46,52 46,82 8,98 / 22,8 66,0",
    "38,0 16,38 8,80 28,98 48,82 40,64 12,76",
    "6,14 26,6 60,4 60,4 32,56 22,100",
    "56,10 30,6 20,26 44,56 38,92 12,92 14,68 40,40 58,12",
    "52,14 28,4 10,26 22,46 48,30 54,10 54,10 42,56 34,100",
)


class Scene(NamedTuple):
    """What a digit is written with and on, and how that came to be a picture."""

    name: str
    size: tuple[int, int]  # of the picture, in pixels
    height: float  # of the digit, as a part of the picture's height
    at: Point  # the middle of the digit, as parts of the picture's width and height
    pen: float  # the width of the stroke, as a part of the digit's height
    paper: str = "white"
    ink: str = "black"
    slant: float = 0.0  # how far the top lies to the right, as a part of the height
    turn: float = 0.0  # degrees, against the clock
    tremble: float = 0.01  # of the digit's height, standard deviation
    after: tuple[Change, ...] = ()


# --- What happens to a picture ------------------------------------------------------------------


def shadow(darkness: float, degrees: float, softness: float, at: float = 0.5) -> Change:
    """Throw a shadow over one side, with a more or less soft edge across the picture."""

    def change(picture: Image.Image, _: Generator) -> Image.Image:
        pixels = to_tensor(picture)
        h, w = pixels.shape[1:]
        rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        angle = math.radians(degrees)
        across = (columns / w - at) * math.cos(angle) + (rows / h - at) * math.sin(angle)
        light = 1 - darkness * torch.sigmoid(across / softness)
        return to_picture(pixels * light)

    return change


def grain(deviation: float) -> Change:
    """Add a camera's noise, of a standard deviation in grey levels."""

    def change(picture: Image.Image, rng: Generator) -> Image.Image:
        pixels = to_tensor(picture)
        return to_picture(pixels + deviation * torch.randn(pixels.shape, generator=rng))

    return change


def specks(count: int, radius: float, colour: str) -> Change:
    """Scatter dirt over the picture."""

    def change(picture: Image.Image, rng: Generator) -> Image.Image:
        draw = ImageDraw.Draw(picture)
        for x, y in torch.rand(count, 2, generator=rng).tolist():
            draw.circle((x * picture.width, y * picture.height), radius, fill=colour)
        return picture

    return change


def ruled(distance: int, colour: str) -> Change:
    """Rule the paper, behind the ink."""

    def change(picture: Image.Image, _: Generator) -> Image.Image:
        lines = Image.new("RGB", picture.size, "white")
        for y in range(distance // 2, picture.height, distance):
            ImageDraw.Draw(lines).line([(0, y), (picture.width, y)], fill=colour, width=2)
        return to_picture(torch.minimum(to_tensor(picture), to_tensor(lines)))

    return change


def frame(width: int, colour: str) -> Change:
    return lambda picture, _: ImageOps.expand(picture, width, colour)


def blur(radius: float) -> Change:
    return lambda picture, _: picture.filter(ImageFilter.GaussianBlur(radius))


def mode(name: str) -> Change:
    return lambda picture, _: picture.convert(name)


def to_tensor(picture: Image.Image) -> Tensor:
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(picture.height, picture.width, 3).permute(2, 0, 1).float()


def to_picture(pixels: Tensor) -> Image.Image:
    levels = pixels.clamp(0, 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    return Image.frombytes("RGB", (levels.shape[1], levels.shape[0]), levels.numpy().tobytes())


# --- The pictures -------------------------------------------------------------------------------

PHOTO = (shadow(0.35, 30, 0.3), grain(6), blur(0.8))
SCENES = [
    Scene("felt pen on white", (300, 300), 0.7, (0.5, 0.5), 0.11),
    Scene("ballpoint in a corner", (640, 480), 0.3, (0.25, 0.3), 0.06, "#f7f4ec", "#1f3a93"),
    Scene("photo in the evening", (900, 1200), 0.35, (0.55, 0.45), 0.07, "#d8d2c4", "#222222",
          after=PHOTO),
    Scene("chalk on a blackboard", (800, 600), 0.5, (0.6, 0.5), 0.09, "#26332b", "#e8e8e0",
          tremble=0.02, after=(grain(10),)),
    Scene("pencil", (500, 500), 0.6, (0.45, 0.55), 0.045, "#fbfbf8", "#9a9a9a", after=(grain(4),)),
    Scene("thick marker filling the sheet", (220, 260), 0.86, (0.5, 0.5), 0.2, ink="#b01020"),
    Scene("mouse drawing, one pixel wide", (400, 300), 0.5, (0.4, 0.5), 0.008, tremble=0.02,
          after=(mode("1"),)),
    Scene("white on black, small", (64, 64), 0.6, (0.5, 0.45), 0.12, "black", "white",
          after=(mode("L"),)),
    Scene("slanted, with a hard shadow", (700, 700), 0.4, (0.5, 0.5), 0.08, "#efe9dd", "#15151c",
          slant=0.3, after=(shadow(0.5, 70, 0.004),)),
    Scene("yellow on white", (320, 320), 0.6, (0.55, 0.5), 0.1, "white", "#f2e205"),
    Scene("dirty scan with a black frame", (500, 600), 0.45, (0.5, 0.55), 0.08, "#f0f0f0",
          after=(specks(60, 3, "#404040"), grain(5), frame(14, "black"))),
    Scene("ruled paper", (600, 600), 0.45, (0.5, 0.5), 0.06, "#fdfdfa", "#1b1b60",
          after=(ruled(60, "#b8cfe8"), grain(3))),
    Scene("brush, wet and wide", (360, 480), 0.7, (0.5, 0.5), 0.15, "#fff8e7", "#3a2a1a",
          slant=0.1, after=(blur(3),)),
    Scene("turned to the left", (480, 480), 0.55, (0.5, 0.5), 0.08, turn=12),
    Scene("palette drawing", (256, 192), 0.6, (0.5, 0.5), 0.09, "#3060c0", "#ffe070",
          after=(mode("P"),)),
]  # fmt: skip
HANDS = {"round": ROUND, "school": SCHOOL, "hasty": HASTY}


def drawn_digits() -> list[Drawn]:
    """Draw the ten digits of three hands, and four printed ones: (name, picture, label)."""
    written = [
        write(f"{digit}, {hand}: {scene.name}", strokes, scene, digit)
        for k, (hand, digits) in enumerate(HANDS.items())
        for digit, strokes in enumerate(digits)
        for scene in [SCENES[(4 * digit + 5 * k + digit // 5) % len(SCENES)]]
    ]
    return [*written, *(printed(digit) for digit in (2, 4, 5, 8))]


def write(name: str, strokes: str, scene: Scene, label: int) -> Drawn:
    """Write one digit in a scene."""
    rng = torch.Generator().manual_seed(sum(map(ord, name)))
    width, height = (2 * side for side in scene.size)  # shrunk to half at the end: smooth edges
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    size = scene.height * height
    cos, sin = math.cos(math.radians(scene.turn)), math.sin(math.radians(scene.turn))
    for stroke in strokes.split("/"):
        path = torch.tensor(list(curve(parse(stroke)))) / 100 - torch.tensor([0.33, 0.5])
        path = path + scene.tremble * smooth_noise(len(path), 2, rng)
        pressure = 1 + 0.12 * smooth_noise(len(path), 1, rng).squeeze(1)
        for (x, y), p in zip(path.tolist(), pressure.tolist(), strict=True):
            x -= scene.slant * y
            x, y = cos * x + sin * y, cos * y - sin * x
            place = (scene.at[0] * width + size * x, scene.at[1] * height + size * y)
            draw.circle(place, max(0.7, size * scene.pen * p / 2), fill=255)
    picture = Image.new("RGB", scene.size, scene.paper)
    picture.paste(scene.ink, mask=ink.resize(scene.size, Image.Resampling.BOX))
    for change in scene.after:
        picture = change(picture, rng)
    return name, picture, label


def printed(digit: int) -> Drawn:
    """Print one digit in the font that comes with Pillow."""
    picture = Image.new("L", (200, 200), "white")
    font = ImageFont.load_default(120)
    ImageDraw.Draw(picture).text((100, 100), str(digit), "black", font, anchor="mm")
    return f"{digit}, printed", picture, digit


def parse(stroke: str) -> list[Point]:
    points = (point.split(",") for point in stroke.split())
    return [(float(x), float(y)) for x, y in points]


def curve(points: list[Point], steps: int = 40) -> Iterator[Point]:
    """Walk along a Catmull-Rom spline, which passes through all of its points."""
    ends = [points[0], *points, points[-1]]
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in (i / steps for i in range(steps)):
            yield between(a[0], b[0], c[0], d[0], t), between(a[1], b[1], c[1], d[1], t)
    yield points[-1]


def between(a: float, b: float, c: float, d: float, t: float) -> float:
    """Go from b (t = 0) to c (t = 1) by a cubic of the slopes (c − a) / 2 and (d − b) / 2."""
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def smooth_noise(length: int, channels: int, rng: Generator) -> Tensor:
    """Draw noise ``(length, channels)`` that changes slowly, of standard deviation about 1."""
    knots = torch.randn(1, channels, length // 40 + 3, generator=rng)
    return torch.nn.functional.interpolate(knots, length, mode="linear", align_corners=True)[0].T


def contact_sheet(drawn: list[Drawn], side: int = 160, columns: int = 6) -> Image.Image:
    """Put all pictures on one sheet, with their names."""
    rows = -(-len(drawn) // columns)
    sheet = Image.new("RGB", (columns * (side + 10), rows * (side + 30)), "#808080")
    for i, (name, picture, _) in enumerate(drawn):
        x, y = i % columns * (side + 10), i // columns * (side + 30)
        sheet.paste(ImageOps.contain(picture.convert("RGB"), (side, side)), (x, y))
        ImageDraw.Draw(sheet).text((x, y + side + 4), name[:30], "black")
    return sheet


if __name__ == "__main__":
    contact_sheet(drawn_digits()).save(sys.argv[1])

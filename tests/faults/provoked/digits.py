"""An image shows no digit, or is not an image."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

from examples import predict

from ..fault import fault
from ..stage import Seen, Stage


def draw_seven(path: Path) -> None:
    drawing = Image.new("L", (300, 200), 255)
    ImageDraw.Draw(drawing).line([(110, 50), (170, 50), (130, 150)], fill=0, width=12)
    drawing.save(path)


def read(stage: Stage, make: Callable[[Path], object], *others: str) -> Seen:
    """Run predict.py on pictures; ``make`` makes the first one."""
    stage.copy(stage.half)
    make(stage.folder / "picture.png")
    return stage.run(predict.main, "runs/x", "picture.png", *others)


@fault("a picture is blank", 1, "picture.png", "not read", "no ink")
def blank(stage: Stage) -> Seen:
    return read(stage, Image.new("L", (300, 200), 255).save)


@fault("a picture is a text file", 1, "picture.png", "not read", "no picture")
def text(stage: Stage) -> Seen:
    return read(stage, lambda path: path.write_text("seven"))


@fault("a picture is truncated", 1, "picture.png", "not read", "damaged")
def cut_off(stage: Stage) -> Seen:
    def draw_half(path: Path) -> None:
        draw_seven(path)
        path.write_bytes(path.read_bytes()[:-100])

    return read(stage, draw_half)


@fault("a picture is a folder", 1, "picture.png", "not read", "Is a directory")
def folder(stage: Stage) -> Seen:
    return read(stage, Path.mkdir)


@fault("a picture is missing", 1, "picture.png", "not read", "No such file or directory")
def missing(stage: Stage) -> Seen:
    return read(stage, lambda path: None)


@fault("one of two pictures is missing", 1, "no.png", "not read", "picture.png: ", "Saved")
def one_of_two(stage: Stage) -> Seen:
    return read(stage, draw_seven, "no.png")

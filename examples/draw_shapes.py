"""Draw small colour pictures of shapes, in a folder for each shape: something to train on.

    python3 examples/draw_shapes.py my_pictures
    python3 examples/train_mnist.py --dataset my_pictures

Colours, sizes, places and angles are random: only the shape tells the class.
"""

import argparse
import math
import random
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

from PIL import Image, ImageDraw

from minicnn import runs

SIDE = 32  # pixels
FINE = 4  # a picture is drawn so many times as large, and shrunk: its edges are smooth
# How far each corner is from the middle, in turn.
SHAPES = {"circle": [1.0] * 60, "square": [1.0] * 4, "star": [1.0, 0.4] * 5, "triangle": [1.0] * 3}


def draw(shape: str, rng: random.Random) -> Image.Image:
    """Draw a dark shape on light paper, both coloured."""
    paper = tuple(rng.randint(160, 255) for _ in "RGB")
    ink = tuple(rng.randint(0, 110) for _ in "RGB")
    picture = Image.new("RGB", (FINE * SIDE, FINE * SIDE), paper)
    radius = FINE * SIDE * rng.uniform(0.25, 0.4)
    x, y = (FINE * SIDE * rng.uniform(0.42, 0.58) for _ in "xy")
    turn = rng.uniform(0, 2 * math.pi)
    corners = []
    for k, distance in enumerate(SHAPES[shape]):
        angle = turn + 2 * math.pi * k / len(SHAPES[shape])
        far = radius * distance
        corners.append((x + far * math.cos(angle), y + far * math.sin(angle)))
    ImageDraw.Draw(picture).polygon(corners, ink)
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX)


def main(argv: list[str] | None = None) -> None:
    """Read the command line, draw, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="new folder for the pictures")
    parser.add_argument("--count", type=int, default=80, help="pictures of each shape")
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error(f"argument --count: must be at least 1, got {args.count}")
    if args.folder.exists() and (not args.folder.is_dir() or any(args.folder.iterdir())):
        raise ValueError(f"FOLDER must be new or an empty folder, got {args.folder}")
    rng = random.Random(0)
    for shape in SHAPES:
        (args.folder / shape).mkdir(parents=True)
        for number in range(1, args.count + 1):
            draw(shape, rng).save(args.folder / shape / f"{number}.png")
    runs.say(f"Drew {args.count:,} pictures each of {', '.join(SHAPES)} in {args.folder}")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))

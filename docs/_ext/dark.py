"""Pictures for dark pages: each figure of a cell is drawn twice, and the page shows one of the two.

In the kernel of a page, `install` lets a figure be drawn a second time, with light lines on dark
paper: the lightness of each colour is turned round, its hue stays. What is a picture by itself (a
digit, a map, a filled contour), and what is drawn upon one, stays as it is: 0 is white and the
greatest value dark, as the text says. The second drawing travels in the metadata of the first.
While Sphinx writes the pages, `show_both` puts it beside the first; furo's classes ``only-light``
and ``only-dark`` hide one of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.figure
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import to_hex, to_rgba
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage
from matplotlib.text import Annotation, Text

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAPER, INK = np.array([19, 20, 22]) / 255, np.array([228, 231, 235]) / 255  # furo's in the dark
BRIGHTNESS = np.array([0.299, 0.587, 0.114])
NAMES = "color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"
IMAGE = re.compile(r'<img (?P<rest>[^>]*?src="(?P<folder>[^"]*)_images/(?P<name>[^"]+)"[^>]*)>')


def darken(colour: Any) -> Any:
    """Return a colour of the dark picture: white becomes dark paper, black becomes light ink.

    Args:
        colour: what matplotlib takes for one colour, or an array (..., 4).

    Returns:
        Red, green, blue and opacity, between 0 and 1; an array of the same shape for an array.

    Example:
        >>> to_hex(darken("white")), to_hex(darken("black")), to_hex(darken("#0072b2"))
        ('#131416', '#e4e7eb', '#45bafd')
        >>> darken("none")
        (0.0, 0.0, 0.0, 0.0)
    """
    rgba = np.array(colour if isinstance(colour, np.ndarray) else to_rgba(colour))
    brightness = rgba[..., :3] @ BRIGHTNESS
    turned = INK + brightness[..., None] * (PAPER - INK)
    rgb = np.clip(rgba[..., :3] + turned - brightness[..., None], 0, 1)
    rgba[..., :3] = np.where(rgba[..., 3:] > 0, rgb, rgba[..., :3])
    return rgba if isinstance(colour, np.ndarray) else tuple(map(float, rgba))


@contextmanager
def darkened(figure: matplotlib.figure.Figure) -> Iterator[None]:
    """Give a figure that has been drawn its dark colours, in a with block."""
    pictures = [artist for artist in figure.findobj(_is_picture) if artist.get_visible()]
    # Read all colours before the first is changed: a marker may have that of its line.
    colours = [
        (getattr(artist, f"set_{name}"), getattr(artist, f"get_{name}")())
        for artist in _parts(figure)
        if not _stays(artist, pictures)
        for name in NAMES
        if _chooses(artist, name)
    ] + [(partial(halo.__setitem__, "foreground"), halo["foreground"]) for halo in _halos(figure)]
    for change, colour in colours:
        if not (isinstance(colour, str) and colour in ("auto", "none")):
            change(darken(colour))
    try:
        yield
    finally:
        for change, colour in colours:
            change(colour)


def _is_picture(artist: Artist) -> bool:
    filled = isinstance(artist, ContourSet) and artist.filled
    return filled or isinstance(artist, AxesImage | QuadMesh)


def _parts(figure: matplotlib.figure.Figure) -> Iterator[Artist]:
    """Yield all that has a colour; matplotlib does not list the arrow and the box of a text."""
    for artist in figure.findobj():
        yield artist
        if isinstance(artist, Annotation) and artist.arrow_patch:
            yield artist.arrow_patch
        if isinstance(artist, Text) and (box := artist.get_bbox_patch()):
            yield box


def _halos(figure: matplotlib.figure.Figure) -> Iterator[dict[str, Any]]:
    """Yield the options of the strokes around texts, which matplotlib keeps to itself."""
    for artist in figure.findobj():
        for effect in artist.get_path_effects() or ():
            if "foreground" in (options := getattr(effect, "_gc", {})):
                yield options


def _stays(artist: Artist, pictures: list[Artist]) -> bool:
    """Whether an artist is a picture, takes its colours from data, or is drawn upon a picture."""
    if _is_picture(artist) or (isinstance(artist, Collection) and artist.get_array() is not None):
        return True
    axes = artist.axes
    if not isinstance(axes, Axes) or artist is axes.patch or artist in axes.spines.values():
        return False
    if artist not in axes.get_children():
        return False  # a tick, an entry of a legend
    extent = artist.get_window_extent()
    if not np.isfinite(extent.extents).all():
        return False  # of an empty text, say
    x, y = (extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2
    return any(
        picture.get_window_extent().contains(x, y) for picture in pictures if picture.axes is axes
    )


def _chooses(artist: Artist, name: str) -> bool:
    """Whether an artist has a colour of that name; what has two has no third for both."""
    two = hasattr(artist, "get_facecolor")
    return hasattr(artist, f"get_{name}") and not (two and name == "color")


def install() -> None:
    """Let the kernel of a page, this process, draw each figure a second time for dark pages."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    formatter = shell.display_formatter.formatters["image/png"]
    draw = formatter.lookup_by_type(matplotlib.figure.Figure)

    def draw_both(figure: matplotlib.figure.Figure) -> tuple[str, dict[str, str]]:
        light = draw(figure)
        with darkened(figure):
            return light, {"dark": draw(figure)}

    formatter.for_type(matplotlib.figure.Figure, draw_both)


@cache
def drawings(folder: Path) -> dict[str, bytes]:
    """Return the dark pictures of executed notebooks, by the names that pages have for them.

    A picture that a cell draws is named after its bytes; the file that shows the same to who reads
    the pages as files, after the tag ``picture-NAME`` of its cell.
    """
    found = {}
    for page in sorted(folder.rglob("*.ipynb")):
        for cell in json.loads(page.read_text("utf-8"))["cells"]:
            tags = cell["metadata"].get("tags", [])
            names = [tag.removeprefix("picture-") for tag in tags if tag.startswith("picture-")]
            for output in cell.get("outputs", []):
                if dark := output.get("metadata", {}).get("image/png", {}).get("dark"):
                    light = base64.b64decode(output["data"]["image/png"])
                    for name in (hashlib.sha256(light).hexdigest(), *names):
                        found[name] = base64.b64decode(dark)
    return found


def show_both(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put beside each picture of a page its dark one, if there is one."""
    drawn = drawings(Path(app.outdir).parent / "jupyter_execute")
    sources = {Path(file).name: file for file in app.builder.images}

    def beside(image: re.Match[str]) -> str:
        stem, suffix = Path(image["name"]).stem, Path(image["name"]).suffix
        if suffix == ".svg":
            svg = Path(app.srcdir, sources[image["name"]]).read_text("utf-8")
            dark = re.sub("#[0-9a-f]{6}", lambda c: to_hex(darken(c[0])), svg).encode()
        elif stem in drawn:
            dark = drawn[stem]
        else:
            return image[0]
        file = Path(app.outdir, "_images", f"{stem}-dark{suffix}")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(dark)
        second = image["rest"].replace(image["name"], file.name)
        return f'<img class="only-light" {image["rest"]}><img class="only-dark" {second}>'

    context["body"] = IMAGE.sub(beside, context.get("body", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hook."""
    app.connect("html-page-context", show_both)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

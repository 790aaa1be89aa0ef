"""The common style of all figures: palette, font sizes, and axes without clutter.

The user's settings of matplotlib are neither used nor changed, so a figure looks the same in a
notebook, in a thread and under a dark theme: see `settings`.

Reference: M. Okabe and K. Ito, "Color Universal Design", 2008: colours that colour-blind readers
can distinguish.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine

from .settings import Figure

INK, MUTED, FAINT, PAPER = "#1f2933", "#667380", "#e6eaee", "#ffffff"
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"  # from Okabe and Ito
PURPLE = "#aa4499"
# Of 256 colours, since matplotlib's own have as many as the user's settings said at its import.
INTENSITY = colormaps["gray_r"].resampled(256)  # images: dark ink on white
SIGNED = colormaps["RdBu_r"].resampled(256)  # blue below 0, white at 0, red above
AMOUNT = LinearSegmentedColormap.from_list("amount", ["#f4f6f8", ORANGE, "#5c2400"])

TITLE, HEADING, LABEL, SMALL = 12.0, 9.0, 8.0, 7.0  # points
MAX_NAME = 12  # characters of a class name
WIDTH, MARGIN, DPI = 8.0, 0.08, 150  # inches, inches, dots per inch

# Control characters, which no font has, and the surrogates that represent undecodable bytes of a
# file name, which cannot be drawn.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def new_figure(width: float, height: float, title: str, note: str = "") -> Figure:
    """Return an empty figure of ``width`` × ``height`` inches with a title above, a note below."""
    layout = ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN)
    figure = Figure((width, height), dpi=DPI, facecolor=PAPER, layout=layout)
    margin = MARGIN / width
    figure.suptitle(title, x=margin, ha="left", fontsize=TITLE, fontweight="bold", color=INK)
    if note:
        figure.supxlabel(note, x=margin, ha="left", fontsize=LABEL, color=MUTED)
    return figure


def strip(axes: Axes) -> None:
    """Remove ticks, spines and grid from ``axes``."""
    axes.set_facecolor(PAPER)
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def chart(axes: Axes) -> None:
    """Give ``axes`` small grey tick labels, faint horizontal grid lines and a base line."""
    axes.set_facecolor(PAPER)
    axes.set_axisbelow(True)
    axes.grid(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.8, linestyle="-")
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=MUTED, linewidth=0.8)
    quiet_ticks(axes)


def quiet_ticks(axes: Axes) -> None:
    """Make the tick labels of ``axes`` small and grey, and remove the tick marks."""
    axes.tick_params(which="both", length=0, pad=6, labelsize=LABEL, labelcolor=MUTED)


def heading(axes: Axes, text: str) -> None:
    """Write ``text`` above the left edge of ``axes``."""
    axes.set_title(text, loc="left", fontsize=HEADING, color=INK, pad=4)


def picture(
    axes: Axes,
    values: np.ndarray,
    limits: tuple[float, float],
    cmap: Colormap,
    extent: tuple[float, float, float, float] | None = None,
) -> None:
    """Draw ``values`` as square pixels on the colour scale ``limits``, at ``extent``."""
    axes.imshow(
        values,
        cmap=cmap,
        vmin=limits[0],
        vmax=limits[1],
        extent=extent,
        aspect="equal",
        origin="upper",
        interpolation="nearest",
    )


def colour_bar(
    figure: Figure,
    beside: Any,
    limits: tuple[float, float],
    cmap: Colormap,
    label: str = "",
    aspect: float = 25,
) -> Colorbar:
    """Add a colour bar for ``limits`` beside some axes, ``aspect`` times as high as wide."""
    scale = ScalarMappable(Normalize(*limits), cmap)
    bar = figure.colorbar(scale, ax=beside, aspect=aspect, pad=0.01)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(length=0, labelsize=SMALL, labelcolor=MUTED)
    bar.set_label(label, fontsize=LABEL, color=MUTED)
    return bar


def percent_tick(share: float, position: float) -> str:
    """Return the tick label of ``share`` in per cent, with as many decimals as needed."""
    return f"{100 * share:.4g}%"


def power_of_ten(exponent: float, position: float) -> str:
    """Return the tick label of 10 to the power of ``exponent``.

    Example:
        >>> power_of_ten(-12.0, 0.0)
        '10⁻¹²'
    """
    return "10" + f"{exponent:.0f}".translate(SUPERSCRIPTS)


def percent(share: float) -> str:
    """Return ``share`` in per cent with one decimal, never rounded to 0% or 100%.

    Example:
        >>> percent(0.873), percent(0.99998), percent(1e-5), percent(1.0)
        ('87.3%', '>99.9%', '<0.1%', '100.0%')
    """
    if 0.9995 <= share < 1:
        return ">99.9%"
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}"


def plain(name: str) -> str:
    """Return a name from outside as one line that can be drawn.

    Example:
        >>> plain(b"caf\\xe9\\n".decode("utf-8", "surrogateescape"))
        'caf��'
    """
    known = _characters_of_the_font()
    return "".join(c if ord(c) in known and not UNFIT.match(c) else "\N{REPLACEMENT CHARACTER}"
                   for c in name)  # fmt: skip


@cache
def _characters_of_the_font() -> frozenset[int]:
    """Return the characters that can be drawn; for any other, matplotlib warns and draws a box."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def class_labels(class_names: Sequence[str] | None, classes: int) -> list[str]:
    """Return one name per class, short enough for a figure: those given, or the class indices."""
    if class_names is None:
        return [str(k) for k in range(classes)]
    is_list = isinstance(class_names, Sequence) and not isinstance(class_names, str)
    if not is_list or not all(isinstance(name, str) for name in class_names):
        raise TypeError(f"class_names must be a sequence of strings, got {class_names!r}")
    if len(class_names) != classes:
        raise ValueError(f"class_names must hold {classes} names, got {len(class_names)}")
    return [plain(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…")
            for name in class_names]  # fmt: skip


def names_up_to(greatest: int, class_names: Sequence[str] | None) -> list[str]:
    """Return the names of the classes up to ``greatest``: those given, or the class indices."""
    given = len(class_names) if isinstance(class_names, Sequence) else 0
    return class_labels(class_names, max(greatest + 1, given))

"""Windows for figures that were made without pyplot."""

from collections.abc import Iterable

import matplotlib
from matplotlib.figure import Figure

SCREEN_DPI = 96  # a figure at the resolution of a page would be taller than many screens


def show(figures: Iterable[Figure]) -> None:
    """Open each figure in a window and wait until all of them are closed.

    The figures of this package belong to no window. This lends each one to pyplot, which picks
    whatever can open windows on this machine.

    Args:
        figures: What the other functions of this package return. Their dpi becomes the screen's, so
            save them first.

    Raises:
        RuntimeError: Nothing here can open a window, so that pyplot fell back to "agg".
    """
    if matplotlib.get_backend().lower() == "agg":
        raise RuntimeError("no window can be opened here (matplotlib's backend is agg)")
    import matplotlib.pyplot as plt  # here, since the figures themselves need no pyplot

    for figure in figures:
        figure.set_dpi(SCREEN_DPI)
        # pyplot wants a class to make a figure with; whatever returns one will do.
        plt.figure(FigureClass=lambda figure=figure, **_: figure)  # pyright: ignore[reportArgumentType]
    plt.show()

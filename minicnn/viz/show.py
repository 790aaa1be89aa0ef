"""Windows for figures made without pyplot."""

from collections.abc import Iterable

import matplotlib
from matplotlib.figure import Figure

SCREEN_DPI = 96  # a figure at the resolution of a page would be taller than many screens


def show(figures: Iterable[Figure]) -> None:
    """Open each figure in a window and wait until all of them are closed.

    The figures of this package belong to no window. This hands each one to pyplot, which chooses a
    backend that can open windows on this machine.

    Args:
        figures: Figures from the other functions of this package. Their dpi is set to that of the
            screen, so save them first.

    Raises:
        RuntimeError: No window can be opened here: pyplot uses "agg", or the backend that the user
            has chosen fails, for example because it is not installed or there is no display.
    """
    if matplotlib.get_backend().lower() == "agg":
        raise RuntimeError("no window can be opened here (matplotlib's backend is agg)")
    try:
        import matplotlib.pyplot as plt  # here, since the figures themselves need no pyplot

        for figure in figures:
            figure.set_dpi(SCREEN_DPI)
            # pyplot asks for a Figure class; a function that returns the figure also works.
            plt.figure(FigureClass=lambda figure=figure, **_: figure)  # pyright: ignore[reportArgumentType]
        plt.show()
    except Exception as error:  # each backend has errors of its own, such as tkinter's TclError
        raise RuntimeError(f"no window can be opened here: {error}") from error

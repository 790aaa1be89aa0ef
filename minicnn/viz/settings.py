"""matplotlib's settings: figures are drawn under its defaults, whatever the user has set.

matplotlib reads the variable MPLBACKEND and a file matplotlibrc when it is imported, and the
settings that result (fonts, TeX, colours, formats, …) whenever anything is created, drawn or saved.
In a notebook they may change at any time. The figures of this package always look the same: they
are created, drawn and saved under `defaults`, which puts the user's settings back afterwards. Which
windows open is up to the user: the backend is left alone.
"""

import locale
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def _import_matplotlib() -> None:
    """Import matplotlib, and if the user's settings prevent that, import it without them.

    An unknown MPLBACKEND is an error, and so is a matplotlibrc that is not UTF-8 or that asks for
    a locale that does not exist. A notebook, for example, sets MPLBACKEND for every program that is
    started from it, also where that backend is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except (OSError, ValueError, locale.Error):
        _import_without_settings()


def _import_without_settings() -> None:
    # Forget what was imported half, except for compiled modules, which can be loaded only once.
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", ""))
        if name.startswith("matplotlib.") and file.endswith(".py"):
            del sys.modules[name]
    environment, folder = dict(os.environ), os.getcwd()
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull  # an empty file
    os.chdir(os.path.dirname(os.__file__))  # a matplotlibrc in the current folder would come first
    try:
        import matplotlib  # noqa: F401
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)


_import_matplotlib()

import matplotlib  # noqa: E402
import matplotlib.figure  # noqa: E402

DEFAULTS: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
del DEFAULTS["backend"]
DEFAULTS["svg.hashsalt"] = "minicnn"  # with it, the same figure gives the same SVG file
_LOCK = threading.RLock()  # the settings are global: one thread draws at a time


@contextmanager
def defaults(changes: dict[Any, Any] | None = None) -> Iterator[None]:
    """Replace the user's settings by matplotlib's defaults, with some changes, in a with block.

    Example:
        >>> with matplotlib.rc_context({"font.size": 30.0}):
        ...     with defaults():
        ...         inside = matplotlib.rcParams["font.size"]
        ...     inside, matplotlib.rcParams["font.size"]
        (10.0, 30.0)
    """
    with _LOCK, matplotlib.rc_context():
        for key, value in {**DEFAULTS, **(changes or {})}.items():
            matplotlib.rcParams._set(key, value)  # as in rcParams[key] = value, but not checked
        yield


# The decorator of each function that draws. Text that a caller passes is text: two dollar signs in
# the name of a class do not make a formula.
drawing = defaults({"text.parse_math": False})


class Figure(matplotlib.figure.Figure):
    """A figure that is drawn and saved under `defaults`."""

    def draw(self, renderer: Any) -> None:
        """Draw the figure, as a window or a notebook asks for."""
        with defaults():
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure."""
        with defaults():
            super().savefig(*args, **kwargs)

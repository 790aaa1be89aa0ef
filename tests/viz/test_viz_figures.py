"""What holds for every figure: it fits, it is of the same look anywhere, it leaves nothing behind."""

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure


def test_nothing_reaches_over_the_edge(make, pixels):
    figure = make()
    pixels(figure)
    drawn = figure.get_tightbbox()  # in inches
    width, height = figure.get_size_inches()
    assert drawn.x0 >= 0
    assert drawn.y0 >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


def test_no_axes_lie_over_others(make, pixels):
    figure = make()
    pixels(figure)
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for i, box in enumerate(boxes):
        # A pixel of tolerance for the rounding of positions.
        assert not any(box.padded(-1).overlaps(other.padded(-1)) for other in boxes[:i])


def test_the_users_theme_changes_nothing(make, pixels):
    expected = pixels(make())
    theme = {"font.size": 20, "axes.grid": True, "image.cmap": "jet", "image.origin": "lower"}
    with matplotlib.rc_context():
        matplotlib.style.use(["dark_background", "ggplot", theme])
        got = pixels(make())
    np.testing.assert_array_equal(got, expected)


def test_settings_stay_as_they_were(make, pixels):
    before = dict(matplotlib.rcParams)
    pixels(make())
    assert dict(matplotlib.rcParams) == before


def test_drawing_twice_gives_the_same_pixels(make, pixels):
    np.testing.assert_array_equal(pixels(make()), pixels(make()))


def test_threads_draw_what_one_thread_draws(makers, pixels):
    expected = [pixels(make()) for make in makers.values()]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda make: pixels(make()), makers.values()))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_figure_is_freed_with_its_last_reference(make):
    figure = make()
    assert isinstance(figure, Figure)
    alive = weakref.ref(figure)
    del figure
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import minicnn", "matplotlib"),
        ("from minicnn import viz; viz.filters(torch.ones(1, 1, 1, 1))", "matplotlib.pyplot"),
    ],
)
def test_matplotlib_is_imported_no_sooner_than_needed(program, absent):
    check = f"import sys, torch; {program}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0

"""What holds for every figure: it fits, looks the same anywhere, leaves nothing behind."""

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


@pytest.mark.slow
def test_everything_fits_on_the_page_and_no_axes_lie_over_others(make, pixels):
    figure = make()
    pixels(figure)
    drawn = figure.get_tightbbox()  # in inches
    width, height = figure.get_size_inches()
    assert 0 <= drawn.x0 <= drawn.x1 <= width
    assert 0 <= drawn.y0 <= drawn.y1 <= height
    # Half a pixel of tolerance on each side for the rounding of positions.
    boxes = [axes.get_tightbbox().padded(-0.5) for axes in figure.axes]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.slow
def test_the_users_theme_changes_nothing_and_is_left_as_it_was(make, pixels):
    expected = pixels(make())
    theme = {"font.size": 20, "axes.grid": True, "image.cmap": "jet", "image.origin": "lower"}
    with matplotlib.rc_context():
        matplotlib.style.use(["ggplot", "dark_background", theme])
        settings = dict(matplotlib.rcParams)
        got = pixels(make())
        assert dict(matplotlib.rcParams) == settings
    np.testing.assert_array_equal(got, expected)


def test_threads_draw_what_one_thread_draws(makers, pixels):
    some = [makers[name] for name in ("one in colour", "curves", "confusion of two", "filters")]
    expected = [pixels(make()) for make in some]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda make: pixels(make()), some))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_figure_is_freed_with_its_last_reference(make):
    figure = make()
    assert isinstance(figure, Figure)
    alive = weakref.ref(figure)
    del figure
    gc.collect()
    assert alive() is None


def test_neither_matplotlib_nor_pyplot_is_imported_before_it_is_needed():
    program = """
import sys, torch, minicnn
assert "matplotlib" not in sys.modules
from minicnn import viz
viz.filters(torch.ones(1, 1, 1, 1))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)

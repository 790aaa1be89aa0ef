"""The user's settings of matplotlib change neither what is drawn nor whether it works."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from minicnn import viz
from minicnn.pages import markup
from minicnn.viz import settings

ROOT = Path(__file__).parents[2]
HOSTILE = """
backend: nonsense
text.usetex: True
text.antialiased: False
text.color: red
text.parse_math: True
font.family: serif
font.size: 30
font.weight: bold
mathtext.fontset: cm
axes.prop_cycle: cycler("color", ["red", "lime"])
axes.facecolor: black
axes.edgecolor: red
axes.grid: True
axes.axisbelow: False
axes.titlesize: 40
axes.titlelocation: right
axes.titley: 0.3
axes.labelpad: 30
axes.xmargin: 0.4
axes.ymargin: 0.4
axes.autolimit_mode: round_numbers
axes.unicode_minus: False
axes.spines.top: False
axes.formatter.limits: -1, 1
axes.formatter.use_mathtext: True
xtick.direction: in
xtick.minor.visible: True
xtick.labelrotation: 30
ytick.right: True
ytick.labelcolor: red
grid.alpha: 0.2
lines.linestyle: --
lines.antialiased: False
lines.dash_capstyle: round
lines.solid_capstyle: round
patch.force_edgecolor: True
patch.edgecolor: red
patch.linewidth: 4
patch.antialiased: False
hatch.color: red
markers.fillstyle: none
scatter.edgecolors: red
contour.linewidth: 5
contour.corner_mask: False
image.lut: 4
image.cmap: jet
image.origin: lower
image.interpolation: bilinear
image.resample: False
figure.dpi: 40
figure.titlesize: 40
figure.facecolor: black
figure.frameon: False
figure.subplot.left: 0.4
figure.constrained_layout.wspace: 0.5
figure.autolayout: True
path.sketch: 3, 100, 2
path.simplify_threshold: 1.0
path.snap: False
path.effects: []
savefig.dpi: 30
savefig.format: svg
savefig.bbox: tight
savefig.pad_inches: 2
savefig.facecolor: black
savefig.transparent: True
svg.fonttype: none
a line without a colon
no.such.setting: 3
lines.linewidth: thick
"""
SOME = ("curves", "confusion matrix", "filters", "incorrect", "occlusion", "range test", "pca")


def png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def chosen(folder: Path) -> matplotlib.RcParams:
    """What matplotlib makes of the hostile file."""
    path = folder / "matplotlibrc"
    path.write_text(HOSTILE)
    return matplotlib.rc_params_from_file(path, use_default_template=False)


def check(make: Callable[[], Figure], folder: Path) -> None:
    expected, page = png(make()), markup.png(make())
    with matplotlib.rc_context(chosen(folder)):
        before = dict(matplotlib.rcParams)
        assert before["text.usetex"]
        assert before["image.lut"] == 4
        assert png(make()) == expected
        assert markup.png(make()) == page
        assert dict(matplotlib.rcParams) == before
        drawn_before = make()  # and saved under other settings
    assert png(drawn_before) == expected


@pytest.mark.parametrize("name", ["curves", "filters"])
def test_settings_change_no_byte_of_a_figure(name: str, makers: dict, tmp_path: Path) -> None:
    check(makers[name], tmp_path)


def test_settings_change_no_pixel_in_a_window(makers: dict, tmp_path: Path, pixels) -> None:
    expected = pixels(makers["curves"]())
    with matplotlib.rc_context(chosen(tmp_path)):
        np.testing.assert_array_equal(pixels(makers["curves"]()), expected)


@pytest.mark.slow
def test_settings_change_no_byte_of_any_figure(make: Callable, tmp_path: Path) -> None:
    check(make, tmp_path)


def test_the_list_of_figures_has_every_function_that_draws(makers: dict) -> None:
    called = {name for make in makers.values() for name in make.__code__.co_names}
    assert set(viz.__all__) - {"show", "usual_figures"} <= called


def test_a_page_shows_a_figure_of_the_users_own_in_the_defaults(tmp_path: Path) -> None:
    def own() -> Figure:
        figure = Figure((1, 1))
        figure.add_subplot().plot([0, 1])
        return figure

    made, expected = own(), markup.png(own())
    with matplotlib.rc_context({"font.size": 30, "savefig.transparent": True, "text.usetex": True}):
        assert markup.png(made) == expected


def test_after_an_error_the_settings_are_the_users() -> None:
    with matplotlib.rc_context({"font.size": 31.0}):
        with pytest.raises(TypeError):
            viz.filters("w")  # pyright: ignore[reportArgumentType]
        assert matplotlib.rcParams["font.size"] == 31
        assert matplotlib.rcParams["text.parse_math"]


def test_threads_leave_the_settings_as_they_were() -> None:
    """The second to enter must not take the defaults for the user's settings."""
    with matplotlib.rc_context({"font.size": 31.0}):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: viz.filters(torch.ones(1, 1, 2, 2)), range(40)))
        assert matplotlib.rcParams["font.size"] == 31


def test_the_backend_is_left_to_the_user() -> None:
    assert "backend" not in settings.DEFAULTS
    before = matplotlib.rcParams._get("backend")
    with settings.defaults():
        assert matplotlib.rcParams._get("backend") is before


# --- Whole programs --------------------------------------------------------------------------

PROGRAM = """
import hashlib, io, json, os, sys
process = dict(os.environ), os.getcwd()
from minicnn import pages, runs, viz
assert (dict(os.environ), os.getcwd()) == process
import matplotlib
from tests.viz.conftest import FIGURES

before = dict(dict.items(matplotlib.rcParams))
sums = {"font size": matplotlib.rcParams["font.size"]}
for name in sys.argv[1:]:
    file = io.BytesIO()
    FIGURES[name]().savefig(file, format="png")
    sums[name] = hashlib.sha256(file.getvalue()).hexdigest()
sections = [pages.Section("A", "B", pages.Picture(FIGURES["filters"](), "C"))]
sums["page"] = hashlib.sha256(pages.page("A", [], sections).encode()).hexdigest()
assert dict(dict.items(matplotlib.rcParams)) == before
runs.show_figures({"filters": FIGURES["filters"]()})
print(json.dumps(sums))
"""


def run(folder: Path, **environment: str) -> tuple[dict[str, object], str]:
    """What the program draws when it is started in a folder, and what it complains about."""
    own = ("MPLBACKEND", "MATPLOTLIBRC", "MPLCONFIGDIR", "DISPLAY", "WAYLAND_DISPLAY")
    clean = {name: value for name, value in os.environ.items() if name not in own}
    command = [sys.executable, "-c", PROGRAM, *SOME]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What is drawn without any settings, with a backend that opens no window."""
    return run(tmp_path_factory.mktemp("plain"), MPLBACKEND="agg")[0]


@pytest.mark.slow
def test_a_program_draws_what_this_process_draws(expected: dict, makers: dict) -> None:
    for name in SOME:
        assert expected[name] == hashlib.sha256(png(makers[name]())).hexdigest(), name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ~/.config is not where settings are")
@pytest.mark.parametrize("where", ["current folder", "MATPLOTLIBRC", "~/.config"])
def test_a_file_of_settings_changes_nothing(where: str, expected: dict, tmp_path: Path) -> None:
    folder = tmp_path / "matplotlib"
    folder.mkdir()
    (folder / "matplotlibrc").write_text(HOSTILE)
    variables = {
        "current folder": {},
        "MATPLOTLIBRC": {"MATPLOTLIBRC": str(folder / "matplotlibrc")},
        "~/.config": {"XDG_CONFIG_HOME": str(tmp_path)},
    }[where]
    drawn, _ = run(folder if where == "current folder" else tmp_path, **variables)
    assert drawn == {**expected, "font size": 30}, "read by matplotlib, and without effect"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "note"),
    [
        ("nonsense", "no window can be opened here (matplotlib's backend is agg)"),
        ("module://nowhere.backend", "no window can be opened here: No module named 'nowhere'"),
    ],
)
def test_a_backend_that_does_not_exist_changes_nothing(
    backend: str, note: str, expected: dict, tmp_path: Path
) -> None:
    drawn, complaint = run(tmp_path, MPLBACKEND=backend)
    assert drawn == expected
    assert complaint == f"NOTE: {note}\n"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["current folder", "MATPLOTLIBRC"])
def test_a_file_that_matplotlib_cannot_read_changes_nothing(
    where: str, expected: dict, tmp_path: Path
) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"font.size: 30\n# caf\xe9\n")
    (tmp_path / "work").mkdir()
    if where == "current folder":
        drawn, _ = run(tmp_path)
    else:
        drawn, _ = run(tmp_path / "work", MATPLOTLIBRC=str(tmp_path / "matplotlibrc"))
    assert drawn == expected

"""Windows: pyplot gets the same figures, and only on demand."""

import matplotlib.pyplot as plt
import pytest
import torch

from minicnn import viz


@pytest.fixture
def backend():
    """Switch to "template", a backend that opens no window but is not "agg"."""
    yield plt.switch_backend
    plt.close("all")
    plt.switch_backend("agg")


def make():
    return viz.filters(torch.ones(1, 1, 3, 3))


def test_show_hands_the_figures_to_pyplot(monkeypatch, backend):
    shown = []
    backend("template")
    monkeypatch.setattr(plt, "show", lambda: shown.extend(map(plt.figure, plt.get_fignums())))
    figures = [make(), make()]
    assert plt.get_fignums() == []
    viz.show(figures)
    assert shown == figures
    assert all(figure.canvas.manager is not None for figure in figures)


def test_a_shown_figure_can_still_be_saved(monkeypatch, backend, tmp_path):
    backend("template")
    monkeypatch.setattr(plt, "show", lambda: None)
    figure = make()
    viz.show([figure])
    figure.savefig(tmp_path / "filters.png")
    assert (tmp_path / "filters.png").read_bytes().startswith(b"\x89PNG")


def test_a_backend_that_fails_is_one_error(monkeypatch, backend):
    class DisplayError(Exception):
        """As each backend has errors of its own."""

    def fail(**_):
        raise DisplayError("there is no display")

    backend("template")
    monkeypatch.setattr(plt, "figure", fail)
    with pytest.raises(RuntimeError, match=r"^no window can be opened here: there is no display$"):
        viz.show([make()])


def test_if_no_window_can_be_opened_show_says_so(backend):
    backend("agg")
    with pytest.raises(RuntimeError, match="no window can be opened here"):
        viz.show([make()])
    assert plt.get_fignums() == []

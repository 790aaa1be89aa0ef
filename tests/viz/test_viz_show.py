"""Windows: pyplot is given the very figures, and no more than on demand."""

import matplotlib.pyplot as plt
import pytest
import torch

from minicnn import viz


@pytest.fixture(autouse=True)
def _without_windows():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_show_hands_the_figures_to_pyplot(monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.extend(map(plt.figure, plt.get_fignums())))
    figures = [viz.filters(torch.ones(1, 1, 3, 3)) for _ in range(2)]
    assert plt.get_fignums() == []
    viz.show(figures)
    assert shown == figures


def test_where_no_window_can_open_show_warns_and_returns():
    with pytest.warns(UserWarning, match="non-interactive"):
        viz.show([viz.filters(torch.ones(1, 1, 3, 3))])

"""The style of the pages: what is wider than a phone scrolls in its box, and shows that it does."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ..pages_explorer.browser import Tab
from .test_book import ROOT

CSS = (ROOT / "docs" / "_static" / "book.css").read_text("utf-8")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A page</title>
<style>{css}
body {{ --color-background-primary: #fff; --color-code-background: #eee; margin: 10px; }}
body[data-theme="dark"] {{ --color-background-primary: #111; --color-code-background: #222; }}
body[data-theme="dark"] {{ background: #111; color: #fff; }}
span, pre {{ display: block; height: 3em; margin: 0; }}
i {{ display: inline-block; width: {width}px; }}
</style><body data-theme="{theme}">
<span class="katex-display"><i></i></span>
<div class="highlight"><pre><i></i></pre></div>
<div class="cell_output"><pre><i></i></pre></div>
<div class="table-wrapper"><table><tr><td><i></i></td></tr></table></div>
</body></html>"""
BOXES = ".katex-display", ".highlight pre", ".cell_output pre", ".table-wrapper"


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[200, 900])
def page(browser: Any, theme: str, request: Any, tmp_path: Path) -> Iterator[tuple[Any, bool]]:
    """A page, and whether what is in its boxes is wider than them."""
    file = tmp_path / "page.html"
    file.write_text(PAGE.format(css=CSS, width=request.param, theme=theme), encoding="utf-8")
    tab = Tab(browser, file, viewport={"width": 390, "height": 700})
    yield tab.page, request.param > 390
    tab.close()


def edges(page: Any, selector: str) -> tuple[int, int]:
    """How far the colour of a box is at its left and right edge from that in its middle."""
    picture = Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("L")
    row = np.asarray(picture).astype(int)[picture.height // 2]
    return abs(row[3] - row[len(row) // 2]), abs(row[-4] - row[len(row) // 2])


@pytest.mark.parametrize("selector", BOXES)
def test_a_shadow_shows_on_which_side_there_is_more(page: tuple[Any, bool], selector: str) -> None:
    tab, is_wide = page
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    scroll = f"document.querySelector({selector!r}).scrollTo({{left: %d}})"
    seen = []
    for place in (0, 150, 9999):
        tab.evaluate(scroll % place)
        seen.append([edge > 10 for edge in edges(tab, selector)])
    assert seen == ([[False, True], [True, True], [True, False]] if is_wide else 3 * [[False] * 2])

"""Interactive figures: custom elements, drawn with the modules of the explorer.

In a page a figure is an element on lines of its own. If a printed picture shows the same, the
attribute instead-of names it: the picture is what is shown without a script, on paper, and where
the page is read as a file; elsewhere the figure takes its place (parts.js, figures.css). If the
pictures of the page show something else, they stay, and a comment says what:

    <minicnn-pool instead-of="06-routing">
    </minicnn-pool>

    <minicnn-window>
    <!-- Beside 03-geometry: nine geometries at once, and padding "same". -->
    </minicnn-window>

Here the modules become one classic script, which needs no server and no network connection.

    parts.js    what the figures are made of: controls, numbers that can be chosen, a sentence
    window.js   <minicnn-window>, with the attribute backward: a convolution and its gradients
    pool.js     <minicnn-pool>: windows, ties, and where the gradients go
    softmax.js  <minicnn-softmax>: temperature, label smoothing, p − q
    plane.js    points, lines and lines of equal height
    weight.js   <minicnn-weight>: one weight, the slope of its loss, and a step
    descent.js  <minicnn-descent>: gradient descent, momentum and Adam on a landscape
    unfold.js   <minicnn-unfold>: windows become columns
    matrix.js   <minicnn-matrix>: a convolution as a banded matrix
    schedule.js <minicnn-schedule>: the learning rate over the steps
    signals.js  <minicnn-signals>: the size of signals in twenty layers
    law.js      <minicnn-law>: a law, a bug, and whether the law sees it
    graph.js    <minicnn-graph>: a graph, forward and backward, node by node
    curves.js   <minicnn-curves>: a small training, and its learning curves
    field.js    <minicnn-field>: the receptive field of a cell behind several convolutions
    digit.js    <minicnn-digit>: a drawn digit, its saliency, and a receptive field; the network is
                trained by the page, whose code shows `weights.Weights` of it
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicnn.pages.explorer import ENGINE, classic, join

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

HERE = Path(__file__).parent
VIEW = "normalise", "dom", "maps", "pad"
FIGURES = (
    *("window", "pool", "softmax", "weight", "descent"),
    *("unfold", "matrix", "schedule", "signals", "law", "graph", "curves", "field", "digit"),
)
MODULES = "parts", "plane", *FIGURES


def script() -> str:
    """Return all figures as one classic script.

    Example:
        >>> script().count("customElements.define")
        1
    """
    own = "\n".join(classic((HERE / f"{name}.js").read_text("utf-8")) for name in MODULES)
    return f'(() => {{\n"use strict";\n{join((*ENGINE, *VIEW))}\n{own}\n}})();\n'


def write(app: Sphinx, config: Config) -> None:
    """Write the script and its style sheet where Sphinx takes static files from."""
    folder = Path(app.srcdir, "_build", "figures")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.js").write_text(script(), encoding="utf-8")
    (folder / "figures.css").write_text((HERE / "figures.css").read_text("utf-8"), encoding="utf-8")
    config.html_static_path.append(str(folder))


def link(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the script in the pages that have a figure."""
    if "<minicnn-" in context.get("body", ""):
        app.add_js_file("figures.js", loading_method="defer")
        app.add_css_file("figures.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("config-inited", write)
    app.connect("html-page-context", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""How Sphinx builds the book: plain Markdown in, pages that have run out."""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

project = "minicnn"
author = "the minicnn developers"
copyright = "the minicnn developers"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinxcontrib.katex",
]
exclude_patterns = ["_build", "results/*.md"]
nitpicky = True

html_theme = "furo"
html_title = "minicnn"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static", "_build/katex"]
html_css_files = ["book.css"]

# Formulas become HTML while the site is built; build.py has fetched their style sheet and fonts.
katex_prerender = True
katex_css_path = "katex.min.css"

myst_enable_extensions = ["dollarmath", "amsmath", "alert", "colon_fence", "deflist"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
myst_update_mathjax = False

# "force" runs every page anew; a cache would not notice that the library has changed.
nb_execution_mode = os.environ.get("MINICNN_DOCS_EXECUTION", "force")
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_use_rtype = False

KERNEL = """---
file_format: mystnb
kernelspec:
  name: python3
---

```{code-cell} ipython3
:tags: [remove-cell]
%matplotlib inline
import torch
torch.set_num_threads(1)
```

"""
FENCE = re.compile(r"^```python *(?P<tags>[a-z -]*)$", re.MULTILINE)


def run_fences(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn the Python fences of a chapter into cells that run; ``no-run`` leaves one as text."""
    if name.startswith("learn/"):
        source[0] = KERNEL + FENCE.sub(_cell, source[0])


def _cell(fence: re.Match[str]) -> str:
    tags = fence["tags"].split()
    if "no-run" in tags:
        return "```python"
    options = f"\n:tags: [{', '.join(tags)}]" if tags else ""
    return f"```{{code-cell}} ipython3{options}"


def refuse_bad_formulas(app: Sphinx, error: Exception | None) -> None:
    """Fail where KaTeX could not read a formula: it only paints it red, and goes on."""
    if error is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "katex-error" in text or "color:#cc0000" in text:
            raise ExtensionError(f"{page} has a formula that KaTeX cannot read")


def setup(app: Sphinx) -> None:
    """Connect the two hooks."""
    app.connect("source-read", run_fences)
    app.connect("build-finished", refuse_bad_formulas)

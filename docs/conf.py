"""How Sphinx builds the book: plain Markdown in, pages that have run out."""

import ast
import inspect
import json
import os
import re
import sys
import textwrap
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

# What sets the formulas, and what the chapters draw with: their kernels inherit the environment.
sys.path.insert(0, str(Path(__file__).parent / "_ext"))
paths = [sys.path[0], os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))

from notebooks import FENCE  # noqa: E402

project = "minicnn"
author = "the minicnn developers"
copyright = "the minicnn developers"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "katex",
    "figures",
    "dark",
    "notebooks",
]
exclude_patterns = [
    "_build",
    *(f"results/{name}.md" for name in ("bench", "faults", "grader", "roofline")),
]
nitpicky = True
nitpick_ignore_regex = [
    ("py:exc", r"[A-Z]\w*"),  # Python's own, whose manual is not there without a network
    ("py:obj", ".*"),  # backticks in docstrings: a link where there is something, else code
    ("py:class", r"(collections|matplotlib|numpy|pathlib|torch|typing)\..*|[a-z]+|[A-Z]\w+"),
]

html_theme = "furo"
html_title = "minicnn"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static", "_build/katex"]
html_css_files = ["book.css", ("print.css", {"media": "print"})]
html_extra_path = ["_build/play"]  # what the page "Play" writes when it is run

myst_enable_extensions = ["dollarmath", "amsmath", "alert", "colon_fence", "deflist"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
myst_update_mathjax = False

# "force" runs every page anew; a cache would not notice that the library has changed.
nb_execution_mode = os.environ.get("MINICNN_DOCS_EXECUTION", "force")
nb_execution_show_tb = True
nb_execution_timeout = 600  # seconds a cell
nb_merge_streams = True
nb_code_prompt_show = "Show the code that made this"
nb_code_prompt_hide = "Hide the code"

default_role = "py:obj"  # of docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
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
import dark
dark.install()
```

"""


def run_fences(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn the Python fences of a page into cells that run; ``no-run`` leaves one as text.

    Behind a fence there may be the picture that it draws, for who reads the page elsewhere, as a
    file: here the cell draws it anew. build.py --save-pictures writes the files.
    """
    if name.startswith("learn/") or name in ("beside-torch", "play", "recipes"):
        source[0] = KERNEL + FENCE.sub(_cell, source[0])


def _cell(fence: re.Match[str]) -> str:
    tags = fence["tags"].split()
    if "no-run" in tags:
        return f"```python\n{fence['code']}```\n"
    options: dict[str, Any] = {"tags": tags}
    if fence["picture"]:
        tags.append(f"picture-{fence['picture']}")
        options["mystnb"] = {"image": {"alt": " ".join(fence["alt"].split())}}
    # JSON is YAML too, which the options are to be written in.
    return f"```{{code-cell}} ipython3\n---\n{json.dumps(options)}\n---\n{fence['code']}```\n"


def set_equations(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Show what a docstring indents, or lines up in columns, as it stands there.

    Before its first section a docstring has paragraphs, and blocks that are indented (equations,
    commands) or lined up in columns (a list of names, say): these become literal blocks.
    """
    end = next((i for i, line in enumerate(lines) if SECTION.match(line)), len(lines))
    body: list[str] = []
    for is_block, block in groupby(_paragraphs(lines[:end]), key=_stands_as_it_is):
        if is_block:
            text = textwrap.dedent("\n\n".join("\n".join(paragraph) for paragraph in block))
            body += [f".. code-block:: {_language(text)}", ""]
            body += [*textwrap.indent(text, "   ").split("\n"), ""]
        else:
            prose = [line for paragraph in block for line in (*paragraph, "")]
            body += [re.sub(r"\|(\w+)\|", r"\|\1\|", line) for line in prose]  # |t| is no macro
    lines[:end] = body
    lines[:] = [spelt for line in lines for spelt in _for_napoleon(what, line)]


def _for_napoleon(what: str, line: str) -> list[str]:
    """Spell a line so that napoleon reads it as it is meant."""
    if what == "property":  # where what stands before a colon is no type
        return [line.replace(":", HIDDEN_COLON)]
    if what == "class" and (pair := re.fullmatch(r"    (\w+), (\w+): (.*)", line)):
        return [f"    {name}: {pair[3]}" for name in pair.groups()[:2]]
    return [line]


def show_colons(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Put back the colons that were hidden from napoleon."""
    lines[:] = [line.replace(HIDDEN_COLON, ":") for line in lines]


HIDDEN_COLON = "\N{SYMBOL FOR NULL}"
SECTION = re.compile(r"(Args|Attributes|Example|Raises|Returns|Yields):\s*$")


def _paragraphs(lines: list[str]) -> list[list[str]]:
    return [list(ls) for blank, ls in groupby(lines, key=lambda ln: not ln.strip()) if not blank]


def _stands_as_it_is(paragraph: list[str]) -> bool:
    indented = all(line.startswith("    ") for line in paragraph)
    return indented or any(re.search(r"\S {3,}\S", line) for line in paragraph)


def _language(text: str) -> str:
    """Colour what Python can read as Python, if there is more in it than an equation."""
    try:
        parts = [type(node) for node in ast.walk(ast.parse(text))]
    except SyntaxError:
        return "text"
    return "python" if ast.Call in parts or ast.Import in parts else "text"


def skip_plain_fields(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out fields, and Python's own functions as defaults: the docstring told of them."""
    plain = (getattr(obj, "__doc__", None) or "").startswith("Alias for field")
    return True if plain or inspect.isbuiltin(obj) else None


def find_in_minicnn(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Read `optim.sgd` in a docstring as minicnn.optim.sgd."""
    if node.get("reftype") != "obj":
        return None
    domain = env.get_domain("py")
    name = f"minicnn.{node['reftarget']}".removesuffix("()")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)


def setup(app: Sphinx) -> None:
    """Connect the hooks."""
    app.connect("source-read", run_fences)
    app.connect("autodoc-process-docstring", set_equations, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", show_colons, priority=600)  # after it
    app.connect("autodoc-skip-member", skip_plain_fields)
    app.connect("missing-reference", find_in_minicnn)

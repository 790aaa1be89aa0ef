"""Formulas become HTML while the site is built: KaTeX runs in one Node process.

A formula goes to its standard input as a line of JSON, and its HTML comes back as another. Pipes
exist before the process starts; a server's socket exists before it can be connected to, and whoever
is too early is refused.
"""

import json
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

# build.py has installed it, and copies its style sheet and fonts to the site.
LIBRARY = Path(__file__).parents[1] / "_build" / "node" / "node_modules" / "katex"
SCRIPT = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [latex, displayMode] = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(latex, { displayMode }) };
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
});
"""


class Katex:
    """A running KaTeX: set formulas by calling it, and close it in the end."""

    def __init__(self) -> None:
        command = ["node", "-e", SCRIPT, str(LIBRARY)]
        self.node = Popen(command, stdin=PIPE, stdout=PIPE, encoding="utf-8")

    def __call__(self, latex: str, display: bool) -> str:
        """Return a formula as HTML.

        Args:
            latex: the formula.
            display: whether it stands on a line of its own.

        Raises:
            ExtensionError: KaTeX cannot read the formula, or does not run.
        """
        assert self.node.stdin
        assert self.node.stdout
        try:
            print(json.dumps([latex, display]), file=self.node.stdin, flush=True)
            answer = json.loads(self.node.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):  # Node has said why
            raise ExtensionError(
                "KaTeX does not run; build.py installs it in docs/_build"
            ) from None
        if "error" in answer:
            raise ExtensionError(f"KaTeX cannot read the formula {latex!r}: {answer['error']}")
        return answer["html"]

    def close(self) -> None:
        """End the process."""
        self.node.communicate()


def setup(app: Sphinx) -> dict[str, Any]:
    """Make KaTeX the renderer of formulas."""
    katex = Katex()

    def inline(page: HTML5Translator, node: nodes.math) -> None:
        page.body.append(f'<span class="math">{katex(node.astext(), False)}</span>')
        raise nodes.SkipNode

    def block(page: HTML5Translator, node: nodes.math_block) -> None:
        if node["number"]:
            raise ExtensionError(f"an equation has the number {node['number']}, expected none")
        page.body.append(page.starttag(node, "div", CLASS="math"))
        page.body.append(f"{katex(node.astext(), True)}</div>")
        raise nodes.SkipNode

    app.add_html_math_renderer("katex", (inline, None), (block, None))
    app.add_css_file("katex.min.css")
    app.connect("build-finished", lambda app, error: katex.close())
    # Two processes that write at once would mix their lines.
    return {"parallel_read_safe": True, "parallel_write_safe": False}

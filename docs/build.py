"""Build the book: ``python docs/build.py``, and then open docs/_build/html/index.html.

It runs every page's code, treats warnings as errors, and checks the links between the pages. Node
is needed, to set the formulas; npm gives their style sheet and fonts, once.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
BUILD = DOCS / "_build"
KATEX = "katex@0.16.22"  # the version that sphinxcontrib-katex sets formulas with


def main() -> int:
    """Fetch, build, check."""
    fetch_katex(BUILD / "katex")
    html = BUILD / "html"
    shutil.rmtree(html, ignore_errors=True)
    run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", DOCS, html])
    run([sys.executable, "-m", "linkcheck", "--no-warnings", "--ignore-url=^https?://", html])
    print(f"\nOpen {html / 'index.html'}")
    return 0


def fetch_katex(folder: Path) -> None:
    """Get the style sheet with the fonts that it names, of which woff2 is enough."""
    if (folder / "katex.min.css").exists():
        return
    node = BUILD / "node"
    run(["npm", "install", "--silent", "--prefix", node, KATEX])
    source = node / "node_modules" / "katex" / "dist"
    style = (source / "katex.min.css").read_text(encoding="utf-8")
    style = re.sub(r',url\([^)]*\) format\("(woff|truetype)"\)', "", style)
    shutil.copytree(
        source / "fonts", folder / "fonts", ignore=shutil.ignore_patterns("*.woff", "*.ttf")
    )
    (folder / "katex.min.css").write_text(style, encoding="utf-8")


def run(command: list) -> None:
    """Run a command, and stop with its exit code if it fails."""
    words = [str(word) for word in command]
    code = subprocess.run(words, check=False, env={**os.environ, "PYTHONWARNINGS": ""}).returncode
    if code != 0:
        raise SystemExit(f"{Path(words[0]).name} failed, exit code {code}")


if __name__ == "__main__":
    sys.exit(main())

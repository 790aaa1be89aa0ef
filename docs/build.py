"""Build the book: ``python3 docs/build.py``, and then open docs/_build/html/index.html.

It runs the code of every page, treats warnings as errors, and checks the links between the pages.
Formulas are set by KaTeX, which needs Node and is installed by npm at the first build.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

import notebooks  # noqa: E402

BUILD = DOCS / "_build"
KATEX = "katex@0.16.22"


def main() -> int:
    """Fetch, build, check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--save-pictures",
        action="store_true",
        help="also write docs/images/learn, the pictures for who reads the pages as files",
    )
    parser.add_argument(
        "--pdf", action="store_true", help="also print docs/_build/minicnn.pdf, with Chromium"
    )
    parser.add_argument(
        "--notebooks",
        action="store_true",
        help="only write docs/_build/notebooks, the chapters as notebooks, which needs no Node",
    )
    args = parser.parse_args()
    if args.notebooks:
        notebooks.write(BUILD / "notebooks")
        print(f"Open the notebooks in {BUILD / 'notebooks'}")
        return 0
    chromium = None
    if args.pdf:
        from printed import find_chromium

        chromium = find_chromium()
    fetch_katex(BUILD / "katex")
    quieten(BUILD / "ipython")
    (BUILD / "play").mkdir(exist_ok=True)  # for what the page "Play" writes
    html = BUILD / "html"
    shutil.rmtree(html, ignore_errors=True)
    run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", DOCS, html])
    check_links(html)
    if args.save_pictures:
        save_pictures(DOCS / "images" / "learn")
    if chromium:
        from printed import print_book

        print_book(chromium, html, BUILD / "minicnn.pdf")
        print(f"\nPrinted {BUILD / 'minicnn.pdf'}")
    print(f"\nOpen {html / 'index.html'}")
    return 0


def check_links(html: Path) -> None:
    """Check the links, in a copy that everyone can read: LinkChecker run by root becomes nobody."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copytree(html, Path(folder, "html"))
        run([sys.executable, "-m", "linkcheck", "--no-warnings", "--ignore-url=^https?://", copy])


def fetch_katex(folder: Path) -> None:
    """Install KaTeX, and copy its style sheet with the fonts that it names: woff2 is enough."""
    node = BUILD / "node"
    source = node / "node_modules" / "katex" / "dist"
    if (folder / "katex.min.css").exists() and source.exists():
        return
    run(["npm", "install", "--silent", "--prefix", node, KATEX])
    style = (source / "katex.min.css").read_text(encoding="utf-8")
    style = re.sub(r',url\([^)]*\) format\("(woff|truetype)"\)', "", style)
    woff2_alone = shutil.ignore_patterns("*.woff", "*.ttf")
    shutil.copytree(source / "fonts", folder / "fonts", ignore=woff2_alone, dirs_exist_ok=True)
    (folder / "katex.min.css").write_text(style, encoding="utf-8")


def quieten(folder: Path) -> None:
    """Let the kernels that run the pages not warn that they talk on this machine unencrypted."""
    profile = folder / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = {"IPKernelApp": {"log_level": "ERROR"}}
    (profile / "ipython_kernel_config.json").write_text(json.dumps(settings), encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)


def save_pictures(folder: Path) -> None:
    """Write what the cells drew behind which a page names a picture."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for page in sorted((BUILD / "jupyter_execute").rglob("*.ipynb")):
        for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]:
            for tag in cell["metadata"].get("tags", []):
                if tag.startswith("picture-"):
                    save_picture(folder / tag.removeprefix("picture-"), cell["outputs"])


def save_picture(path: Path, outputs: list[dict]) -> None:
    """Write the picture among a cell's outputs."""
    drawn = [
        (kind, d["data"][f"image/{kind}"])
        for d in outputs
        for kind in ("gif", "png")
        if f"image/{kind}" in d.get("data", {})
    ]
    kind, picture = drawn[0]
    path.with_suffix(f".{kind}").write_bytes(base64.b64decode(picture))


def run(command: list) -> None:
    """Run a command, and stop with its exit code if it fails."""
    words = [str(word) for word in command]
    words[0] = shutil.which(words[0]) or words[0]  # on Windows npm is npm.cmd
    code = subprocess.run(words, check=False, env={**os.environ, "PYTHONWARNINGS": ""}).returncode
    if code != 0:
        raise SystemExit(f"{Path(words[0]).name} failed, exit code {code}")


if __name__ == "__main__":
    sys.exit(main())

"""The chapters as notebooks, made from the same Markdown.

A notebook holds the text and the cells of its chapter, and no outputs: the page shows those, and a
notebook is there to be run. It runs alone, wherever minicnn's extra ``notebooks`` is installed:

- The files of the repository that the cells read (what the diagrams are drawn with, recorded
  results) are written by its first cell into a temporary folder.
- Links lead to the book and to the source on the web. The picture behind a cell that draws it is
  left out, any other one is attached; a line takes the place of an interactive figure.
- A solution is no cell: it stays folded, as text with its code, until a reader opens it.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
CHAPTERS = ROOT / "docs" / "learn"
# A cell of a page, with the picture that it draws, for who reads the page as a file.
FENCE = re.compile(
    r"^```python *(?P<tags>[a-z -]*)\n(?P<code>.*?)^```\n"
    r"(\n!\[(?P<alt>[^\]]*)\]\(\.\./images/learn/(?P<picture>[\w-]+)\.\w+\)\n)?",
    re.MULTILINE | re.DOTALL,
)
SOLUTION = re.compile(r"^<details>\n.*?^</details>\n", re.MULTILINE | re.DOTALL)
TOUCHABLE = re.compile(r"^<(minicnn-[a-z]+)\b[^>]*>\n(?:.*\n)*?</\1>\n", re.MULTILINE)
LINK = re.compile(r"\]\((?=[^)])(?P<path>[\w./-]*)(?P<anchor>#[\w-]+)?\)")
PICTURE = re.compile(r"^!\[(?P<alt>[^\]]*)\]\((?P<path>[\w./-]+)\)$", re.MULTILINE)
HERE = "Path(minicnn.__file__).parents[1]"  # the repository, in the code of a chapter
NAMED = re.compile(r'"([\w{}-]+\.(?:json|txt))"')

SETUP = """# So that a notebook shows figures that no pyplot made.
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("png")
"""
CARRIED = """
# Files of minicnn's repository, which the cells below read.
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

folder = TemporaryDirectory()
repository = Path(folder.name)
sys.path[:0] = [str(repository), str(repository / "docs" / "_ext")]
for name, text in {
%s}.items():
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(text, encoding="utf-8")
"""


def notebook(chapter: Path) -> dict[str, Any]:
    """Return a chapter as a notebook, in the format of Jupyter.

    Args:
        chapter: its Markdown file.

    Example:
        >>> cells = notebook(CHAPTERS / "01-digits-as-tensors.md")["cells"]
        >>> cells[0]["source"].partition(chr(10))[0], cells[0]["cell_type"]
        ('# 1. Digits as tensors', 'markdown')
    """
    title, _, text = chapter.read_text("utf-8").partition("\n")
    cells = list(_cells(text, chapter))
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    note = (
        f"*From [the book of minicnn]({_page(chapter)}), where the outputs are. The cells need "
        f"minicnn: in a clone of [its repository]({project('Source')}), "
        "`pip install -e '.[notebooks]'`.*"
    )
    first = SETUP
    if files := _carried("\n".join(code)):
        first += CARRIED % "".join(f'    "{name}": {files[name]},\n' for name in sorted(files))
    cells = [_text(f"{title}\n\n{note}"), _code(first, hidden=True), *cells]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
    }


def write(folder: Path) -> None:
    """Write all chapters as notebooks into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in sorted(CHAPTERS.glob("*.md")):
        text = json.dumps(notebook(chapter), ensure_ascii=False, indent=1)
        (folder / f"{chapter.stem}.ipynb").write_text(text, encoding="utf-8")


def _cells(text: str, chapter: Path) -> Iterator[dict[str, Any]]:
    prose, end = "", 0
    solutions = [match.span() for match in SOLUTION.finditer(text)]
    for fence in FENCE.finditer(text):
        tags = fence["tags"].split()
        folded = any(start < fence.start() < stop for start, stop in solutions)
        if folded or "no-run" in tags:
            continue
        prose = text[end : fence.start()]
        yield from texts(prose, chapter)
        yield _code(fence["code"].replace(HERE, "repository"), hidden="hide-input" in tags)
        end = fence.end()
    yield from texts(text[end:], chapter)


def texts(prose: str, chapter: Path) -> Iterator[dict[str, Any]]:
    """Yield a cell for each section of a text, so that one can be folded by its heading."""
    line = f"*[The book]({_page(chapter)}) has an interactive figure here.*\n"
    prose = TOUCHABLE.sub(line, prose)
    prose = prose.replace("> [!WARNING]\n", "")
    prose = re.sub(r"^```python [a-z -]+$", "```python", prose, flags=re.MULTILINE)
    pictures: dict[str, dict[str, str]] = {}
    prose = PICTURE.sub(lambda picture: _attach(picture, chapter, pictures), prose)
    prose = LINK.sub(lambda link: f"]({_target(link, chapter)})", prose)
    for section in re.split(r"^(?=## )", prose, flags=re.MULTILINE):
        if section.strip():
            shown = {
                name: data for name, data in pictures.items() if f"(attachment:{name})" in section
            }
            yield _text(section) | ({"attachments": shown} if shown else {})


def _attach(picture: re.Match[str], chapter: Path, pictures: dict[str, dict[str, str]]) -> str:
    """Put a picture that is a file into ``pictures``, as PNG: JupyterLab attaches no SVG."""
    file = (chapter.parent / picture["path"]).with_suffix(".png")
    data = base64.b64encode(file.read_bytes()).decode()
    pictures[file.name] = {"image/png": data}
    return f"![{picture['alt']}](attachment:{file.name})"


def _target(link: re.Match[str], chapter: Path) -> str:
    """Return where a link leads from outside; what names no file is none, as in ``f[0](x)``."""
    file = (chapter.parent / link["path"]).resolve() if link["path"] else chapter
    if not file.is_file():
        return link[0][2:-1]
    if file.suffix == ".md" and file.is_relative_to(ROOT / "docs"):
        return _page(file) + (link["anchor"] or "")
    return f"{project('Source')}/blob/main/{file.relative_to(ROOT).as_posix()}"


def _page(file: Path) -> str:
    """Return the address of a page of the book."""
    return (
        project("Documentation") + file.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
    )


def project(name: str) -> str:
    """Return what pyproject.toml says of the project, such as its description or an address.

    Example:
        >>> project("name")
        'minicnn'
    """
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    [value] = re.findall(f'^{name} = "(.*)"$', text, re.MULTILINE)
    return value


def _carried(code: str) -> dict[str, str]:
    """Return the files of the repository that code needs, by their paths, as string literals."""
    files = set(_modules(code))
    for name in NAMED.findall(code):
        files |= {*(ROOT / "docs" / "results").glob(re.sub(r"\{\w+\}", "*", name))}
    return {file.relative_to(ROOT).as_posix(): literal(file.read_text("utf-8")) for file in files}


def _modules(code: str) -> Iterator[Path]:
    """Yield the files of the modules that code imports and no installation has, and of theirs."""
    found: list[Path] = []
    codes = [code]
    while codes:
        for name in imported(codes.pop()):
            for file in _files(name):
                if file not in found:
                    found.append(file)
                    codes.append(file.read_text("utf-8"))
    yield from found


def imported(code: str) -> Iterator[str]:
    """Yield the modules that code may import: in ``from a import b``, ``a.b`` may be one too."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(module: str) -> Iterator[Path]:
    """Yield the file of a module, and of the packages that it is in."""
    parts = module.split(".")
    if parts[0] == "minicnn":
        return
    own = ROOT / "docs" / "_ext" / f"{module}.py"
    packages = [ROOT.joinpath(*parts[: n + 1], "__init__.py") for n in range(len(parts))]
    for file in (own, ROOT.joinpath(*parts).with_suffix(".py"), *packages):
        if file.is_file():
            yield file


def literal(text: str) -> str:
    """Return a text as Python code, readable where that is possible.

    Example:
        >>> print(literal("one line"), literal("a quote at the end'"))
        r'''one line''' "a quote at the end'"
    """
    is_plain = not re.search(r"'''|['\\]\Z|\r|\0", text)
    return f"r'''{text}'''" if is_plain else repr(text)


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.strip()}


def _code(source: str, hidden: bool) -> dict[str, Any]:
    shown = {"jupyter": {"source_hidden": True}} if hidden else {}
    parts = {"metadata": shown, "source": source.strip(), "execution_count": None, "outputs": []}
    return {"cell_type": "code", **parts}


def link(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put a link to its notebook below the title of a chapter."""
    if name.startswith("learn/"):
        line = (
            f'</h1>\n<p class="notebook"><a href="{name[6:]}.ipynb" download>'
            "Download this chapter as a notebook</a></p>"
        )
        context["body"] = context["body"].replace("</h1>", line, 1)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the notebooks beside the pages."""
    write(Path(app.outdir, "learn"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("html-page-context", link)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The chapters as notebooks: every one converts, and needs nothing that an installation lacks."""

import ast
import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import notebooks
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from .test_book import CELL, CHAPTERS, ROOT

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
# Of minicnn[notebooks]: what pyproject.toml names, and what runs a notebook.
INSTALLED = {"torch", "torchvision", "numpy", "PIL", "matplotlib", "tqdm", "minicnn", "hypothesis"}
INSTALLED |= {"IPython", "matplotlib_inline"}


def sources(chapter: Path, kind: str) -> list[str]:
    cells = notebooks.notebook(chapter)["cells"]
    return [cell["source"] for cell in cells if cell["cell_type"] == kind]


@each_chapter
def test_a_notebook_has_the_cells_of_its_chapter_but_no_solutions(chapter: Path) -> None:
    text = re.sub("<details>.*?</details>", "", chapter.read_text("utf-8"), flags=re.DOTALL)
    code = [code.strip() for tags, code in CELL.findall(text) if "no-run" not in tags]
    repository = "Path(minicnn.__file__).parents[1]"
    _, *cells = sources(chapter, "code")  # the first one prepares
    assert cells == [source.replace(repository, "repository") for source in code]


@each_chapter
def test_a_notebook_has_the_whole_text_of_its_chapter(chapter: Path) -> None:
    def words(text: str) -> list[str]:
        text = re.sub(r"\]\([^)]*\)|^!\[.*$|^> \[!WARNING\]$", "", text, flags=re.MULTILINE)
        return re.findall(r"\w+", text)

    text = re.sub("<details>.*?</details>", "", chapter.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"^<(minicnn-\w+).*?^</\1>$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^```python.*?^```$|^<[^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    got = "\n\n".join(sources(chapter, "markdown"))
    got = re.sub(r"^\*From \[the book.*$|^\*\[The book\].*$", "", got, flags=re.MULTILINE)
    got = re.sub("<details>.*?</details>", "", got, flags=re.DOTALL)
    got = re.sub(r"^```python.*?^```$", "", got, flags=re.MULTILINE | re.DOTALL)
    assert words(got) == words(text)


@each_chapter
def test_the_code_of_a_notebook_compiles_and_imports_only_what_is_installed(chapter: Path) -> None:
    code = sources(chapter, "code")
    carried = files(code[0])
    own = {
        name.removeprefix("docs/_ext/").partition("/")[0].removesuffix(".py") for name in carried
    }
    python = [*code, *(text for name, text in carried.items() if name.endswith(".py"))]
    for source in python:
        compile(source, chapter.stem, "exec")  # which no magic would pass
        assert "__file__" not in source
    found = {name.partition(".")[0] for source in python for name in notebooks.imported(source)}
    assert found - INSTALLED - own - sys.stdlib_module_names == set()


def files(code: str) -> dict[str, str]:
    """The files that the first cell of a notebook writes."""
    dicts = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Dict)]
    return ast.literal_eval(dicts[0]) if dicts else {}


@each_chapter
def test_a_notebook_carries_its_files_of_the_repository_as_they_are(chapter: Path) -> None:
    code = sources(chapter, "code")
    carried = files(code[0])
    for name, text in carried.items():
        assert (ROOT / name).read_text("utf-8") == text
    assert ("docs/_ext/diagrams.py" in carried) == ("diagrams" in "\n".join(code[1:]))
    assert ("repository" in carried or bool(carried)) or "repository" not in "\n".join(code[1:])


def test_the_notebooks_that_read_results_carry_them() -> None:
    carried = {
        chapter.stem[:2]: {name for name in files(sources(chapter, "code")[0]) if "results" in name}
        for chapter in CHAPTERS
    }
    presets = [f"accuracy_{preset}" for preset in ("best", "default", "quick", "tiny")]
    results = ["ablation", *presets, "choice_best"]
    assert {number: names for number, names in carried.items() if names} == {
        "12": {f"docs/results/{name}.json" for name in results},
        "15": {"docs/results/bench.json", "docs/results/profile.txt"},
        "16": {"docs/results/mutants.json"},
    }


@pytest.mark.slow  # four seconds
def test_the_first_cell_lets_the_next_ones_import_and_read_what_it_carries() -> None:
    pytest.importorskip("matplotlib_inline", reason="IPython is not installed")
    [chapter] = [chapter for chapter in CHAPTERS if chapter.stem.startswith("15-")]
    first = sources(chapter, "code")[0].replace('set_matplotlib_formats("png")', "")
    code = f"""{first}
import diagrams
from tests.bench import report
for file in (diagrams.__file__, report.__file__, repository / "docs/results/bench.json"):
    assert repository in Path(file).parents, file
    print(Path(file).relative_to(repository).as_posix())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    expected = ["docs/_ext/diagrams.py", "tests/bench/report.py", "docs/results/bench.json"]
    assert done.stdout.split() == expected


@each_chapter
def test_links_lead_out_of_a_notebook_and_nothing_is_missing_in_it(chapter: Path) -> None:
    text = "\n".join(sources(chapter, "markdown"))
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]*)\)", outside)
    assert len(links) > 10
    outward = ("https://", "http://", "attachment:")
    assert [link for link in links if not link.startswith(outward)] == []
    assert outside.count("![") == outside.count("](attachment:")
    assert "<minicnn-" not in text
    figures = chapter.read_text("utf-8").count("<minicnn-")
    assert text.count("has an interactive figure here") == figures


@each_chapter
def test_a_picture_that_no_cell_draws_is_attached(chapter: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", chapter.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    pictures = [Path(path) for path in re.findall(r"^!\[[^\]]*\]\((.*)\)$", text, re.MULTILINE)]
    names = [path.stem for path in pictures if path.parent.name != "learn"]
    attached = {}
    for cell in notebooks.notebook(chapter)["cells"]:
        for name, data in cell.get("attachments", {}).items():
            assert f"](attachment:{name})" in cell["source"]
            attached[Path(name).stem] = base64.b64decode(data["image/png"])
    assert list(attached) == names
    for path in pictures:
        if path.stem in attached:
            file = (chapter.parent / path).with_suffix(".png")
            assert attached[path.stem] == file.read_bytes()


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("02-one-weight.md#a-b", "https://minicnn.github.io/minicnn/learn/02-one-weight.html#a-b"),
        ("../glossary.md", "https://minicnn.github.io/minicnn/glossary.html"),
        (
            "../../minicnn/tree.py",
            "https://github.com/minicnn/minicnn/blob/main/minicnn/tree.py",
        ),
        ("#here", f"https://minicnn.github.io/minicnn/learn/{CHAPTERS[0].stem}.html#here"),
        ("https://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
        ("x", "x"),  # code: f[0](x)
        ("", ""),
    ],
)
def test_a_link_leads_to_the_book_or_to_the_source(link: str, target: str) -> None:
    [cell] = notebooks.texts(f"[a]({link})", CHAPTERS[0])
    assert cell["source"] == f"[a]({target})"


@each_chapter
def test_solutions_stay_folded_in_one_cell_each(chapter: Path) -> None:
    cells = [cell for cell in sources(chapter, "markdown") if "<details>" in cell]
    assert cells
    assert all(cell.count("<details>") == cell.count("</details>") for cell in cells)
    text = chapter.read_text("utf-8")
    assert sum(cell.count("<details>") for cell in cells) == text.count("<details>")


@each_chapter
def test_a_notebook_is_valid_and_has_no_outputs(chapter: Path) -> None:
    notebook = notebooks.notebook(chapter)
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbformat.validate(nbformat.from_dict(notebook))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@each_chapter
def test_only_folded_code_of_a_chapter_is_folded_in_its_notebook(chapter: Path) -> None:
    text = re.sub("<details>.*?</details>", "", chapter.read_text("utf-8"), flags=re.DOTALL)
    folded = [tags == "hide-input" for tags, _ in CELL.findall(text) if tags != "no-run"]
    cells = [cell for cell in notebooks.notebook(chapter)["cells"] if cell["cell_type"] == "code"]
    assert [is_folded(cell) for cell in cells] == [True, *folded]


def is_folded(cell: dict[str, Any]) -> bool:
    return cell["metadata"] == {"jupyter": {"source_hidden": True}}


@given(st.text())
@example("a '''quoted''' word")
@example("a quote at the end'")
@example("a backslash at the end\\")
@example("two\r\nlines")
def test_every_text_can_be_carried(text: str) -> None:
    assert ast.literal_eval(notebooks.literal(text)) == text


def test_build_writes_the_notebooks_alone(tmp_path: Path) -> None:
    code = "import sys, build; sys.exit(build.main())"
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "build.py").write_text((ROOT / "docs" / "build.py").read_text("utf-8"))
    path = f"import sys; sys.path[:0] = [{str(docs)!r}, {str(ROOT / 'docs' / '_ext')!r}]; "
    command = [sys.executable, "-c", path + code, "--notebooks"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    folder = docs / "_build" / "notebooks"
    assert done.stdout == f"Open the notebooks in {folder}\n"
    assert sorted(file.stem for file in folder.iterdir()) == [page.stem for page in CHAPTERS]
    first = json.loads((folder / f"{CHAPTERS[0].stem}.ipynb").read_text("utf-8"))
    assert first == notebooks.notebook(CHAPTERS[0])
    assert [file.name for file in (docs / "_build").iterdir()] == ["notebooks"]

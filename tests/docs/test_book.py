"""The book, as who reads its files sees it: nothing is missing, no link is dead.

docs/build.py runs the pages; here they are only read.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from minicnn.exercises.catalogue import EXERCISES

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "docs" / "learn").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *CHAPTERS]
PAGES += sorted((ROOT / "docs" / "reference").glob("*.md"))

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CELL = re.compile(r"^```python *([a-z -]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEARN = re.compile(r"\]\(learn/(.*?)\)")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def dead_links(page: Path) -> list[str]:
    """The local targets that are not there: files, and headings in them."""
    return [target for target in LINK.findall(prose(page)) if not is_alive(page, target)]


def is_alive(page: Path, target: str) -> bool:
    if target.startswith(("https://", "http://")):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert dead_links(page) == []


def test_a_dead_link_would_be_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A *title*: one\n[a](gone.md) [b](#a-title-one) [c](#b) [d](page.md)\n")
    assert dead_links(page) == ["gone.md", "#b"]


def broken_formulas(text: str) -> list[str]:
    """The formulas that Markdown ends, because their next line starts as that of a list does."""
    formulas = re.findall(r"\$[^$]*\$", text)
    return [formula for formula in formulas if re.search(r"\n[> ]*[-+*] ", formula)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_formula_is_broken_where_its_next_line_would_start_a_list(page):
    text = re.sub(r"\$\$.*?\$\$", "", prose(page), flags=re.DOTALL)
    assert broken_formulas(text) == []


def test_a_formula_that_becomes_a_list_would_be_found():
    assert broken_formulas("by $x =\ny$ and $a\n- b$, not $c -\nd$.\n\n- $e$\n- $f$\n") == [
        "$a\n- b$"
    ]


def test_the_chapters_are_numbered_without_a_gap():
    assert [page.name[:3] for page in CHAPTERS] == [f"{n:02}-" for n in range(1, 17)]


def misnumbered(text: str) -> list[str]:
    """The links to a chapter whose number is not that of the file."""
    links = re.finditer(r"\[chapter\s+(\d+)\]\([^)]*?(\d+)-[^)]*\)", text, re.IGNORECASE)
    return [link[0] for link in links if int(link[1]) != int(link[2])]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_a_chapter_has_the_number_of_its_file(page):
    assert misnumbered(page.read_text(encoding="utf-8")) == []


def test_a_link_with_another_number_would_be_found():
    text = "[Chapter 2](learn/02-a.md) [chapter\n3](04-b.md#c) [chapter 12](12-d.md)"
    assert misnumbered(text) == ["[chapter\n3](04-b.md#c)"]


def test_the_glossary_names_chapters_by_their_numbers():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    labels = re.findall(r"\[([^]]*)\]\(learn/", page)
    assert labels
    assert [label for label in labels if not re.fullmatch(r"Chapter\s\d+", label)] == []


def test_every_picture_of_the_book_is_in_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = set(re.findall(r"images/learn/([\w.-]+)", pages))
    saved = {picture.name for picture in (ROOT / "docs" / "images" / "learn").iterdir()}
    assert saved == shown


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_the_title_of_a_chapter_has_the_number_of_its_file(chapter):
    number, title = chapter.name[:2], chapter.read_text(encoding="utf-8").partition("\n")[0]
    assert re.match(rf"# {int(number)}\. ", title)


@pytest.mark.parametrize(
    "part",
    [
        r"^\*\*The question:\*\* ",
        r"^```python",
        r"^!\[.+\]\(\.\./images/learn/",  # a picture for who does not build the book
        r"^> \[!WARNING\]\n> \*\*What goes wrong",
        r"^\*\*In the source:\*\* ",
        r"^## Further reading$",
        r"^## Exercises$",
        r"^<details>\s*<summary>Solution",
    ],
)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_chapter_has_its_parts(chapter, part):
    assert re.search(part, chapter.read_text(encoding="utf-8"), re.MULTILINE)


class Term(NamedTuple):
    """An entry of the glossary: its name, its letter, and the chapters that it names."""

    name: str
    letter: str
    chapters: list[str]

    @property
    def word(self) -> str:
        """What stands in a text: the name, less what tells two entries apart."""
        return self.name.partition(",")[0]

    def stands_in(self, text: str) -> bool:
        """Whether the term, in the singular or the plural, is in a text."""
        pattern = r"[\s-]+".join(map(re.escape, re.split(r"[ -]", self.word)))
        return bool(re.search(rf"(?<![\w/`.-]){pattern}(?:s|es)?(?![\w`])", text, re.IGNORECASE))


def glossary() -> list[Term]:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    return [
        Term(entry.removeprefix("**").partition(".**")[0], letter[0], LEARN.findall(entry))
        for letter in re.split(r"^## ", page, flags=re.MULTILINE)[1:]
        for entry in re.findall(r"^\*\*.*?(?=\n\n|\Z)", letter, re.MULTILINE | re.DOTALL)
    ]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_chapter_links_the_terms_that_the_glossary_finds_in_it(chapter):
    line = re.search(r"^\*\*Terms:\*\* (.*?)\.\n\n", prose(chapter), re.MULTILINE | re.DOTALL)
    assert line
    links = re.findall(r"\[.*?\]\(.*?\)", " ".join(line[1].split()))
    assert set(links) == {
        f"[{term.name}](../glossary.md#{term.letter.lower()})"
        for term in glossary()
        if chapter.name in term.chapters
    }


def reading_order() -> list[Path]:
    """The chapters in the order of the table of contents."""
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    entries = re.findall(r"^learn/.*$", contents, re.MULTILINE)
    return [page for entry in entries for page in sorted((ROOT / "docs").glob(f"{entry}.md"))]


def told(page: Path) -> str:
    """What a reader reads of a chapter: no code, formulas, list of terms or titles of papers."""
    return untold(prose(page))


def untold(text: str) -> str:
    for left_out in (
        r"\$\$.*?\$\$|\$[^$]*\$",
        r"^\*\*Terms:\*\* .*?\.\n\n",
        r"^## Further reading$.*?(?=^## )",
    ):
        text = re.sub(left_out, "", text, flags=re.MULTILINE | re.DOTALL)
    return text


def too_early(text: str, terms: list[Term]) -> list[str]:
    """The terms that a text uses although only later chapters explain them.

    A paragraph may name what is to come if it links to the chapter that explains it.
    """
    return [
        f"{term.name}: {' '.join(paragraph.split())[:60]}"
        for term in terms
        for paragraph in text.split("\n\n")
        if term.stands_in(paragraph) and term.chapters[0] not in paragraph
    ]


@pytest.mark.parametrize("chapter", reading_order(), ids=lambda page: page.stem)
def test_no_chapter_uses_a_term_before_the_chapter_that_explains_it(chapter):
    order = [page.name for page in reading_order()]
    explained: dict[str, int] = {}  # where in the order; "stride" has two entries
    for term in glossary():
        if term.chapters and term.chapters[0] in order:
            place = order.index(term.chapters[0])
            explained[term.word] = min(place, explained.get(term.word, place))
    here = order.index(chapter.name)
    later = [term for term in glossary() if explained.get(term.word, here) > here]
    assert too_early(told(chapter), later) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_term_stands_in_the_text_of_the_chapters_that_the_glossary_names(chapter):
    text = told(chapter)
    terms = [term for term in glossary() if chapter.name in term.chapters]
    assert [term.name for term in terms if not term.stands_in(text)] == []


def test_a_term_before_its_explanation_would_be_found():
    pooling, batch_norm = Term("Pooling", "P", ["05.md"]), Term("Batch norm", "B", ["08.md"])
    text = """Poolings first; `pooling` and spooling do not count, nor $pooling$.

[Pooling](05.md) is explained later, and batch-norm

**Terms:** [Pooling](../glossary.md#p).

## Further reading

- A paper on pooling.

## Exercises
"""
    assert too_early(untold(text), [pooling, batch_norm]) == [
        "Pooling: Poolings first; `pooling` and spooling do not count, nor .",
        "Batch norm: [Pooling](05.md) is explained later, and batch-norm",
    ]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.name)
def test_every_graded_exercise_is_announced_in_its_chapter(exercise):
    (chapter,) = [page for page in CHAPTERS if page.stem[3:] == exercise.chapter]
    graded = re.search(r"^\*\*Graded:\*\* (.*?)\. ", prose(chapter), re.MULTILINE | re.DOTALL)
    assert graded
    assert f"`{exercise.name}`" in re.split(r",\s", graded[1])
    text = chapter.read_text("utf-8")
    assert f"\npython3 -m minicnn.exercises start {exercise.name}\n" in text
    checks = re.findall(r"^python3 -m minicnn\.exercises check (.*)", text, re.MULTILINE)
    assert f"{exercise.name}.py" in " ".join(checks).split()


def made_by(cells: list[ast.Module]) -> set[str]:
    """The names that cells assign, define or import."""
    names = set()
    for node in (node for cell in cells for node in ast.walk(cell)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add((other or name).partition(".")[0])
    return names


def used_by(cells: list[ast.Module]) -> set[str]:
    names = (node for cell in cells for node in ast.walk(cell) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def needed_from_folded_cells(text: str) -> set[str]:
    """The names that cells in view use, and that only cells whose code is folded away make."""
    visible: list[ast.Module] = []
    folded: list[ast.Module] = []
    for tags, code in CELL.findall(text):
        if "no-run" not in tags:
            (folded if "hide-input" in tags else visible).append(ast.parse(code))
    return used_by(visible) & (made_by(folded) - made_by(visible))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_code_in_view_needs_nothing_that_is_made_out_of_view(chapter):
    assert needed_from_folded_cells(chapter.read_text(encoding="utf-8")) == set()


def test_code_in_view_that_needs_a_folded_cell_would_be_found():
    folded = "```python hide-input\nimport a.b as c, d.e\ndef f(g): h = 1\nclass I: pass\n```"
    visible = "```python\nx = lambda g: c + d + f + h + I + g + print\n```"
    assert needed_from_folded_cells(f"{folded}\n\n{visible}") == {"c", "d", "f", "h", "I"}


@cache
def cells_of_results(text: str) -> list[ast.Module]:
    """The cells that read docs/results and those that use what they make, able to run alone.

    Of all other cells, only the imports and the functions: the measurements take minutes.
    """
    cells = [ast.parse(code) for tags, code in CELL.findall(text) if "no-run" not in tags]
    chosen: list[ast.Module] = []
    for cell in cells:
        others = made_by([other for other in cells if other not in chosen])
        constants = (node.value for node in ast.walk(cell) if isinstance(node, ast.Constant))
        if "results" in constants or used_by([cell]) & (made_by(chosen) - others):
            chosen.append(cell)
    kinds = ast.Import, ast.ImportFrom, ast.FunctionDef
    for cell in cells:
        if cell not in chosen:
            cell.body = [statement for statement in cell.body if isinstance(statement, kinds)]
    return cells if chosen else []


@pytest.mark.filterwarnings("ignore:Matplotlib is currently using agg")
@pytest.mark.parametrize("number", ["12", "15", "16"])
def test_the_cells_that_read_results_run_with_the_results_that_are_there(number, monkeypatch):
    [chapter] = [chapter for chapter in CHAPTERS if chapter.stem.startswith(number)]
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    names: dict = {}
    for cell in cells_of_results(chapter.read_text(encoding="utf-8")):
        exec(compile(cell, chapter.stem, "exec"), names)
    assert "json" in names


def test_no_other_chapter_reads_results():
    reading = [page.stem[:2] for page in CHAPTERS if cells_of_results(page.read_text("utf-8"))]
    assert reading == ["12", "15", "16"]


def names_in_the_source() -> set[str]:
    """The words of all Python files."""
    folders = (ROOT / folder for folder in ("minicnn", "examples", "tests"))
    files = [file for folder in folders for file in folder.rglob("*.py") if file != Path(__file__)]
    return {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}


def unknown_names(text: str, source: set[str]) -> set[str]:
    """The names in code font that are neither in a source nor in the cells of a text."""
    known = source | {word for cell in FENCE.findall(text) for word in re.findall(r"\w+", cell)}
    spoken = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    names = {name for code in spoken for name in re.findall(r"[A-Za-z_]\w+", code)}
    return {name for name in names if not {name, f"_{name}"} & known}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda page: page.stem)
def test_every_name_in_a_chapter_is_in_its_code_or_in_the_source(chapter):
    torchs = {"Rsub", "jvp"}  # a node of its graph, a static function of its Function
    unknown = unknown_names(chapter.read_text(encoding="utf-8"), names_in_the_source())
    assert unknown - torchs == set()


def test_a_name_that_has_left_the_source_would_be_found():
    text = "`columns(x)` and `Gone`, `_here`; `local` is here:\n\n```python\nlocal = 1\n```\n"
    assert unknown_names(text, {"columns", "_here"}) == {"Gone"}


CLAIM = re.compile(
    r"\b(always|never|catch(es)?|proves?|guarantees?|(every|no|any) (bug|mistake|error)s?)\b"
)
EVIDENCE = re.compile(r"^# (Proof|Counterexample).*\n(.*\n)*? *assert ", re.MULTILINE)
[PROVING] = [page for page in CHAPTERS if page.stem.endswith("proving-it-right")]


def bare_claims(text: str) -> list[str]:
    """The paragraphs that claim something of all cases, with no assertion directly after them."""
    blocks = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    bare = []
    for spoken, cell in zip(blocks[::2], [*blocks[1::2], ""], strict=True):
        claims = [CLAIM.search(paragraph) for paragraph in spoken.strip().split("\n\n")]
        if EVIDENCE.search(cell):
            claims.pop()
        bare += [claim.string for claim in claims if claim]
    return bare


def test_every_claim_of_the_chapter_on_tests_has_a_proof_or_a_counterexample_beside_it():
    text = PROVING.read_text(encoding="utf-8")
    assert bare_claims(text) == []
    assert len(CLAIM.findall(prose(PROVING))) >= 3


def test_a_claim_without_evidence_would_be_found():
    evidence = "```python\n# Proof: so it is.\nfor x in y:\n    assert x\n```"
    assert bare_claims(f"It never fails.\n\nIt catches every bug:\n\n{evidence}\n") == [
        "It never fails."
    ]
    assert bare_claims(f"It always works:\n\n{evidence.replace('# Proof', '# So')}\n") == [
        "It always works:"
    ]


@pytest.mark.slow  # seven seconds
def test_the_proofs_and_counterexamples_of_the_chapter_on_tests_hold():
    cells = CELL.findall(PROVING.read_text(encoding="utf-8"))
    evidence = [code for _, code in cells if EVIDENCE.search(code)]
    assert len(evidence) == 4
    exec("\n".join(code for _, code in cells), {"__name__": "chapter"})


def test_the_page_play_shows_the_file_that_its_code_writes():
    page = (ROOT / "docs" / "play.md").read_text(encoding="utf-8")
    assert re.findall(r'Path\("(.*)"\)\.write_text', page) == ["_build/play/explorer.html"]
    assert re.findall(r'(?:src|href)="(.*?)"', page) == ["explorer.html"] * 2
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert 'html_extra_path = ["_build/play"]' in conf
    assert '(BUILD / "play").mkdir' in (ROOT / "docs" / "build.py").read_text(encoding="utf-8")

"""The structure of the package: its names, and imports that point one way."""

import ast
import subprocess
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minicnn"
# From the ground up: what stands on a line may import what stands on a line above it.
LEVELS = (
    {"checks", "tree"},
    {"functional"},
    {"init", "metrics", "naive", "optim", "data"},
    {"layers"},
    {"models", "train", "testing"},
    {"parallel", "insight", "viz"},
    {"runs", "exercises"},
    {"pages"},
)


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str, source: str) -> Iterator[str]:
    """The modules that a source imports, wherever in it, but not those for type checkers alone."""
    tree = ast.parse(source)
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    package = (
        module if FILES.get(module, Path()).name == "__init__.py" else module.rpartition(".")[0]
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*parents, node.module or ""] if node.level else [node.module or ""])
            for name in node.names:
                inner = f"{base.rstrip('.')}.{name.name}"
                yield inner if inner in FILES else base.rstrip(".")


IMPORTS = {
    module: set(imports_of(module, path.read_text(encoding="utf-8")))
    for module, path in FILES.items()
}


def test_the_package_has_at_most_eighteen_names() -> None:
    names = {path.stem for path in PACKAGE.iterdir() if path.suffix in (".py", "")}
    names -= {"__init__", "__pycache__"}
    assert names == set().union(*LEVELS)
    assert len(names) <= 18


def top(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("module", FILES)
def test_imports_point_one_way(module: str) -> None:
    level = {name: i for i, names in enumerate(LEVELS) for name in names}
    if module == "minicnn":
        return
    upward = [
        other
        for other in IMPORTS[module]
        if other.startswith("minicnn.")
        and top(other) != top(module)
        and level[top(other)] >= level[top(module)]
    ]
    assert upward == []


def test_no_files_import_each_other_in_a_circle() -> None:
    # A package's __init__ imports all of its files, and an import of any of them runs it first.
    graph = {
        module: {other for other in imports if other in FILES and other != module}
        for module, imports in IMPORTS.items()
        if FILES[module].name != "__init__.py"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("module", FILES)
def test_nothing_imports_what_is_only_in_the_repository(module: str) -> None:
    roots = {name.split(".")[0] for name in IMPORTS[module]}
    assert not roots & {"examples", "tests", "docs", "photo", "diagrams", "figures"}


def test_the_data_and_the_figures_know_nothing_of_training() -> None:
    reached, waiting = set(), [m for m in FILES if top(m) in ("data", "viz")]
    while waiting:
        module = waiting.pop()
        if module in reached or module not in FILES:
            continue
        reached.add(module)
        waiting += IMPORTS[module]
    assert not any(top(module) in ("train", "runs") for module in reached)


def test_the_top_of_the_repository_has_nothing_else() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    names = {line.split("/")[0] for line in listed.stdout.splitlines()}
    expected = {"pyproject.toml", "README.md", "LICENSE", "minicnn", "docs", "tests", "examples"}
    assert {name for name in names if not name.startswith(".")} == expected


def test_the_check_finds_imports_of_every_form() -> None:
    source = """
import minicnn.runs.atomic
from minicnn import tree, optim
from minicnn.optim import adam
from . import style
from .style import BLUE
from ..data.split import Split
if TYPE_CHECKING:
    from minicnn import train
def later():
    from minicnn.models import lenet5
"""
    assert set(imports_of("minicnn.viz.pca", source)) == {
        *("minicnn.runs.atomic", "minicnn.tree", "minicnn.optim", "minicnn.optim.adam"),
        *("minicnn.viz.style", "minicnn.data.split", "minicnn.models"),
    }

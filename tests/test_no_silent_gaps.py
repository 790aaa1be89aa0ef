"""No silent gaps: what is public is documented, shown, cited, and tested; what is a weight, learns.

Each check below is a function that lists gaps, so that it can be shown to find one.
"""

import ast
import doctest
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import minicnn
import minicnn.optim.schedules
import minicnn.runs.atomic
import minicnn.runs.checkpoint
from minicnn import functional as F
from minicnn import layers, models, train, tree
from minicnn.layers import Layer

TESTS = Path(__file__).parent
MODULES = (
    minicnn.runs.atomic,
    minicnn.runs.checkpoint,
    minicnn.data,
    minicnn.functional,
    minicnn.init,
    minicnn.insight,
    minicnn.layers,
    minicnn.metrics,
    minicnn.models,
    minicnn.optim,
    minicnn.parallel,
    minicnn.pages,
    minicnn.runs,
    minicnn.optim.schedules,
    minicnn.train,
    minicnn.tree,
    minicnn.viz,
)

# Modules of published methods, where each function says where it was published …
PUBLISHED = ("functional", "init", "insight", "layers", "models", "optim", "schedules")
# … but for these, each with what it is instead.
NOT_PUBLISHED = {
    "init.fans": "counting",
    "init.uniform": "a distribution",
    "init.normal": "a distribution",
    "layers.flatten": "another order of the same numbers",
    "layers.sequential": "composition of functions",
    "layers.activations": "a look at what sequential computes",
    "layers.describe": "a layer as data",
    "layers.from_description": "the same data as a layer",
    "init.constant": "a number",
    "init.zeros": "a number",
    "layers.function": "whatever the function is",
    "layers.load_state_dict": "names",
    "layers.state_dict": "names",
    "layers.summary": "a table of shapes",
    "models.mnist_cnn": "this library's own",
    "optim.apply_updates": "a sum",
    "optim.chain": "composition of functions",
    "optim.maximize": "a sign",
    "optim.averaged": "reads what ema computed",
    "schedules.as_schedule": "a number as a function",
    "schedules.constant": "a number as a function",
    "schedules.exponential": "powers of a number",
    "schedules.step_decay": "powers of a number",
}
# Where a property can be searched for counterexamples, it is: by hypothesis.
SEARCHED = ("functional", "init", "insight", "layers", "metrics", "optim", "schedules", "tree")
NOT_SEARCHED = ("schedules.as_schedule",)  # the optimizers' property tests go through it

# Opening windows and waiting until they are closed; printing to stderr; ending the process; making
# a folder where the tests run.
NO_EXAMPLE = (
    *("runs.alarm", "runs.complain", "runs.dated_folder", "runs.end_at_ctrl_c"),
    "runs.show_figures",
    "viz.show",
)

PublicFunction = tuple[str, Callable[..., Any]]


def public_functions(module: ModuleType) -> Iterator[PublicFunction]:
    """The functions in ``__all__``, or, where there is none, those that the module defines."""
    short = module.__name__.rpartition(".")[2]
    listed = getattr(module, "__all__", None)
    if listed is None:
        listed = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
        ]
    for name in listed:
        value = getattr(module, name)
        if inspect.isfunction(value):
            yield f"{short}.{name}", value


PUBLIC = [function for module in MODULES for function in public_functions(module)]


# --- Documentation -----------------------------------------------------------------------------


def without_example(functions: Iterable[PublicFunction]) -> list[str]:
    """Those whose docstring has no example that shows a result."""
    parse = doctest.DocTestParser().get_examples
    return [name for name, f in functions if not any(e.want for e in parse(f.__doc__ or ""))]


def without_reference(functions: Iterable[PublicFunction]) -> list[str]:
    """Those whose docstring has no paragraph "Reference: …, year, …"."""
    reference = re.compile(r"^Reference: .*\b(19|20)\d\d\b", re.MULTILINE | re.DOTALL)
    return [name for name, f in functions if not reference.search(inspect.getdoc(f) or "")]


def module_of(name: str) -> str:
    return name.partition(".")[0]


def test_every_public_function_has_an_example() -> None:
    assert without_example(PUBLIC) == [*NO_EXAMPLE]


def test_every_published_method_has_a_reference() -> None:
    published = [f for f in PUBLIC if module_of(f[0]) in PUBLISHED and f[0] not in NOT_PUBLISHED]
    gaps = without_reference(published)
    assert not gaps, gaps


def test_the_exceptions_are_needed() -> None:
    exceptions = [(name, f) for name, f in PUBLIC if name in NOT_PUBLISHED]
    assert {name for name, _ in exceptions} == set(NOT_PUBLISHED)
    assert set(without_reference(exceptions)) == set(NOT_PUBLISHED)


def test_the_checks_of_documentation_find_gaps() -> None:
    def bare() -> None: ...

    def talkative() -> None:
        """Compute.

        Example:
            >>> talkative()

        Reference: to be found.
        """

    assert without_example([("bare", bare), ("talkative", talkative)]) == ["bare", "talkative"]
    assert without_reference([("bare", bare), ("talkative", talkative)]) == ["bare", "talkative"]


# --- Tests -------------------------------------------------------------------------------------


class Mentions:
    """What each test in a source mentions, itself or by way of other things in the file."""

    def __init__(self, source: str) -> None:
        self.body = ast.parse(source).body
        self.imported: dict[str, str] = {}
        for node in self.body:
            if isinstance(node, ast.Import):
                self.imported |= {a.asname or a.name: a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                self.imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        self.defined = {name: node for node in self.body for name in _names(node)}

    def tests(self, only_properties: bool = False) -> Iterator[str]:
        """The names of the tests; a test that is assigned is a state machine."""
        for name, node in self.defined.items():
            searches = not isinstance(node, ast.FunctionDef) or any(
                ast.unparse(decorator).startswith("given(") for decorator in node.decorator_list
            )
            if name.startswith("test") and (searches or not only_properties):
                yield name

    def of(self, names: Iterable[str]) -> set[str]:
        """Dotted names, such as "minicnn.functional.relu", that can be reached from ``names``."""
        waiting, seen, found = list(names), set(), set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.defined:
                continue
            seen.add(name)
            for node in ast.walk(self.defined[name]):
                if isinstance(node, ast.arg):  # a fixture
                    waiting.append(node.arg)
                elif isinstance(node, ast.Name | ast.Attribute):
                    root, _, rest = ast.unparse(node).partition(".")
                    waiting.append(root)
                    if root in self.imported:
                        found.add(f"{self.imported[root]}.{rest}".rstrip("."))
        return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def resolve(dotted: str) -> Any:
    """The object of a dotted name that begins with "minicnn", or None where there is none."""
    found: Any = minicnn
    for attribute in dotted.split(".")[1:]:
        found = getattr(found, attribute, None)
    return found


@cache
def mentioned(module: str, only_properties: bool = False) -> set[int]:
    """The identities of all that a module's own tests mention: data/…, test_data….py."""
    dotted: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        parts = path.relative_to(TESTS).parts
        if any(part.startswith((module, f"test_{module}")) for part in parts):
            file = Mentions(path.read_text(encoding="utf-8"))
            dotted |= file.of(file.tests(only_properties))
    return {id(resolve(name)) for name in dotted if name.startswith("minicnn.")}


def test_every_public_function_is_tested_by_name() -> None:
    gaps = [name for name, f in PUBLIC if id(f) not in mentioned(module_of(name))]
    assert not gaps, gaps


def test_every_searchable_function_has_a_property_test() -> None:
    searchable = [f for f in PUBLIC if module_of(f[0]) in SEARCHED and f[0] not in NOT_SEARCHED]
    gaps = [name for name, f in searchable if id(f) not in mentioned(module_of(name), True)]
    assert not gaps, gaps


def test_the_check_of_tests_finds_gaps() -> None:
    file = Mentions("""
import torch
from minicnn import functional as F
from minicnn.optim import sgd, adam

PAIRS = [F.relu]

def strategy():
    return F.linear

def unused():
    return F.conv2d

@given(strategy())
def test_a_property(x): ...

def test_an_example(x):
    assert PAIRS and sgd
""")
    prefix = "minicnn.functional."
    assert file.of(file.tests()) == {
        prefix + "relu",
        prefix + "linear",
        "minicnn.functional",
        "minicnn.optim.sgd",
    }
    assert file.of(file.tests(only_properties=True)) == {prefix + "linear", "minicnn.functional"}
    assert resolve("minicnn.optim.sgd") is minicnn.optim.sgd
    assert resolve("minicnn.functional.nothing") is None


# --- Gradients ---------------------------------------------------------------------------------


def without_gradient(net: Layer, in_shape: tuple[int, ...]) -> list[str]:
    """The paths of the parameters that a random batch gives no gradient, or one of zeros alone."""
    rng = torch.Generator().manual_seed(0)
    params, state, _ = net.init(rng, in_shape)
    images = torch.rand(8, *in_shape, generator=rng)

    def loss(params: Any) -> torch.Tensor:
        scores, _ = net.apply(params, state, images, rng=rng, train=True)
        return F.cross_entropy(scores.flatten(1), torch.arange(8) % 2)

    _, grads = train.value_and_grad(loss)(params)
    paths, leaves = tree.paths(params), tree.leaves(grads)
    return [path for path, g in zip(paths, leaves, strict=True) if not g.any()]


@pytest.mark.parametrize("name", models.MODELS)
def test_every_parameter_of_a_model_receives_a_gradient(name: str) -> None:
    assert without_gradient(models.MODELS[name](), (1, 28, 28)) == []


@pytest.mark.parametrize(
    "layer",
    [
        layers.conv2d(4, 3, stride=2, padding=1, dilation=2, groups=2),
        layers.conv2d(4, 3, bias=False),
        layers.batch_norm(),
        layers.residual(layers.conv2d(2, 3, padding="same")),
        layers.residual(layers.conv2d(4, 3), layers.conv2d(4, 3)),
        layers.parallel(layers.conv2d(4, 3), layers.conv2d(2, 3)),
        layers.sequential(layers.flatten(), layers.linear(3)),
    ],
    ids=str,
)
def test_every_parameter_of_a_layer_receives_a_gradient(layer: Layer) -> None:
    assert without_gradient(layer, (2, 8, 8)) == []


def test_the_check_of_gradients_finds_gaps() -> None:
    def between(function: Callable[[torch.Tensor], torch.Tensor]) -> Layer:
        middle = Layer("", lambda _, s: ((), (), s), lambda p, s, x, **_: (function(x), s))
        return layers.sequential(layers.conv2d(2, 3), middle, layers.flatten(), layers.linear(2))

    assert without_gradient(between(lambda x: x), (1, 6, 6)) == []
    cut_off = ["0/weight", "0/bias"]
    assert without_gradient(between(torch.Tensor.detach), (1, 6, 6)) == cut_off
    assert without_gradient(between(torch.zeros_like), (1, 6, 6)) == [*cut_off, "3/weight"]


def test_every_model_is_in_the_list_of_models() -> None:
    assert {name for name, _ in public_functions(models)} == {f"models.{n}" for n in models.MODELS}

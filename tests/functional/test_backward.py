"""Each function's docstring says where its backward is, and it is there."""

import importlib
import re
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import minicnn
from minicnn import functional as F
from minicnn.testing import Case, accepted, cases
from minicnn.testing.profiles import fewer

MENTION = re.compile(r"`(\w+)\.backward`\s+in\s+([\w/]+)\.py")
BACKWARD = re.compile(r"^Backward: (.*)", re.MULTILINE | re.DOTALL)

Operation = type[torch.autograd.Function]


def named(doc: str) -> set[Operation]:
    """Find the classes that a docstring's paragraph "Backward: …" names, where it says they are."""
    paragraph = BACKWARD.search(doc)
    assert paragraph, "no paragraph “Backward: …”"
    mentions = MENTION.findall(paragraph[1])
    assert mentions, "it names no `Class.backward` in folder/file.py"
    found = set()
    for name, file in mentions:
        module = importlib.import_module(f"{minicnn.__name__}.{file.replace('/', '.')}")
        operation = vars(module)[name]
        assert operation.__module__ == module.__name__, f"{name} is not defined in {file}.py"
        assert "backward" in vars(operation)
        found.add(operation)
    return found


def of_function(name: str) -> set[Operation]:
    doc = getattr(F, name).__doc__
    return named(re.sub(r"^    ", "", doc, flags=re.MULTILINE))


def behind(name: str, case: Case) -> set[Operation]:
    """List the library's operations in the graph that a call leaves for autograd."""
    inputs = {key: x.detach().clone().requires_grad_() for key, x in case.inputs.items()}
    result = Case(inputs, case.options).call(getattr(F, name))
    nodes: list[Any] = [result.grad_fn if isinstance(result, torch.Tensor) else result[0].grad_fn]
    found, seen = set(), set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [following for following, _ in node.next_functions]
        operation = getattr(type(node), "_forward_cls", None)
        if operation is not None:
            found.add(operation)
    return found


def calls(name: str) -> st.SearchStrategy[Case]:
    return accepted(getattr(F, name), getattr(cases, name)())


@pytest.mark.parametrize("name", F.__all__)
@fewer(times=2)
@given(data=st.data())
def test_the_docstring_names_every_backward_that_a_call_goes_through(
    name: str, data: st.DataObject
) -> None:
    assert behind(name, data.draw(calls(name))) <= of_function(name)


@pytest.mark.parametrize("name", F.__all__)
def test_each_backward_that_the_docstring_names_is_gone_through_by_some_call(name: str) -> None:
    search = settings(max_examples=500, derandomize=True, database=None, phases=[Phase.generate])
    for operation in of_function(name):
        hypothesis.find(
            calls(name),
            lambda case, operation=operation: operation in behind(name, case),
            settings=search,
        )


@pytest.mark.parametrize(
    ("doc", "complaint"),
    [
        ("Compute.", "no paragraph"),
        ("Compute.\n\nBackward: somewhere.", "names no"),
        ("Compute.\n\nBackward: `Gather.backward` in functional/loss.py.", "is not defined in"),
    ],
)
def test_the_check_finds_gaps(doc: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        named(doc)


def test_the_check_finds_names_that_are_not_there() -> None:
    with pytest.raises(KeyError):
        named("Backward: `_Nothing.backward` in functional/loss.py.")
    with pytest.raises(ModuleNotFoundError):
        named("Backward: `Gather.backward` in functional/nothing.py.")

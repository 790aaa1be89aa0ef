"""A notebook for each exercise, in the format of nbgrader, and the check that its cells call.

A notebook has a cell with the function to write, and a cell for each group of cases, which is worth
a point: the cell fails if the function is wrong with them. The solution is between two marks, where
``nbgrader generate_assignment`` cuts it out.

Reference: https://nbgrader.readthedocs.io, "JSON Metadata Format"; the version of the schema is 3.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from minicnn.exercises.calls import call
from minicnn.exercises.catalogue import EXERCISES, chapter, unknown
from minicnn.exercises.deadline import Watchman
from minicnn.exercises.exercise import IMPORTS, Exercise
from minicnn.exercises.judge import judge
from minicnn.exercises.report import report

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def check(function: Callable[..., Any], group: str) -> None:
    """Check a function with one group of cases.

    Args:
        function: A function with the name of an exercise.
        group: The name of a group of its cases.

    Raises:
        ValueError: There is no such exercise, or no such group.
        AssertionError: The function is wrong; the message has the smallest failing case and a hint.

    Example:
        >>> def relu_backward(grad, input):
        ...     return grad * (input > 0)
        >>> check(relu_backward, "zeros")
    """
    name = getattr(function, "__name__", str(function))
    if name not in EXERCISES:
        raise ValueError(unknown(name))
    exercise = EXERCISES[name]
    groups = {probe.name: probe for probe in exercise.probes}
    if group not in groups:
        raise ValueError(f"group must be one of {', '.join(groups)}, got {group!r}")
    with Watchman() as watchman:
        one = replace(exercise, probes=(groups[group],))
        verdict = judge(one, partial(call, function, watchman=watchman))
    if not verdict.right:
        raise AssertionError(f"\n{report(verdict)}")


def notebook(exercise: Exercise) -> str:
    """Return the notebook of an exercise, with its solution.

    Example:
        >>> cells = json.loads(notebook(EXERCISES["relu_backward"]))["cells"]
        >>> [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells[:3]]
        ['relu_backward-task', 'relu_backward', 'relu_backward-1']
    """
    name = exercise.name
    task = f"# {name}\n\nWrite {exercise.task}. Chapter: {chapter(exercise.chapter)}."
    cells = [
        _cell("markdown", f"{name}-task", task, locked=True),
        _cell("code", name, f"{IMPORTS}\n\n\n{solved(exercise)}", solution=True),
    ]
    for i, probe in enumerate(exercise.probes, 1):
        test = f"from minicnn.exercises.notebook import check\n\ncheck({name}, {probe.name!r})"
        cells.append(_cell("code", f"{name}-{i}", test, grade=True, points=1, locked=True))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    page = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(page, indent=1, ensure_ascii=False) + "\n"


def solved(exercise: Exercise) -> str:
    """Return the stub with the solution between the marks that nbgrader looks for.

    Example:
        >>> for line in solved(EXERCISES["sgd_momentum"]).splitlines()[-4:]:
        ...     print(line.strip())
        ### BEGIN SOLUTION
        velocity = grad + buffer * momentum
        return param - velocity * lr, velocity
        ### END SOLUTION
    """
    source = textwrap.dedent(inspect.getsource(exercise.solution))
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    after_the_docstring = function.body[0].end_lineno
    body = "\n".join(source.splitlines()[after_the_docstring:])
    open_stub = exercise.stub.source.rpartition("    raise NotImplementedError")[0]
    return f"{open_stub}    {BEGIN}\n{body}\n    {END}"


def _cell(kind: str, name: str, source: str, points: int | None = None, **flags: bool) -> Any:
    """Return a cell; ``flags`` are those of nbgrader that are not false."""
    nbgrader: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": name,
        **{flag: flags.get(flag, False) for flag in ("grade", "solution", "locked", "task")},
    }
    if points is not None:
        nbgrader["points"] = points
    cell = {"cell_type": kind, "id": name, "metadata": {"nbgrader": nbgrader}}
    cell["source"] = source.splitlines(keepends=True)
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell

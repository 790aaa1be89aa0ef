"""One call of a learner's function, and what is wrong with its result."""

import inspect
import io
import traceback
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from minicnn.exercises.compare import Fault, compare
from minicnn.exercises.deadline import SECONDS, TimeUpError, Watchman
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.ready_made import ReadyMadeError, Watch, borrowed
from minicnn.testing.case import Case

FINAL = {"unwritten", "time", "ready-made", "arguments"}  # a smaller case does not explain these


@dataclass(frozen=True)
class Trial:
    """The result of a function for one case.

    Attributes:
        case: the arguments.
        expected: the twin's result.
        got: the function's result, None if there is none.
        fault: what is wrong, or None.
        printed: the output that the function printed.
    """

    case: Case
    expected: Any
    got: Any
    fault: Fault | None
    printed: str = ""


def try_case(
    exercise: Exercise,
    function: Callable[..., Any],
    case: Case,
    watchman: Watchman | None = None,
) -> Trial:
    """Call the function and its twin with copies of the arguments, and compare.

    Example:
        >>> from minicnn.exercises.tasks import relu_backward
        >>> from minicnn.exercises.search import simplest
        >>> case = simplest(relu_backward.EXERCISE.probes[0].cases)
        >>> try_case(relu_backward.EXERCISE, lambda grad, input: grad[0], case).fault.kind
        'shape'
    """
    expected = copied(case).call(exercise.twin)
    given, printed = copied(case), io.StringIO()
    got, fault = None, _misfit(exercise, function, given)
    if fault is None:
        with redirect_stdout(printed):
            got, fault = _call(function, list(given.arguments.values()), watchman)
    if fault is None:
        fault = _changed(case, given) or compare(expected, got, exercise.returns)
    return Trial(case, expected, got, fault, printed.getvalue())


def copied(case: Case) -> Case:
    """Return the case with copies of its tensors.

    Example:
        >>> import torch
        >>> case = Case({"x": torch.zeros(1)}, {})
        >>> copied(case).inputs["x"] is case.inputs["x"]
        False
    """
    tensors = {k: v.clone() for k, v in case.arguments.items() if isinstance(v, Tensor)}
    return case.replace(**tensors)


def _misfit(exercise: Exercise, function: Callable[..., Any], case: Case) -> Fault | None:
    """Check that the function can be called and does not use minicnn."""
    origin = borrowed(function)
    if origin:
        return Fault("ready-made", f"It uses {origin}.")
    try:
        inspect.signature(function).bind(*case.arguments.values())
    except TypeError:
        wanted = ", ".join(exercise.stub.parameters)
        return Fault("arguments", f"It must take these arguments, in this order: {wanted}.")
    except ValueError:  # a callable without a signature
        return None
    return None


def _call(
    function: Callable[..., Any], arguments: list[Any], watchman: Watchman | None
) -> tuple[Any, Fault | None]:
    try:
        limit = watchman.limit() if watchman else nullcontext()
        with warnings.catch_warnings(), Watch(), limit:
            warnings.simplefilter("ignore")
            return function(*arguments), None
    except KeyboardInterrupt:
        raise
    except TimeUpError as error:
        words = f"It did not return within {SECONDS:.0f} seconds."
        return None, Fault("time", words + _line(error, function, "It was in"))
    except ReadyMadeError as error:
        return None, Fault("ready-made", f"It calls {error.name}." + _line(error, function, "In"))
    except BaseException as error:
        if isinstance(error, NotImplementedError) and not error.args:
            return None, Fault("unwritten", "Not written yet: it raises NotImplementedError.")
        text = f"{type(error).__name__}: {error}".strip(": ").splitlines()[0][:200]
        return None, Fault("raised", f"It raised {text}" + _line(error, function, "In"))


def _line(error: BaseException, function: Callable[..., Any], prefix: str) -> str:
    """Quote the last line of the learner's file in the traceback of the error."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    file = code.co_filename if code else None
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"\n{prefix} line {frames[-1].lineno}:  {frames[-1].line}" if frames else ""


def _changed(case: Case, given: Case) -> Fault | None:
    """Return the fault if the call modified an argument in place, else None."""
    for name, before in case.arguments.items():
        after = given.arguments[name]
        if isinstance(before, Tensor) and not (
            before.shape == after.shape and before.equal(after.detach())
        ):
            return Fault("changed", f"It modifies its argument {name} in place.")
    return None

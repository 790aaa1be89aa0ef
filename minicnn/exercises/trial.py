"""One trial of a learner's function, and what is wrong with its result."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from minicnn.exercises.calls import Answer
from minicnn.exercises.compare import Fault, compare
from minicnn.exercises.exercise import Exercise
from minicnn.testing.case import Case


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


def try_case(exercise: Exercise, answer: Answer, case: Case) -> Trial:
    """Call the function and its twin with copies of the arguments, and compare.

    Example:
        >>> from functools import partial
        >>> from minicnn.exercises.calls import call
        >>> from minicnn.exercises.tasks import relu_backward
        >>> from minicnn.exercises.search import simplest
        >>> case = simplest(relu_backward.EXERCISE.probes[0].cases)
        >>> answer = partial(call, lambda grad, input: grad[0])
        >>> try_case(relu_backward.EXERCISE, answer, case).fault.kind
        'shape'
    """
    expected = copied(case).call(exercise.twin)
    outcome = answer(copied(case).arguments)
    fault = (
        outcome.fault
        or _changed(case, outcome.after)
        or compare(expected, outcome.got, exercise.returns)
    )
    return Trial(case, expected, outcome.got, fault, outcome.printed)


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


def _changed(case: Case, after: dict[str, Any]) -> Fault | None:
    """Return the fault if the call modified an argument in place, else None."""
    for name, before in case.arguments.items():
        if isinstance(before, Tensor):
            now = after.get(name)
            if (
                not isinstance(now, Tensor)
                or (now.shape, now.dtype) != (before.shape, before.dtype)
                or not before.equal(now.detach())
            ):
                return Fault("changed", f"It modifies its argument {name} in place.")
    return None

"""Find out which mistake a failure looks like, and give a hint for it."""

from typing import Any

from torch import Tensor

from minicnn.exercises.compare import compare
from minicnn.exercises.exercise import Diagnosis, Exercise, Probe, Suspect
from minicnn.exercises.signs import sign
from minicnn.exercises.trial import Trial, copied

HINTS = {
    "unwritten": "Take the docstring line by line, and write the plainest loops that do it.",
    "arguments": "Start from the stub's first line: the order and the number of arguments count.",
    "time": "Does every loop end? Look at what changes from one round to the next.",
    "ready-made": (
        "That does the work for you, and the point here is to do it by hand, once. Indexing, "
        "loops, elementwise maths, sums and matrix products are all that it takes."
    ),
    "unsteady": (
        "The result has to follow from the arguments alone: no random numbers, nothing kept in a "
        "global variable, no tensor of torch.empty that is left as it was."
    ),
    "changed": (
        "The caller may still need those numbers. Work on a copy, or make a new tensor; +=, -= and "
        "methods that end in _ write into the tensor that they are used on."
    ),
    "dtype": (
        "A new tensor is float32, or int64 if made of ints, unless it is told otherwise: "
        "input.new_zeros(…) and torch.zeros_like(input) take the dtype of input."
    ),
    "type": "Compare what you return with the docstring's “Returns”.",
    "fraction": "A division by / makes a float, even if it comes out even.",
    "shape": "Print the shape of your result, and count by hand what it should be in this case.",
    "raised": "Print the shapes just before that line, in this very case.",
}
OF_ERRORS = {
    "IndexError": "An index runs past the end: print it, and the size that it must stay below.",
    "NameError": "That name is not defined: is it misspelt, or not imported?",
    "UnboundLocalError": "That variable is read on a path on which nothing was put into it.",
    "AttributeError": "There is no such attribute: is it misspelt, or another kind of object?",
    "ZeroDivisionError": "Which divisor is 0 here, and should it ever be?",
    "RecursionError": "It calls itself without end.",
}


def diagnose(
    exercise: Exercise, probe: Probe, trial: Trial, trials: list[Trial], first: bool
) -> Diagnosis:
    """Name the mistake: a suspect whom all trials confirm, a sign, or else the probe's topic.

    Args:
        exercise: whose suspects to look at.
        probe: the first that failed.
        trial: the smallest failure.
        trials: of the same probe, failures or not: a suspect has to explain every one.
        first: whether it is the first probe, in which nothing is new.
    """
    kind = trial.fault.kind if trial.fault else ""
    if kind not in ("values", "shape", "raised"):
        return Diagnosis(kind, HINTS[kind])
    for suspect in exercise.suspects:
        if _explains(suspect, exercise, trials):
            return Diagnosis(suspect.topic, suspect.hint)
    if kind == "raised":
        general = Diagnosis(kind, _of_error(trial))
    else:
        general = sign(trials) or (Diagnosis(kind, HINTS[kind]) if kind == "shape" else None)
    if general is None:
        return Diagnosis(probe.name, probe.hint)
    if first:
        return general
    return Diagnosis(probe.name, f"{general.hint} {probe.hint}")


def _explains(suspect: Suspect, exercise: Exercise, trials: list[Trial]) -> bool:
    """Tell whether all that came is what the suspect would have returned, failures included.

    Where the suspect has no answer, for its sizes do not fit, something has to be wrong, no matter
    what. But one wrong answer at least has to be the suspect's.
    """
    caught = False
    for trial in trials:
        answer = _answer(suspect, trial)
        if answer is None and trial.fault:
            continue
        if answer is None or trial.got is None or compare(answer, trial.got, exercise.returns):
            return False
        caught |= trial.fault is not None
    return caught


def _answer(suspect: Suspect, trial: Trial) -> Any:
    """Return what the suspect makes of a case, or None if that fails."""
    try:
        answer = suspect.answer(copied(trial.case))
    except (RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError):
        return None
    if isinstance(answer, Tensor) and isinstance(trial.expected, Tensor):
        return answer.detach()
    return answer


def _of_error(trial: Trial) -> str:
    words = trial.fault.words if trial.fault else ""
    name = words.removeprefix("It raised ").partition(":")[0]
    return OF_ERRORS.get(name, HINTS["raised"])

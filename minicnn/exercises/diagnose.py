"""Identify the mistake behind a failure and give a hint."""

from typing import Any

from torch import Tensor

from minicnn.exercises.compare import compare
from minicnn.exercises.exercise import Diagnosis, Exercise, Probe, Suspect
from minicnn.exercises.signs import sign
from minicnn.exercises.trial import Trial, copied

HINTS = {
    "unwritten": "Follow the docstring line by line, in the simplest way that works.",
    "arguments": "Start from the first line of the stub: the number and order of arguments matter.",
    "time": "Does every loop end? Check what changes from one iteration to the next.",
    "ended": (
        "A function only computes its result and returns it. exit() and os._exit() end the whole "
        "program instead, and so does a lack of memory; a second process only confuses it."
    ),
    "ready-made": (
        "That function does the work for you; the exercise is to write it by hand. Indexing, "
        "loops, elementwise operations, sums and matrix products are enough."
    ),
    "unsteady": (
        "The result must depend on the arguments only: no random numbers, no global variables, "
        "no uninitialised memory from torch.empty."
    ),
    "changed": (
        "The caller may still need those values. Work on a copy or create a new tensor; +=, -= and "
        "methods whose names end in _ modify their tensor in place."
    ),
    "dtype": (
        "A new tensor is float32 by default, or int64 if it is made from ints: "
        "input.new_zeros(…) and torch.zeros_like(input) use the dtype of input."
    ),
    "type": "Compare what you return with “Returns” in the docstring.",
    "fraction": "The operator / returns a float, even for a whole number.",
    "shape": "Print the shape of your result, and work out by hand what it should be here.",
    "raised": "Print the shapes just before that line, for this case.",
}
OF_ERRORS = {
    "IndexError": "An index is out of range: print it, and the size that it must stay below.",
    "NameError": "That name is not defined: is it misspelt, or is an import missing?",
    "UnboundLocalError": "That variable is read on a path where it has no value yet.",
    "AttributeError": "There is no such attribute: is it misspelt, or is the type wrong?",
    "ZeroDivisionError": "Which divisor is 0 here, and should it ever be?",
    "RecursionError": "It calls itself endlessly.",
}


def diagnose(
    exercise: Exercise, probe: Probe, trial: Trial, trials: list[Trial], first: bool
) -> Diagnosis:
    """Name the mistake: a suspect that explains all trials, a sign, or the topic of the probe.

    Args:
        exercise: the exercise, with its suspects.
        probe: the first probe that failed.
        trial: the smallest failure.
        trials: all trials of the probe, passed or failed; a suspect has to explain every one.
        first: whether it is the first probe of the exercise.
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
    """Return whether every result is what the suspect would have returned.

    Where the suspect itself fails, because its sizes do not fit, the trial must have failed too, in
    any way. At least one wrong result must be equal to the suspect's.
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
    """Return the suspect's result for a case, or None if it fails."""
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

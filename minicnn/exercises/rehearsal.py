"""Who takes part in the training: the functions that are right with the arguments of the network.

Only functions that the grader has passed are looked at. They are called once more, with the
arguments that they get in the network, and compared in the same way; so a function that is right
only for small arguments does not take part.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

from minicnn import data
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.check import Judged, Show, readable_name
from minicnn.exercises.network import Network
from minicnn.exercises.ours import OURS
from minicnn.exercises.submission import Submission
from minicnn.exercises.trial import try_case
from minicnn.testing.case import Case

STEPS, BATCH = 500, 32  # of a whole training
FEW = 4  # digits a step, if a function is too slow for more
ENOUGH = 30  # steps to see that the network learns
SLOWEST = 10.0  # seconds of a call for which there is always time


class TrainingError(Exception):
    """The training cannot go on; the message is for the learner."""


def chosen(
    learner: Submission, judged: dict[str, Judged], minutes: float, show: Show
) -> tuple[list[str], int]:
    """Return the learner's functions that take part, and for how many digits a step they are fast.

    Args:
        learner: the process of the files.
        judged: the verdicts of the grader.
        minutes: the time for the training.
        show: called with a line for each exercise.

    Returns:
        The names, and the number of digits: few, if a step on more would take too long.

    Raises:
        TrainingError: no function takes part.
    """
    if not judged:
        raise TrainingError(
            "There is no solution to train with. Begin: python3 -m minicnn.exercises start "
            "conv2d_forward"
        )
    right = [name for name, one in judged.items() if one.verdict.right and name in OURS]
    show("Comparing each right function with minicnn's, with its arguments in the network …")
    begin, limit, batch = time.monotonic(), max(SLOWEST, 60 * minutes), FEW
    faults = rehearse(learner, right, FEW, limit)
    few = time.monotonic() - begin
    if few * BATCH / FEW < 30 * minutes:  # at worst this takes half of the time for the training
        faults |= rehearse(learner, [name for name in right if name not in faults], BATCH, limit)
        many = time.monotonic() - begin - few
        # Loops that treat all digits of a batch at once take as long for many as for few.
        batch = BATCH if many < max(2 * few, 60 * minutes / ENOUGH) else FEW
    names = [name for name in OURS if name in right and name not in faults]
    width = max(map(len, EXERCISES))
    for name in EXERCISES:
        if name not in OURS:
            part = "no part: this network does not need it"
        elif name in names:
            part = f"yours, from {readable_name(judged[name].file)}"
        elif name in faults:
            part = f"minicnn's: yours passes the grader, but not here. {faults[name]}"
        elif name in judged:
            part = "minicnn's: yours is not right yet"
        else:
            part = "minicnn's"
        show(f"{name:{width}}  {part}")
    if not names:
        raise TrainingError(
            "None of your functions can take part. See what is wrong: python3 -m minicnn.exercises "
            "check FILE"
        )
    return names, batch


def rehearse(learner: Submission, names: list[str], batch: int, seconds: float) -> dict[str, str]:
    """Call the functions with the arguments that they get in the network; return what is wrong."""
    faults: dict[str, str] = {}
    for name, calls in arguments_in_the_network(batch).items():
        if name not in names:
            continue
        exercise, answer = EXERCISES[name], learner.answers(name, seconds)
        for arguments in calls:
            case = Case({}, dict(zip(exercise.stub.parameters, arguments, strict=True)))
            fault = try_case(exercise, answer, case).fault
            if fault:
                slow = f"It takes more than {seconds:.0f} seconds on {batch} digits."
                faults[name] = slow if fault.kind == "time" else fault.words.splitlines()[0]
                break
    return faults


def arguments_in_the_network(batch: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return the arguments of every call in a step, in double precision, and in evaluation.

    Example:
        >>> calls = arguments_in_the_network(2)
        >>> [tuple(weight.shape) for _, weight, *_ in calls["conv2d_forward"][:2]]
        [(8, 1, 5, 5), (16, 8, 3, 3)]
    """
    calls: dict[str, list[tuple[Any, ...]]] = defaultdict(list)

    def noted(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls[name].append(arguments)
            return OURS[name](*arguments)

        return call

    net = Network({name: noted(name) for name in OURS}, STEPS, torch.float64)
    digits, _ = data.load_sample()
    images = data.to_float(digits.images[:batch]).double()
    net.step(images, digits.labels[:batch])
    net.log_probabilities(images[:1])  # the same functions with the same geometry: one is enough
    return calls

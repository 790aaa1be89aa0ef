"""What wrong results have in common, and what they do not."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from minicnn.exercises.compare import Fault
from minicnn.exercises.diagnose import diagnose
from minicnn.exercises.exercise import Suspect
from minicnn.exercises.search import simplest
from minicnn.exercises.signs import sign
from minicnn.exercises.tasks.relu_backward import EXERCISE
from minicnn.exercises.trial import Trial
from minicnn.testing.case import Case

VALUES, RAISED = Fault("values", ""), Fault("raised", "RuntimeError: the sizes do not fit")


def wrong(expected: Tensor, got: Tensor) -> Trial:
    return Trial(Case({}, {}), expected, got, VALUES)


def test_a_result_with_some_zeros_is_not_all_zeros() -> None:
    expected = torch.tensor([1.0, 2.0, 3.0])
    found = sign([wrong(expected, torch.zeros(3))])
    assert found is not None
    assert found.topic == "zeros"
    assert sign([wrong(expected, torch.tensor([0.0, 5.0, 1.0]))]) is None


def test_single_numbers_that_are_all_0_are_no_multiple_of_what_they_should_be() -> None:
    found = sign([wrong(torch.tensor(float(n)), torch.tensor(0.0)) for n in (1, 2, 5)])
    assert found is not None
    assert (found.topic, found.hint) == ("zeros", "The result is always 0.")


def suspected(answer: Callable[[Case], Tensor], trials: list[Trial]) -> str:
    """The topic that is found for the trials of an exercise with one suspect."""
    exercise = replace(EXERCISE, suspects=(Suspect("suspect", answer, "look here"),))
    return diagnose(exercise, exercise.probes[0], trials[0], trials, first=True).topic


def test_a_suspect_that_fails_explains_a_trial_that_failed_and_no_other() -> None:
    case = simplest(EXERCISE.probes[0].cases)
    fits, other = replace(case, options={}), replace(case, options={"fails": True})
    one, two = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])

    def answer(asked: Case) -> Tensor:
        if asked.options:
            raise RuntimeError("the sizes do not fit")
        return two

    result = Trial(fits, one, two, VALUES)
    assert suspected(answer, [result, Trial(other, one, None, RAISED)]) == "suspect"
    assert suspected(answer, [result, Trial(other, one, one, None)]) != "suspect"

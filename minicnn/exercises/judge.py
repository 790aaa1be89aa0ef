"""Judge a function: try probe after probe, from easy to hard, until one fails."""

from dataclasses import dataclass, replace

from minicnn.exercises.calls import Answer
from minicnn.exercises.compare import Fault
from minicnn.exercises.diagnose import diagnose
from minicnn.exercises.exercise import Diagnosis, Exercise, Probe
from minicnn.exercises.search import EXAMPLES, SHRINKS, Try, is_final, shrink, survey
from minicnn.exercises.stopwatch import Timing
from minicnn.exercises.trial import Trial, try_case
from minicnn.testing.case import Case

REPEATS = 6  # calls with the same arguments, which must give the same result


@dataclass(frozen=True)
class Verdict:
    """The result of judging a function.

    Attributes:
        exercise: the exercise.
        passed: the probes that passed, each with its number of cases.
        probe: the first probe that failed, or None.
        trial: the smallest failing case with its result.
        diagnosis: the likely cause.
        timing: how long the function takes, beside minicnn's, if that was measured.
    """

    exercise: Exercise
    passed: tuple[tuple[Probe, int], ...]
    probe: Probe | None = None
    trial: Trial | None = None
    diagnosis: Diagnosis | None = None
    timing: Timing | None = None

    @property
    def right(self) -> bool:
        """Whether no failure was found."""
        return self.trial is None


def judge(
    exercise: Exercise,
    answer: Answer,
    examples: int = EXAMPLES,
    shrinks: int = SHRINKS,
) -> Verdict:
    """Try a function on the cases of an exercise; the verdict is deterministic.

    Args:
        exercise: the exercise.
        answer: calls the learner's function with some arguments, and returns what it did.
        examples: number of cases per probe.
        shrinks: maximal number of calls in the search for a smaller case.

    Example:
        >>> from minicnn.exercises.tasks.relu_backward import EXERCISE
        >>> from functools import partial
        >>> from minicnn.exercises.calls import call
        >>> verdict = judge(EXERCISE, partial(call, lambda grad, input: grad * (input >= 0)))
        >>> verdict.probe.name, verdict.diagnosis.topic
        ('zeros', 'zero let through')
    """
    passed: list[tuple[Probe, int]] = []

    def attempt(case: Case) -> Trial:
        return try_case(exercise, answer, case)

    for probe in exercise.probes:
        trials = survey(probe.cases, attempt, examples)
        if any(trial.fault for trial in trials):
            trial = smallest_failure(probe, attempt, trials, examples, shrinks)
            diagnosis = diagnose(exercise, probe, trial, [*trials, trial], first=not passed)
            return Verdict(exercise, tuple(passed), probe, trial, diagnosis)
        passed.append((probe, len(trials)))
    return Verdict(exercise, tuple(passed))


def smallest_failure(
    probe: Probe, attempt: Try, trials: list[Trial], examples: int, shrinks: int
) -> Trial:
    """Shrink the failure among some trials, unless it does not depend on the arguments."""
    last = [trial for trial in trials if trial.fault][-1]
    if is_final(last):
        return last
    trial = shrink(probe.cases, attempt, examples, shrinks) or last
    if any(attempt(trial.case).fault != trial.fault for _ in range(REPEATS)):
        words = "It was called twice with the same arguments, and the results differ."
        return replace(trial, fault=Fault("unsteady", words))
    return trial

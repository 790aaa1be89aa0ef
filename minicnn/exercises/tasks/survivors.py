"""Exercise: which bugs the tests do not notice."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import whole
from minicnn.exercises.exercise import Exercise, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def survivors(passed: Tensor) -> Tensor:
    """Find the mutants that survive a suite of tests.

    A mutant is a copy of the code with one bug planted in it. All tests are run on each mutant. A
    test that fails has noticed the bug, and kills the mutant; one such test is enough.

    Args:
        passed: (T, M), bool: whether test t passed on mutant m; T and M are at least 1.

    Returns:
        (M,), bool: whether mutant m survives.

    Example:
        >>> survivors(torch.tensor([[True, True], [False, True]]))  # the second test kills one
        tensor([False,  True])
    """
    raise NotImplementedError


def solution(passed: Tensor) -> Tensor:
    """Look for a test that fails, mutant by mutant."""
    result = []
    for mutant in range(passed.shape[1]):
        killers = [test for test in range(passed.shape[0]) if not passed[test, mutant]]
        result.append(len(killers) == 0)
    return torch.tensor(result)


def twin(passed: Tensor) -> Tensor:
    """Compute it with torch."""
    return passed.all(0)


@st.composite
def cases(draw: DrawFn, tests: int, mutants: int) -> Case:
    """Draw what at most so many tests say of at most so many mutants."""
    t, m = draw(st.integers(1, tests)), draw(st.integers(1, mutants))
    return Case({}, {"passed": draw(whole(t, m, low=0, high=1)).bool()})


EXERCISE = Exercise(
    stub=survivors,
    task="which planted bugs the tests do not notice",
    chapter="proving-it-right",
    solution=solution,
    twin=twin,
    probes=(
        Probe("one test", cases(1, 4), "A mutant survives the test that passes on it."),
        Probe("one mutant", cases(4, 1), "How many failing tests does it take to kill a mutant?"),
        Probe(
            "several tests and mutants",
            cases(4, 4),
            "Each mutant is judged by its own column, over all tests.",
        ),
    ),
    hints=(
        "Draw a table with two tests and two mutants. Which entries must be True for the first "
        "mutant to survive?",
        "Look at one mutant, which is a column of the table. It survives if no test fails on it.",
        "For each column ask whether all of its entries are True. torch has a reduction for that; "
        "over which dimension?",
    ),
    why=(
        "A suite notices a bug if some test fails, so a bug is missed only if all tests pass. Each "
        "survivor is a statement that no test makes, or a change that makes no difference."
    ),
    fast=None,
    suspects=(
        Suspect(
            "killed, not surviving",
            lambda case: ~case.call(twin),
            "Those are the mutants that are killed.",
        ),
        Suspect(
            "one passing test is enough",
            lambda case: case.options["passed"].any(0),
            "You let a mutant survive that passes one test; it has to pass all of them.",
        ),
        Suspect(
            "tests, not mutants",
            lambda case: case.options["passed"].all(1),
            "You judge the rows: these are the tests that notice nothing. Mutants are columns.",
        ),
        Suspect(
            "only the first test",
            lambda case: case.options["passed"][0],
            "Only the first test is looked at.",
        ),
    ),
)

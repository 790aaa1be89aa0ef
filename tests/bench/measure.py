"""Two functions take turns, so that what slows the machine down slows both."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

Function = Callable[[], Any]

WARM_UP = 1  # calls that are not measured: caches fill, kernels are chosen
MOST_CALLS = 1000  # in a sample


class Comparison(NamedTuple):
    """Two functions to compare.

    Attributes:
        name: what they compute.
        make: prepares the inputs, when their turn comes, and returns (ours, theirs).
    """

    name: str
    make: Callable[[], tuple[Function, Function]]


@dataclass(frozen=True)
class Meter:
    """How to measure.

    Attributes:
        repetitions: of each function, of which the median is taken.
        sample_seconds: how long a repetition lasts at least; it calls a fast function many times.
        processes: fresh processes of each kind, where whole processes are compared.
        clock: returns seconds.
    """

    repetitions: int = 15
    sample_seconds: float = 0.02
    processes: int = 3
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True)
class Case:
    """What both sides took, one number a repetition: seconds a call, or bytes."""

    name: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    unit: str = "seconds"

    @property
    def ratios(self) -> list[float]:
        """Ours / theirs, repetition by repetition: the two were measured next to each other."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]


def interleave(comparison: Comparison, meter: Meter) -> Case:
    """Measure A B, B A, A B, …: who goes first alternates, for the second finds warmer caches.

    Args:
        comparison: the two functions.
        meter: how to measure.

    Returns:
        A Case of seconds a call.

    Example:
        >>> compared = Comparison("sum", lambda: (lambda: sum(range(9)), lambda: sum(range(9))))
        >>> len(interleave(compared, Meter(repetitions=3, sample_seconds=0)).ratios)
        3
    """
    functions = comparison.make()
    calls = _calls_a_sample(functions, meter)
    seconds: tuple[list[float], list[float]] = ([], [])
    for repetition in range(meter.repetitions):
        for side in (0, 1) if repetition % 2 == 0 else (1, 0):
            seconds[side].append(_seconds_a_call(functions[side], calls, meter.clock))
    return Case(comparison.name, tuple(seconds[0]), tuple(seconds[1]))


def _calls_a_sample(functions: tuple[Function, Function], meter: Meter) -> int:
    """Warm both up, and find how many calls even the faster one needs to fill a sample."""
    for function in functions * WARM_UP:
        function()
    fastest = min(_seconds_a_call(function, 1, meter.clock) for function in functions)
    if fastest * MOST_CALLS <= meter.sample_seconds:
        return MOST_CALLS
    return max(1, math.ceil(meter.sample_seconds / fastest))


def _seconds_a_call(function: Function, calls: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(calls):
        function()
    return (clock() - start) / calls

"""Measure two functions side by side: they take turns, so that disturbances affect both alike."""

import math
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from minicnn.functional import keep_freed_memory

Function = Callable[[], Any]

WARM_UP = 1  # calls that are not measured: caches fill, kernels are chosen
MOST_CALLS = 1000  # in a sample


class Comparison(NamedTuple):
    """Two functions to compare.

    Attributes:
        name: what they compute.
        make: prepares the inputs and returns (ours, theirs).
    """

    name: str
    make: Callable[[], tuple[Function, Function]]


@dataclass(frozen=True)
class Meter:
    """How to measure.

    Attributes:
        repetitions: of each function, of which the median is taken.
        sample_seconds: minimum duration of a repetition; a fast function is called many times.
        run: the number of this run, from 0; the seed where whole processes are compared.
        clock: returns seconds.
    """

    repetitions: int = 15
    sample_seconds: float = 0.02
    run: int = 0
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True)
class Case:
    """What both sides took, one number for each repetition: seconds per call, or bytes."""

    name: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    unit: str = "seconds"

    @property
    def ratios(self) -> list[float]:
        """Ours / theirs, repetition by repetition: the two were measured next to each other."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]


def interleave(comparison: Comparison, meter: Meter) -> Case:
    """Measure A B, B A, A B, …: the order alternates, since the second finds warmer caches.

    Args:
        comparison: the two functions.
        meter: how to measure.

    Returns:
        A Case of seconds per call.

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


def median_seconds(function: Function, meter: Meter) -> float:
    """Measure a function alone: the median of its seconds per call."""
    calls = _calls_a_sample((function,), meter)
    seconds = [_seconds_a_call(function, calls, meter.clock) for _ in range(meter.repetitions)]
    return statistics.median(seconds)


def prepare(threads: int) -> None:
    """Set up a process that measures: threads, and freed memory kept, as in programs that train."""
    torch.set_num_threads(threads)
    keep_freed_memory()


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a new Python process with as many threads, and return its result.

    Args:
        function: of a module, since the process imports it by name.
        arguments: what pickle can copy.

    Example:
        >>> in_fresh_process(math.hypot, 3.0, 4.0)
        5.0
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would share caches, memory and threads
    with ProcessPoolExecutor(1, spawn, prepare, (torch.get_num_threads(),)) as pool:
        return pool.submit(function, *arguments).result()


class Spread(NamedTuple):
    """The median of some numbers between their quartiles: half of them lie in [low, high]."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Compute median and quartiles, interpolated between neighbours.

    Both are robust to outliers: measurements that another program disturbed.

    Args:
        values: at least one number.

    Raises:
        ValueError: no numbers.

    Example:
        >>> spread([0.5, 0.625, 0.75, 0.875, 90.0])
        Spread(low=0.625, median=0.75, high=0.875)
    """
    if not values:
        raise ValueError("values must hold at least one number, got none")
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def geometric_mean(ratios: Sequence[float]) -> float:
    """Compute (r₁ · … · rₙ)^(1/n), the mean of ratios: twice and half the time cancel.

    Raises:
        ValueError: no ratios, or one that is not above zero.

    Example:
        >>> geometric_mean([0.5, 2.0])
        1.0
    """
    if not ratios or min(ratios) <= 0:
        raise ValueError(f"ratios must be at least one number above zero, got {ratios}")
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def _calls_a_sample(functions: tuple[Function, ...], meter: Meter) -> int:
    """Warm all up, and return how many calls fill a sample even with the fastest one."""
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

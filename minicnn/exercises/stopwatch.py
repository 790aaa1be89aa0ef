"""How long a right answer takes, beside minicnn's function for the same exercise.

A call is timed in the learner's process, without what it takes to pass the numbers on. What that
process says is not believed as it stands: the grader's clock runs as well, from the moment when the
arguments are handed over until the result is here. The arguments are new for each call, the result
must be right, and a call counts only if the two clocks differ by less than a hundredth of a second,
or a tenth of the time: more than that no file can hide.
"""

import secrets
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from minicnn import functional as F
from minicnn import optim
from minicnn.exercises.calls import Answer
from minicnn.exercises.compare import compare
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.ours import OURS, Function
from minicnn.exercises.submission import Submission, UnreadableError
from minicnn.optim.sgd import SgdState

CALLS = 5
ENOUGH = 0.5  # seconds after which no further call begins
LIMIT = 1.0  # seconds for a call
GRACE = 0.5  # further seconds until its process is killed
SLACK = 0.01  # seconds, or
SHARE = 0.1  # of the time, by which two clocks may differ: arguments and result are passed on
ALIKE = 1.5  # factor below which two times are called about the same


class Timing(NamedTuple):
    """The seconds of a call, for the learner's function and for minicnn's.

    Attributes:
        yours: the median; for a call that was stopped, when it was stopped.
        ours: the median.
        on: the shapes of the arguments.
        stopped: whether the learner's function took longer than there is time for.
    """

    yours: float
    ours: float
    on: str
    stopped: bool = False

    def __str__(self) -> str:
        """Return both in one line.

        Example:
            >>> str(Timing(0.041, 0.0006, "input (8, 4, 14, 14)"))
            "yours 41 ms, minicnn's 0.6 ms on input (8, 4, 14, 14), 68 times as long"
            >>> str(Timing(0.0002, 0.00015, "logits (9, 10)"))
            "yours 0.2 ms, minicnn's 0.15 ms on logits (9, 10), about the same"
            >>> str(Timing(1.0, 0.001, "grad (9, 9)", stopped=True))
            "yours over 1 s, minicnn's 1 ms on grad (9, 9), over 1,000 times as long"
        """
        over, ratio = "over " if self.stopped else "", self.yours / self.ours
        alike = 1 / ALIKE < ratio < ALIKE and not self.stopped
        return (
            f"yours {over}{_duration(self.yours)}, minicnn's {_duration(self.ours)} on {self.on}, "
            + ("about the same" if alike else f"{over}{_short(ratio)} times as long")
        )


def timed(exercise: Exercise, submission: Submission) -> Timing | None:
    """Time a function that is right, and minicnn's; this takes at most about two seconds.

    Args:
        exercise: the exercise.
        submission: the process that the learner's function is in.

    Returns:
        The times; None if a call fails, or its result is not right, or if there is no function of
        minicnn with these arguments that takes long enough to be timed.
    """
    if exercise.name not in INPUTS:
        return None
    try:
        answer = submission.answers(exercise.name, LIMIT, GRACE, watched=False)
    except UnreadableError:  # the process had ended, and the file cannot be run again
        return None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the learner's process
    try:
        return _timed(exercise, answer)
    finally:
        torch.set_num_threads(threads)


def _timed(exercise: Exercise, answer: Answer) -> Timing | None:
    function = FUNCTIONS[exercise.name]
    generator = Generator().manual_seed(secrets.randbits(63))
    arguments = _arguments(exercise, generator)
    on = _shapes(arguments)
    _clocked(function, *arguments.values())  # this loads what torch needs for it
    yours, ours = [], []
    begin = time.perf_counter()
    while len(ours) < CALLS and time.perf_counter() - begin < ENOUGH:
        arguments = _arguments(exercise, generator)
        expected, seconds = _clocked(function, *arguments.values())
        got, waited = _clocked(answer, arguments)
        if got.fault and got.fault.kind == "time":
            return Timing(LIMIT, seconds, on, stopped=True)
        if got.fault or compare(expected, got.got, exercise.returns):
            return None
        ours.append(seconds)
        if 0 < got.seconds < waited < got.seconds + max(SLACK, SHARE * waited):
            yours.append(got.seconds)
    return Timing(median(yours), median(ours), on) if yours else None


def _arguments(exercise: Exercise, generator: Generator) -> dict[str, Any]:
    drawn = (x(generator) if callable(x) else x for x in INPUTS[exercise.name])
    return dict(zip(exercise.stub.parameters, drawn, strict=True))


def _clocked(function: Function, *arguments: Any) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - begin


def _duration(seconds: float) -> str:
    return f"{_short(seconds)} s" if seconds >= 1 else f"{_short(1000 * seconds)} ms"


def _short(value: float) -> str:
    """Format a positive number with two significant digits, or as a whole number."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _shapes(arguments: dict[str, Any]) -> str:
    """Name the tensors; of several with the same shape, the first."""
    named: dict[tuple[int, ...], str] = {}
    for name, value in arguments.items():
        if isinstance(value, Tensor):
            named.setdefault(tuple(value.shape), name)
    return ", ".join(f"{name} {shape}" for shape, name in named.items())


# --- minicnn's functions, and their arguments ----------------------------------------------------


def _sgd_momentum(
    param: Tensor, grad: Tensor, buffer: Tensor, lr: float, momentum: float
) -> tuple[Any, ...]:
    state = SgdState(torch.tensor(1), buffer)
    updates, state = optim.sgd(lr, momentum).update(grad, state, param)
    return param + updates, state.momentum


FUNCTIONS: dict[str, Function] = {
    **OURS,  # and those that no network of the exercises needs
    "unfold": lambda input, kernel_size, stride, padding, dilation: F.unfold(
        input, kernel_size, dilation, padding, stride
    ),
    "sgd_momentum": _sgd_momentum,
}


def _normal(*shape: int) -> Callable[[Generator], Tensor]:
    return lambda generator: torch.randn(shape, generator=generator)


def _uniform(*shape: int) -> Callable[[Generator], Tensor]:
    return lambda generator: torch.rand(shape, generator=generator)


def _labels(rows: int, classes: int) -> Callable[[Generator], Tensor]:
    return lambda generator: torch.randint(classes, (rows,), generator=generator)


# Small enough for plain loops over every number; what is no tensor is the same in each call.
# Functions that return a single number in microseconds are left out: there is nothing to compare.
IMAGES, KERNELS = _normal(4, 3, 14, 14), _normal(4, 3, 3, 3)
CONVOLVED = _normal(2, 3, 8, 8), _normal(2, 2, 10, 10), _normal(3, 2, 3, 3)  # grad, input, weight
WINDOW = 1, 0, 1, 1  # stride, padding, dilation, groups
LOGITS, TARGET = _normal(256, 10), _labels(256, 10)
PARAMS = _normal(64, 64)
INPUTS: dict[str, tuple[Any, ...]] = {
    "conv2d_forward": (IMAGES, KERNELS, _normal(4), *WINDOW),
    "unfold": (IMAGES, (3, 3), 1, 0, 1),
    "conv2d_grad_bias": (_normal(4, 4, 12, 12),),
    "conv2d_grad_weight": (*CONVOLVED, *WINDOW),
    "conv2d_grad_input": (*CONVOLVED, *WINDOW),
    "max_pool2d_forward": (IMAGES, 2, 2, 0),
    "max_pool2d_backward": (_normal(4, 3, 7, 7), IMAGES, 2, 2, 0),
    "avg_pool2d_backward": (_normal(4, 3, 7, 7), 14, 14, 2, 2, 0),
    "linear_backward": (_normal(32, 10), _normal(32, 64), _normal(10, 64)),
    "relu_backward": (PARAMS, PARAMS),
    "log_softmax": (LOGITS,),
    "cross_entropy": (LOGITS, TARGET),
    "cross_entropy_grad": (LOGITS, TARGET),
    "kaiming_uniform": (_uniform(16, 8, 3, 3),),
    "batch_norm_train": (IMAGES, *(_uniform(3),) * 4, 0.1, 1e-5),
    "sgd_momentum": (PARAMS, PARAMS, PARAMS, 0.1, 0.9),
    "adam_step": (PARAMS, PARAMS, PARAMS, _uniform(64, 64), 2, 0.01, (0.9, 0.999), 1e-8),
    "dropout": (PARAMS, _uniform(64, 64), 0.25, True),
}

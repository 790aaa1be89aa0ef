"""One call of a learner's function: what it returned, changed and printed, or why it failed."""

import inspect
import io
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from minicnn.exercises.compare import Fault
from minicnn.exercises.deadline import SECONDS, TimeUpError, Watchman
from minicnn.exercises.ready_made import ReadyMadeError, Watch, borrowed

KINDS = {"unwritten", "arguments", "time", "ready-made", "raised"}  # faults found here


class Outcome(NamedTuple):
    """What a call did.

    Attributes:
        got: the result, None if there is none.
        fault: why there is no result, or None.
        after: the arguments after the call.
        printed: the output that the function printed.
        seconds: the duration.
    """

    got: Any
    fault: Fault | None
    after: dict[str, Any]
    printed: str = ""
    seconds: float = 0.0


Answer = Callable[[dict[str, Any]], Outcome]


def call(
    function: Callable[..., Any],
    arguments: dict[str, Any],
    watchman: Watchman | None = None,
    watched: bool = True,
) -> Outcome:
    """Call the function with these arguments, which it may modify.

    Args:
        function: the function.
        arguments: its arguments, in their order.
        watchman: limits the time.
        watched: whether a call of a ready-made function is a fault.

    Example:
        >>> call(lambda a, b: a / b, {"a": 6, "b": 2}).got
        3.0
        >>> call(lambda a, b: a / b, {"a": 6, "b": 0}).fault.kind
        'raised'
    """
    fault = _misfit(function, arguments)
    if fault:
        return Outcome(None, fault, arguments)
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        begin = time.perf_counter()
        got, fault = _call(function, arguments, watchman, watched)
        seconds = time.perf_counter() - begin
    return Outcome(got, fault, arguments, printed.getvalue(), seconds)


def said(error: BaseException) -> str:
    """Return the type of an error and the first line of its message.

    Example:
        >>> said(ValueError("first\\nsecond")), said(StopIteration())
        ('ValueError: first', 'StopIteration')
    """
    name = type(error).__name__
    try:
        lines = str(error).splitlines()
    except BaseException:  # an error of the learner's own, whose message fails
        lines = []
    return f"{name}: {lines[0]}"[:200] if lines and lines[0] else name


def _misfit(function: Callable[..., Any], arguments: dict[str, Any]) -> Fault | None:
    """Check that the function can be called and does not use minicnn."""
    origin = borrowed(function)
    if origin:
        return Fault("ready-made", f"It uses {origin}.")
    try:
        inspect.signature(function).bind(*arguments.values())
    except TypeError:
        wanted = ", ".join(arguments)
        return Fault("arguments", f"It must take these arguments, in this order: {wanted}.")
    except ValueError:  # a callable without a signature
        return None
    return None


def _call(
    function: Callable[..., Any],
    arguments: dict[str, Any],
    watchman: Watchman | None,
    watched: bool,
) -> tuple[Any, Fault | None]:
    try:
        limit = watchman.limit() if watchman else nullcontext()
        with warnings.catch_warnings(), Watch() if watched else nullcontext(), limit:
            warnings.simplefilter("ignore")
            return function(*arguments.values()), None
    except TimeUpError as error:
        words = f"It did not return within {SECONDS:.0f} seconds."
        return None, Fault("time", words + _line(error, function, "It was in"))
    except ReadyMadeError as error:
        return None, Fault("ready-made", f"It calls {error.name}." + _line(error, function, "In"))
    except BaseException as error:
        if isinstance(error, NotImplementedError) and not error.args:
            return None, Fault("unwritten", "Not written yet: it raises NotImplementedError.")
        return None, Fault("raised", f"It raised {said(error)}" + _line(error, function, "In"))


def _line(error: BaseException, function: Callable[..., Any], prefix: str) -> str:
    """Quote the last line of the learner's file in the traceback of the error."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    file = code.co_filename if code else None
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"\n{prefix} line {frames[-1].lineno}:  {frames[-1].line}" if frames else ""

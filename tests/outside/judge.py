"""One sample, one verdict: what minicnn does with it, compared with what torch does."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from minicnn.testing import Case, assert_near, outcome

REFUSALS = (ValueError, TypeError)


@dataclass(frozen=True)
class Sample:
    """Arguments that PyTorch's developers chose, and the two functions that get them.

    Attributes:
        database: where the sample comes from.
        name: what it tests, a row of the table.
        ours, theirs: the functions, both called with ``*args, **kwargs``.
        args, kwargs: the arguments; tensors that require a gradient are differentiated by.
        options: the arguments and settings by name, for the rules of `declined.py`.
        must_raise: whether torch says that the arguments have to be refused.
    """

    database: str
    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    must_raise: bool = False


@dataclass(frozen=True)
class Verdict:
    """What came of a sample: "passed", "failed", or that minicnn alone "refused" or "accepted" it.

    Attributes:
        sample: the sample.
        result: one of these four words.
        detail: the difference, or the error of the one who refused.
    """

    sample: Sample
    result: str
    detail: str = ""

    def __str__(self) -> str:
        """Show the arguments, too."""
        return f"{self.sample.name} {self.result}: {self.detail}\n  {_as_case(self.sample)[0]}"


def judge(sample: Sample) -> Verdict:
    """Give a sample to minicnn and to torch, and compare. Seeds torch's global generator."""
    case, restore = _as_case(sample)

    def call(f: Callable[..., Any]) -> Callable[..., Any]:
        def named(**leaves: Any) -> Any:
            args, kwargs = restore(leaves)
            return f(*args, **kwargs)

        return named

    order = 2 if not sample.must_raise and _is_exact(case) else 0
    before = {name: x.clone() for name, x in _tensors(case).items()}
    try:
        with _reproducible("error"):
            actual = outcome(call(sample.ours), case, order, REFUSALS)
        for name, x in _tensors(case).items():
            assert_near(_real(x), _real(before[name]), f"{name}, which no call may change")
    except Exception as error:
        return Verdict(sample, "failed", repr(error))

    with _reproducible("error" if sample.must_raise else "ignore"):  # a warning is a refusal
        twin = outcome(call(sample.theirs), case, 0, (Exception,) if sample.must_raise else ())
    if isinstance(twin, Exception) or isinstance(actual, Exception):
        return Verdict(sample, *_refused(actual, twin))
    if sample.must_raise:
        return Verdict(sample, "failed", "torch takes what it says has to be refused")
    with _reproducible("ignore"):  # in float64, so that it is the truth for every dtype
        expected = outcome(call(sample.theirs), case.plain(), order, ())
    return Verdict(sample, *_compared(actual, expected, twin))


def _refused(actual: Any, twin: Any) -> tuple[str, str]:
    if not isinstance(actual, Exception):
        return "accepted", repr(twin)
    return ("passed", "") if isinstance(twin, Exception) else ("refused", repr(actual))


def _compared(actual: Any, expected: Any, twin: Any) -> tuple[str, str]:
    try:
        assert list(actual) == list(expected)
        for name, result in actual.items():
            result = _real(result)
            # The truth is in float64; that our dtype is the twin's is asserted below.
            assert_near(result, _real(expected[name]).to(result.dtype), name)
        for name, result in twin.items():
            assert actual[name].dtype == result.dtype, f"{name} must be {result.dtype}"
    except AssertionError as error:
        return "failed", str(error)
    return "passed", ""


def _as_case(sample: Sample) -> tuple[Case, Callable[[dict[str, Any]], Any]]:
    """Name everything inside the arguments; the function puts it back into its place."""
    leaves, structure = pytree.tree_flatten((sample.args, sample.kwargs))
    named = {f"argument {i}": leaf for i, leaf in enumerate(leaves)}
    inputs = {
        name: leaf
        for name, leaf in named.items()
        if isinstance(leaf, Tensor) and leaf.requires_grad and not sample.must_raise
    }
    options = {name: leaf for name, leaf in named.items() if name not in inputs}

    def restore(leaves: dict[str, Any]) -> Any:
        return pytree.tree_unflatten([leaves[name] for name in named], structure)

    return Case(inputs, options), restore


def _tensors(case: Case) -> dict[str, Tensor]:
    arguments = {**case.inputs, **case.options}
    return {name: x.detach() for name, x in arguments.items() if isinstance(x, Tensor)}


def _is_exact(case: Case) -> bool:
    return all(x.dtype in (torch.float64, torch.complex128) for x in case.inputs.values())


def _real(x: Tensor) -> Tensor:
    return torch.view_as_real(x.resolve_conj()) if x.is_complex() else x


@contextmanager
def _reproducible(warnings_are: Literal["error", "ignore"]) -> Iterator[None]:
    """Have the same random numbers drawn each time."""
    with warnings.catch_warnings():
        warnings.simplefilter(warnings_are)
        warnings.filterwarnings("ignore", "Casting complex values to real")
        torch.default_generator.manual_seed(0)  # torch.manual_seed asks every device: slow
        yield

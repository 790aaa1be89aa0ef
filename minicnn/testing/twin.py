"""Twins: two functions that reject the same cases, and agree on all others."""

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.case import Case
from minicnn.testing.tensors import Numbers, fill

Errors = tuple[type[Exception], ...]
REFUSALS: Errors = (ValueError, TypeError)
TORCH_REFUSALS: Errors = (
    *REFUSALS,
    *(RuntimeError, IndexError, AttributeError, ZeroDivisionError),
)


def assert_twins(
    ours: Callable[..., Any], twin: Callable[..., Any], case: Case, order: int = 2
) -> None:
    """Assert that ``ours`` and ``twin`` agree on ``case``.

    Either both reject it, or their results agree, and so do the derivatives with respect to every
    input up to the given order. The results must have the dtype of the case, and ``ours`` must not
    change its arguments.

    The twin gets the same numbers in float64 and contiguous, as a reference for every dtype and
    layout. (Torch 2.15 needs that: if weight and input are both channels-last, its gradient with
    respect to the weight of a grouped convolution is wrong.)

    Args:
        ours: the function to test. It rejects by ValueError or TypeError; other errors propagate.
        twin: the function to compare it with.
        case: the arguments of both.
        order: the highest order of the derivatives to compare.

    Raises:
        AssertionError: they differ.

    Example:
        >>> case = Case({"input": torch.tensor([1.0, 2.0])}, {"dim": 0})
        >>> assert_twins(lambda input, dim: input.exp() / input.exp().sum(dim), torch.softmax, case)
    """
    expected = outcome(twin, case.plain(), order, TORCH_REFUSALS)
    copies = {name: x.clone() for name, x in case.inputs.items()}
    actual = outcome(ours, case, order)
    if isinstance(expected, Exception) or isinstance(actual, Exception):
        both = isinstance(expected, Exception) and isinstance(actual, Exception)
        assert both, f"only one rejects\n  ours: {actual!r}\n  twin: {expected!r}"
        return
    assert list(actual) == list(expected)
    dtype = case.options.get("dtype") or next(iter(case.inputs.values())).dtype
    for name, y in actual.items():
        truth = expected[name]
        if truth.is_floating_point():
            truth = truth.to(dtype if name.startswith("result") else y.dtype)
        assert_near(y, truth, name)
    for name, copy in copies.items():
        assert_near(case.inputs[name], copy, f"{name}, which the call must not change")


def accepted(f: Callable[..., Any], cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """Return a strategy for the cases that ``f`` does not reject.

    Example:
        >>> from hypothesis import find
        >>> from minicnn import functional as F
        >>> from minicnn.testing.cases import softmax
        >>> find(accepted(F.softmax, softmax()), lambda case: case.options["dim"] > 0).options
        {'dim': 1, 'dtype': None}
    """
    return cases.filter(lambda case: not isinstance(outcome(f, case), Exception))


def outcome(
    f: Callable[..., Any], case: Case, order: int = 0, refusals: Errors = REFUSALS
) -> dict[str, Tensor] | Exception:
    """Call ``f`` and differentiate; return all tensors by name, or the error if ``f`` rejects.

    Example:
        >>> case = Case({"input": torch.tensor([1.0, 2.0])}, {"dim": 0})
        >>> list(outcome(torch.softmax, case, order=1))
        ['result 0', 'derivative 1 with respect to input']
        >>> outcome(torch.sum, case.replace(dim=2), refusals=(IndexError,))
        IndexError('Dimension out of range (expected to be in range of [-1, 0], but got 2)')
    """
    leaves = {name: x.detach().requires_grad_() for name, x in case.inputs.items()}
    try:
        results = Case(leaves, case.options).call(f)
    except refusals as error:
        return error
    results = (results,) if isinstance(results, Tensor) else results
    named = {f"result {i}": y for i, y in enumerate(results) if y is not None}
    return {**named, **_derivatives(named, leaves, order)}


def _derivatives(
    results: dict[str, Tensor], leaves: dict[str, Tensor], order: int
) -> dict[str, Tensor]:
    """Differentiate ⟨results, g⟩ for some g, then ⟨gradients, h⟩ with respect to all and g, …"""
    derivatives: dict[str, Tensor] = {}
    for n in range(1, order + 1):
        results = {name: y for name, y in results.items() if y.requires_grad}
        if not results:
            break
        cotangents = {f"g{n} of {name}": _cotangent(y) for name, y in results.items()}
        gradients = torch.autograd.grad(
            tuple(results.values()), tuple(leaves.values()), tuple(cotangents.values()),
            create_graph=n < order, materialize_grads=True,
        )  # fmt: skip
        results = {
            f"derivative {n} with respect to {name}": gradient
            for name, gradient in zip(leaves, gradients, strict=True)
        }
        derivatives |= results
        leaves = leaves | cotangents
    return derivatives


def _cotangent(y: Tensor) -> Tensor:
    """Return some g for ⟨y, g⟩, the same for equal shapes."""
    return fill(tuple(y.shape), Numbers(y.dtype, "positive"), seed=0).requires_grad_()


def refusal(f: Callable[..., Any], case: Case, refusals: Errors = REFUSALS) -> Exception | None:
    """Return the error by which ``f`` rejects a case, or None; the arguments may be anything.

    Example:
        >>> refusal(torch.softmax, Case({}, {"input": torch.zeros(2), "dim": "rows"}))
        TypeError("softmax(): argument 'dim' must be int, not str")
    """
    copies = {key: x.clone() for key, x in case.arguments.items() if isinstance(x, Tensor)}
    try:
        case.replace(**copies).call(f)
    except refusals as error:
        return error
    return None


def assert_near(actual: Tensor, expected: Tensor, name: str = "result") -> None:
    """Assert that tensors agree to two thirds of the digits of the dtype of ``actual``.

    The error may be eps^⅔ times the largest expected number (or 1, if all are smaller): 4·10⁻¹¹ in
    float64, 2·10⁻⁵ in float32, 4 % in bfloat16. Integers, NaN, ±∞, shapes and dtypes must be equal.

    Example:
        >>> assert_near(torch.tensor([1.00001, float("nan")]), torch.tensor([1.0, float("nan")]))
    """
    tolerance = 0.0
    if actual.is_floating_point():
        finite = expected[expected.isfinite()].abs()
        scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
        tolerance = scale * torch.finfo(actual.dtype).eps ** (2 / 3)
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=tolerance, equal_nan=True,
        msg=lambda message: f"{name}: {message}",
    )  # fmt: skip

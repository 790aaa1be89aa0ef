"""Two functions are twins if no case tells them apart: they refuse the same, and compute the same."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.testing.case import Case
from minicnn.testing.tensors import Numbers, fill

REFUSALS = (ValueError, TypeError)
TWIN_REFUSALS = (*REFUSALS, RuntimeError, IndexError, NotImplementedError)


def assert_twins(
    ours: Callable[..., Any], twin: Callable[..., Any], case: Case, order: int = 2
) -> None:
    """Assert that ``ours`` does with ``case`` what ``twin`` does.

    Both refuse it; or neither does, the values agree, and so do the derivatives by every input, up
    to the given order. The twin computes in float64, whatever the dtype of the case, and the dtype
    that the case has decides how far ours may be from that.
    """
    expected = outcome(twin, case.plain(), order, TWIN_REFUSALS)
    inputs = {name: x.clone() for name, x in case.inputs.items()}
    actual = outcome(ours, case, order, REFUSALS)
    if isinstance(expected, Exception) or isinstance(actual, Exception):
        both = isinstance(expected, Exception) and isinstance(actual, Exception)
        assert both, f"only one refuses\n  ours: {actual!r}\n  twin: {expected!r}\n  {case}"
        return
    assert actual.keys() == expected.keys(), f"{list(actual)} for {list(expected)}"
    for name, result in actual.items():
        assert_near(result, expected[name], name)
    for name, x in inputs.items():
        assert_near(case.inputs[name], x, f"{name}, which no call may change")


def outcome(
    f: Callable[..., Any], case: Case, order: int, refusals: tuple[type[Exception], ...]
) -> dict[str, Tensor] | Exception:
    """Return the results of a call and their derivatives by name, or the error that refuses it."""
    leaves = {name: x.detach().requires_grad_() for name, x in case.inputs.items()}
    try:
        results = Case(leaves, case.options).call(f)
    except refusals as error:
        return error
    results = (results,) if isinstance(results, Tensor) else results
    named = {f"result {i}": y for i, y in enumerate(results) if y is not None}
    return {**named, **derivatives(named, leaves, order)}


def derivatives(
    results: dict[str, Tensor], leaves: dict[str, Tensor], order: int
) -> dict[str, Tensor]:
    """Return the gradients of ⟨results, g⟩ for some g, and those of ⟨the gradients, h⟩, …"""
    derived: dict[str, Tensor] = {}
    for number in range(1, order + 1):
        results = {name: y for name, y in results.items() if y.requires_grad}
        if not results:
            break
        cotangents = {f"g{number} of {name}": cotangent(y) for name, y in results.items()}
        gradients = torch.autograd.grad(
            tuple(results.values()), tuple(leaves.values()), tuple(cotangents.values()),
            create_graph=number < order, materialize_grads=True,
        )  # fmt: skip
        results = {
            f"derivative {number} by {name}": gradient
            for name, gradient in zip(leaves, gradients, strict=True)
        }
        derived |= results
        leaves = leaves | cotangents
    return derived


def cotangent(y: Tensor) -> Tensor:
    """Return some g for ⟨y, g⟩, always the same for a shape."""
    return fill(tuple(y.shape), Numbers(y.dtype, "positive"), seed=0).requires_grad_()


def assert_near(actual: Tensor, expected: Tensor, name: str) -> None:
    """Assert that two thirds of the digits that the dtype of ``actual`` holds are as expected.

    That is eps^⅔, of the largest number expected: 4e-11 in float64, 2e-5 in float32, 4 % in
    bfloat16. Integers must be equal, NaN and ±∞ must be where they are expected.
    """
    tolerance = 0.0
    if actual.is_floating_point():
        expected = expected.to(actual.dtype)
        finite = expected[expected.isfinite()].abs()
        scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
        tolerance = scale * torch.finfo(actual.dtype).eps ** (2 / 3)
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=tolerance, equal_nan=True,
        msg=lambda message: f"{name}: {message}",
    )  # fmt: skip

"""Enough drawn cases could fail a property: accepted, not empty, and not all the same number."""

import pytest
from hypothesis import given, settings
from torch import Tensor

from minicnn import functional as F
from minicnn.testing import Case, cases

from ..meaningful import meaningful, mostly_meaningful


def varies(x: Tensor) -> bool:
    return x.unique().numel() > 1


def could_fail(name: str, case: Case) -> bool:
    """Return whether a wrong function would show in this case, in all likelihood."""
    try:
        results = case.call(getattr(F, name))
    except ValueError:
        return False  # that it is refused is another property
    y = results[0] if isinstance(results, tuple) else results
    inputs_vary = all(varies(x) for key, x in case.inputs.items() if key in ("input", "grad"))
    return inputs_vary and y.numel() > 0 and bool(y.isfinite().all()) and bool(y.any())


@pytest.mark.parametrize("name", cases.__all__)
def test_most_cases_of_a_function_could_fail_its_properties(name: str) -> None:
    @mostly_meaningful
    @settings(max_examples=100, derandomize=True)
    @given(getattr(cases, name)())
    def draw(case: Case) -> None:
        meaningful(could_fail(name, case))

    draw()


def is_smoothed_and_weighted(case: Case) -> bool:
    """Return whether smoothing and class weights both matter to a cross-entropy."""
    options = case.options
    classes = case.inputs["input"].shape[1 if case.inputs["input"].ndim > 1 else 0]
    return (
        could_fail("cross_entropy", case)
        and classes > 1
        and options["label_smoothing"] > 0.01
        and options["weight"] is not None
    )


def test_the_cases_of_cross_entropy_combine_smoothing_with_class_weights() -> None:
    found = []

    @settings(max_examples=300, derandomize=True)
    @given(cases.cross_entropy())
    def draw(case: Case) -> None:
        found.append(is_smoothed_and_weighted(case))

    draw()
    assert sum(found) >= len(found) / 10

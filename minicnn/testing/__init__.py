"""Search for inputs on which a function and its twin differ (needs hypothesis: the extra ``test``).

`cases` draws the arguments of every function in `minicnn.functional`: geometry, options, numbers
and memory layout. `assert_twins` compares two functions on a case, `assert_differentiable` compares
derivatives with finite differences, `assert_layout_follows` checks the memory layout of the result,
and `spoiled` draws cases with an invalid argument.

Example:
    >>> import torch
    >>> from hypothesis import given, settings
    >>> from minicnn import functional as F
    >>> from minicnn.testing import assert_twins, cases
    >>> @settings(max_examples=20, derandomize=True, database=None, deadline=None)
    ... @given(cases.avg_pool2d())
    ... def test_avg_pool2d(case):
    ...     assert_twins(F.avg_pool2d, torch.nn.functional.avg_pool2d, case)
    >>> test_avg_pool2d()  # 20 cases, and no difference

Reference: Claessen & Hughes, "QuickCheck: A Lightweight Tool for Random Testing of Haskell
Programs", 2000 (property-based testing); MacIver et al., "Hypothesis: A new approach to
property-based testing", 2019.
"""

from minicnn.testing import cases
from minicnn.testing.case import Case
from minicnn.testing.finite_differences import assert_differentiable
from minicnn.testing.memory import assert_layout_follows
from minicnn.testing.spoil import spoiled
from minicnn.testing.tensors import (
    EXACT,
    INTEGERS,
    NORMAL,
    ROUNDED,
    SPECIAL,
    Numbers,
    fill,
    tensors,
)
from minicnn.testing.twin import accepted, assert_near, assert_twins, outcome

__all__ = [
    "EXACT",
    "INTEGERS",
    "NORMAL",
    "ROUNDED",
    "SPECIAL",
    "Case",
    "Numbers",
    "accepted",
    "assert_differentiable",
    "assert_layout_follows",
    "assert_near",
    "assert_twins",
    "cases",
    "fill",
    "outcome",
    "spoiled",
    "tensors",
]

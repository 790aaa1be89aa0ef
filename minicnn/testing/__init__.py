"""Search for a case that tells a function from its twin (needs hypothesis: ``minicnn[test]``).

`cases` draws the arguments of every function in `minicnn.functional`: geometry, options, numbers
and memory layout. `assert_twins` gives a case to two functions, `assert_differentiable` holds a
function's derivatives against finite differences, `assert_layout_follows` looks at how the result
lies in memory, and `spoiled` makes a case that has to be refused.

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

"""Spoiled cases: one argument is replaced, usually by an invalid one."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.case import Case

WRONG_OPTIONS = (0, -1, 1.5, "x", None, (1, 2, 3), True)


@st.composite
def spoiled(draw: st.DrawFn, cases: st.SearchStrategy[Case]) -> tuple[str, Case]:
    """Draw a case in which one argument is replaced: (name of the argument, case).

    The new value may happen to be valid; the twin decides.
    """
    case = draw(cases)
    name = draw(st.sampled_from(list(case.arguments)))
    value = case.arguments[name]
    others = wrong_tensors(value) if isinstance(value, Tensor) else WRONG_OPTIONS
    return name, case.replace(**{name: draw(st.sampled_from(others))})


def wrong_tensors(x: Tensor) -> list:
    """Return variants of ``x`` with a different shape or dtype, or that are not tensors.

    Example:
        >>> [tuple(wrong.shape) for wrong in wrong_tensors(torch.zeros(2, 3))[6:]]
        [(3,), (0, 3), (3, 3), (2,), (2, 0), (2, 4)]
    """
    wrong = [x.tolist(), x[None], x.int(), x.bool(), x.float(), x.to(torch.complex128)]
    for dim, size in enumerate(x.shape):
        more = x.narrow(dim, 0, min(size, 1))
        wrong += [x.sum(dim), x.narrow(dim, 0, 0), torch.cat([x, more], dim)]
    return wrong

"""A drop-in twin: each function takes the arguments of torch's, so one changed import is enough."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as twin

from minicnn import functional as F

# Where torch shows no signature: in C++, or behind a switch for return_indices.
BEHIND = {
    "conv2d": torch.ops.aten.conv2d.default,
    "conv_transpose2d": torch.ops.aten.conv_transpose2d.input,
    "avg_pool2d": torch.ops.aten.avg_pool2d.default,
    "gelu": torch.ops.aten.gelu.default,
    "linear": torch.ops.aten.linear.default,
    "max_pool2d": twin.max_pool2d_with_indices,
    "adaptive_max_pool2d": twin.adaptive_max_pool2d_with_indices,
}
LEFT_OUT = {"size_average", "reduce", "inplace", "_stacklevel"}  # deprecated, in place, or internal
ADDED = {"generator"}  # explicit randomness
REQUIRED = {"dim"}  # torch's default is deprecated

EMPTY = inspect.Parameter.empty
Parameters = dict[str, Any]  # the default of each, in order; EMPTY for none


def signature(f: Callable[..., Any]) -> Parameters:
    """Read a Python function's parameters."""
    return {p.name: p.default for p in inspect.signature(f).parameters.values()}


def schema(f: Any) -> Parameters:
    """Read an operator's parameters; it writes [1, 1] for 1, and [] for None."""
    plain = {"[1, 1]": 1, "[0, 0]": 0, "[]": None}
    parameters = {}
    for argument in f._schema.arguments:
        default = argument.default_value if argument.has_default_value() else EMPTY
        name = "input" if argument.name == "self" else argument.name
        parameters[name] = plain.get(str(default), default)
    return parameters


def expected(name: str) -> Parameters:
    """Return what a learner who knows torch expects."""
    f = BEHIND.get(name, getattr(twin, name))
    known = schema(f) if isinstance(f, torch._ops.OpOverload) else signature(f)
    known = {key: value for key, value in known.items() if key not in LEFT_OUT}
    return {k: EMPTY if k in REQUIRED else default for k, default in known.items()}


@pytest.mark.parametrize("name", F.__all__)
def test_parameters_have_torchs_names_order_and_defaults(name: str) -> None:
    ours = {k: v for k, v in signature(getattr(F, name)).items() if k not in ADDED}
    assert list(ours.items()) == list(expected(name).items())


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("nll_loss", "ignore_index"),
        ("cross_entropy", "ignore_index"),
        ("dropout", "generator"),
        ("gelu", "approximate"),
    ],
)
def test_what_stands_where_torch_has_something_else_goes_by_name_only(
    name: str, first: str
) -> None:
    """So that nothing given by position means one thing here and another in torch."""
    parameters = list(inspect.signature(getattr(F, name)).parameters.values())
    from_first = parameters[[p.name for p in parameters].index(first) :]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in from_first)

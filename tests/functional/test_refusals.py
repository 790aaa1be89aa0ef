"""Bad arguments: what is refused, and that the error says which argument, its value, and why."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import accepted, cases, spoiled
from minicnn.testing.twin import REFUSALS, TORCH_REFUSALS, refusal

X, Y, W = torch.ones(1, 2, 5, 5), torch.ones(1, 4, 5, 5), torch.ones(4, 2, 3, 3)
ZEROS, ONES, INTS = torch.zeros(2), torch.ones(2), torch.ones(2, dtype=torch.int64)
LOGITS, LABELS = torch.zeros(2, 3), torch.tensor([0, 2])


# Torch's warnings of what it accepts all the same, some of them only once in a process.
ignore_torchs_warnings = pytest.mark.filterwarnings(
    "ignore:Implicit dimension choice",
    "ignore:Casting complex values to real",
)


class Refused(NamedTuple):
    """A call that raises ``error`` with ``message`` if ``m`` is minicnn's functional."""

    call: Callable[[Any], Any]
    error: type[Exception]
    message: str


REFUSED = [
    # Shapes
    Refused(lambda m: m.conv2d(X[0, 0], W), ValueError,
        "input must be (N, C, H, W) or (C, H, W), got shape (5, 5)"),
    Refused(lambda m: m.conv2d(X, W[0]), ValueError,
        "weight must be (O, C/groups, kH, kW), got (2, 3, 3)"),
    Refused(lambda m: m.conv2d(X[:, :1], W), ValueError,
        "input must have 2 channels for a weight of shape (4, 2, 3, 3) and groups (=1), got 1"),
    Refused(lambda m: m.conv2d(X, W[:3], groups=2), ValueError,
        "weight's first dimension (=3) must be a positive multiple of groups (=2)"),
    Refused(lambda m: m.conv2d(X, W, torch.ones(3)), ValueError, "bias must have shape (4,)"),
    Refused(lambda m: m.conv2d(X[:, :, :0], W), ValueError,
        "input may be empty in its batch only, got shape (1, 2, 0, 5)"),
    Refused(lambda m: m.conv2d(X[0, :, :0], W, padding=2), ValueError,
        "input may be empty in its batch only, got shape (2, 0, 5)"),
    Refused(lambda m: m.conv_transpose2d(X, W), ValueError, "input must have 4 channels"),
    Refused(lambda m: m.conv_transpose2d(X, W[:2, :0]), ValueError,
        "weight must be (O, C/groups, kH, kW), none of them 0, got (2, 0, 3, 3)"),
    Refused(lambda m: m.max_pool2d(X[:, :0], 2), ValueError,
        "input may be empty in its batch only, got shape (1, 0, 5, 5)"),
    Refused(lambda m: m.avg_pool2d(X[0, 0], 2), ValueError, "input must be (N, C, H, W)"),
    Refused(lambda m: m.unfold(X[0, 0], 2), ValueError, "input must be (N, C, H, W)"),
    Refused(lambda m: m.fold(torch.ones(1, 7, 4), 3, 2), ValueError,
        "input must have a multiple of kH·kW (=4) rows, got shape (1, 7, 4)"),
    Refused(lambda m: m.fold(torch.ones(1, 0, 4), 3, 2), ValueError,
        "input must be (N, C·kH·kW, L) or (C·kH·kW, L), not empty, got (1, 0, 4)"),
    Refused(lambda m: m.fold(torch.ones(1, 8, 5), 3, 2), ValueError,
        "input must have 2·2 = 4 columns for output_size (3, 3), got shape (1, 8, 5)"),
    Refused(lambda m: m.linear(torch.ones(2, 3), torch.ones(4, 5)), ValueError,
        "input must have 5 features for a weight of shape (4, 5), got input shape (2, 3)"),
    Refused(lambda m: m.linear(torch.ones(2, 3), torch.ones(4, 3), torch.ones(5)), ValueError,
        "bias must be (4,)"),
    Refused(lambda m: m.batch_norm(X, torch.zeros(3), ONES), ValueError,
        "running_mean must have shape (2,), got (3,)"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS[:1]), ValueError,
        "target must have shape (2,) for an input of shape (2, 3), got (1,)"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS, ONES), ValueError,
        "weight must have shape (3,), got (2,)"),
    # Geometry
    Refused(lambda m: m.conv2d(X, W, stride=0), ValueError, "stride must be at least 1, got 0"),
    Refused(lambda m: m.conv2d(X, W, stride=(1, -2)), ValueError,
        "stride must be at least 1, got (1, -2)"),
    Refused(lambda m: m.conv2d(X, W, dilation=0), ValueError, "dilation must be at least 1, got 0"),
    Refused(lambda m: m.conv2d(X, W, padding=-1), ValueError, "padding must be at least 0, got -1"),
    Refused(lambda m: m.conv2d(X, W, groups=0), ValueError, "groups must be at least 1, got 0"),
    Refused(lambda m: m.conv2d(X, W, dilation=3), ValueError,
        "kernel_size (=3) with dilation (=3) reaches over 7 cells, more than the padded input's 5"),
    Refused(lambda m: m.conv2d(X, W, padding="full"), ValueError,
        """padding must be an int, a pair, "same" or "valid", got 'full'"""),
    Refused(lambda m: m.conv2d(X, W, padding="same", stride=2), ValueError,
        'padding="same" needs stride 1, got stride (2, 2)'),
    Refused(lambda m: m.conv_transpose2d(Y, W, output_padding=1), ValueError,
        "output_padding must be smaller than stride (=1) or dilation (=1), got 1"),
    Refused(lambda m: m.conv_transpose2d(Y, W, padding=4), ValueError,
        "padding (=4) leaves an output of -1 cells for 5 input cells"),
    # In float64: in other dtypes torch is of two minds about an output without cells.
    Refused(lambda m: m.conv_transpose2d(Y.double(), W[..., :2, :2].double(), padding=3),
        ValueError, "padding (=3) leaves an output of 0 cells for 5 input cells"),
    Refused(lambda m: m.max_pool2d(X, 6), ValueError, "kernel_size (=6)"),
    Refused(lambda m: m.max_pool2d(X, 0), ValueError, "kernel_size must be at least 1, got 0"),
    Refused(lambda m: m.max_pool2d(X, 3, padding=2), ValueError,
        "padding must be at most half of kernel_size (=3)"),
    Refused(lambda m: m.avg_pool2d(X, 2, stride=0), ValueError, "stride must be at least 1, got 0"),
    Refused(lambda m: m.avg_pool2d(X, 2, divisor_override=0), ValueError,
        "divisor_override must not be 0, got 0"),
    Refused(lambda m: m.adaptive_avg_pool2d(X, -1), ValueError,
        "output_size must not be negative, got -1"),
    # Dtypes
    Refused(lambda m: m.conv2d(X.double(), W), TypeError,
        "weight must have input's dtype torch.float64, got torch.float32"),
    Refused(lambda m: m.linear(torch.ones(2, 2), torch.ones(3, 2).double()), TypeError,
        "weight must have input's dtype torch.float32, got torch.float64"),
    Refused(lambda m: m.conv2d(X.byte(), W), TypeError,
        "input must have weight's dtype torch.float32, got torch.uint8"),
    Refused(lambda m: m.linear(torch.ones(2, 2).byte(), torch.ones(3, 2)), TypeError,
        "input must have weight's dtype torch.float32, got torch.uint8"),
    Refused(lambda m: m.unfold(X.long(), 2), TypeError,
        "input must be floating point, got torch.int64"),
    Refused(lambda m: m.max_pool2d(X.bool(), 2), TypeError,
        "input must be real numbers, got torch.bool"),
    Refused(lambda m: m.relu(ONES.bool()), TypeError,
        "input must be real numbers, got torch.bool"),
    Refused(lambda m: m.leaky_relu(INTS), TypeError,
        "input must be floating point, got torch.int64"),
    Refused(lambda m: m.silu(INTS), TypeError, "input must be floating point, got torch.int64"),
    Refused(lambda m: m.gelu(ONES.bool()), TypeError,
        "input must be floating point, got torch.bool"),
    Refused(lambda m: m.layer_norm(X.double(), (5,), torch.ones(5)), TypeError,
        "weight must have input's dtype torch.float64, got torch.float32"),
    Refused(lambda m: m.group_norm(X.long(), 1), TypeError,
        "input must be floating point, got torch.int64"),
    Refused(lambda m: m.batch_norm(X.half(), ZEROS.double(), ONES), TypeError,
        "running_mean must have input's dtype torch.float16 or torch.float32, got torch.float64"),
    Refused(lambda m: m.softmax(INTS, 0), TypeError,
        "input must be floating point, got torch.int64"),
    Refused(lambda m: m.dropout(INTS, 0.5), TypeError,
        "input must be floating point, got torch.int64"),
    Refused(lambda m: m.batch_norm(X.double(), ZEROS, ONES), TypeError,
        "running_mean must have input's dtype torch.float64"),
    Refused(lambda m: m.batch_norm(X, ZEROS, ONES, INTS), TypeError,
        "weight must have input's dtype torch.float32, got torch.int64"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS.float()), TypeError,
        "target must hold labels as int64 or uint8, got torch.float32"),
    Refused(lambda m: m.cross_entropy(LOGITS, LOGITS.long()), TypeError,
        "target must be floating point when it has the shape of input"),
    # Kinds of arguments
    Refused(lambda m: m.sigmoid([1.0]), TypeError, "input must be a tensor, got list"),
    Refused(lambda m: m.tanh(1.0), TypeError, "input must be a tensor, got float"),
    Refused(lambda m: m.leaky_relu(ONES, "steep"), TypeError,
        "negative_slope must be a number, got 'steep'"),
    Refused(lambda m: m.layer_norm(X, 5), TypeError,
        "normalized_shape must be a sequence of ints, got 5"),
    Refused(lambda m: m.layer_norm(X, (5.0,)), TypeError,
        "normalized_shape must be a sequence of ints, got (5.0,)"),
    Refused(lambda m: m.group_norm(X, 1.5), TypeError, "num_groups must be an integer, got 1.5"),
    Refused(lambda m: m.conv2d(X.tolist(), W), TypeError, "input must be a tensor, got list"),
    Refused(lambda m: m.conv2d(X, W, stride=1.5), TypeError,
        "stride must be an int or a pair of ints, got 1.5"),
    Refused(lambda m: m.max_pool2d(X, (2, 2, 2)), TypeError,
        "kernel_size must be an int or a pair of ints, got (2, 2, 2)"),
    Refused(lambda m: m.max_pool2d(X, 2, ceil_mode="yes"), TypeError, "ceil_mode must be"),
    Refused(lambda m: m.avg_pool2d(X, 2, count_include_pad=None), TypeError,
        "count_include_pad must be"),
    Refused(lambda m: m.adaptive_max_pool2d(X, 1.5), TypeError, "output_size must be an int"),
    Refused(lambda m: m.batch_norm(X, None, None, training="yes"), TypeError, "training must be"),
    Refused(lambda m: m.softmax(ONES, 0, dtype=0), TypeError, "dtype must be"),
    Refused(lambda m: m.linear(ONES, torch.ones(3, 2), [1.0, 1.0, 1.0]), TypeError, "bias must be"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS, [1.0, 1.0, 1.0]), TypeError,
        "weight must be"),
    # Values
    Refused(lambda m: m.gelu(ONES, approximate="erf"), ValueError,
        """approximate must be "none" or "tanh", got 'erf'"""),
    Refused(lambda m: m.layer_norm(X, ()), ValueError,
        "normalized_shape must be the sizes of the last dimensions of input, at least one, got ()"),
    Refused(lambda m: m.layer_norm(X, (2, 5)), ValueError,
        "normalized_shape must be the sizes of the last dimensions of input, at least one, got "
        "(2, 5) for input shape (1, 2, 5, 5)"),
    Refused(lambda m: m.layer_norm(X, (5,), ONES), ValueError,
        "weight must have shape (5,), got (2,)"),
    Refused(lambda m: m.group_norm(X, 0), ValueError, "num_groups must be at least 1, got 0"),
    Refused(lambda m: m.group_norm(Y, 3), ValueError,
        "num_groups must divide the 4 channels, got 3"),
    Refused(lambda m: m.group_norm(ONES, 1), ValueError,
        "input must be (N, C) or (N, C, …), got shape (2,)"),
    Refused(lambda m: m.group_norm(X[..., :0], 2), ValueError,
        "input may be empty in its batch only, got shape (1, 2, 5, 0)"),
    Refused(lambda m: m.group_norm(ONES[None], 2), ValueError,
        "input must have more than one value per group, got shape (1, 2) and num_groups 2"),
    Refused(lambda m: m.group_norm(X, 2, bias=torch.ones(3)), ValueError,
        "bias must have shape (2,), got (3,)"),
    Refused(lambda m: m.softmax(ONES, 1), ValueError,
        "dim must be in [-1, 0] for input shape (2,), got 1"),
    Refused(lambda m: m.dropout(ONES, 1.5), ValueError, "p must be in [0, 1], got 1.5"),
    Refused(lambda m: m.dropout(ONES, float("nan")), ValueError, "p must be in [0, 1], got nan"),
    Refused(lambda m: m.batch_norm(X, None, None), ValueError,
        "running_mean must be given when training is false, got None"),
    Refused(lambda m: m.batch_norm(X, None, ONES, training=True), ValueError,
        "running_mean and running_var must both be given or both be None"),
    Refused(lambda m: m.batch_norm(torch.ones(1, 2), None, None, training=True), ValueError,
        "input must have at least 2 values per channel in training"),
    Refused(lambda m: m.nll_loss(LOGITS, LABELS, ignore_index=1.5), TypeError,
        "ignore_index must be an integer, got 1.5"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS, ignore_index=None), TypeError,
        "ignore_index must be an integer, got None"),
    Refused(lambda m: m.cross_entropy(LOGITS, LOGITS, ignore_index=0), ValueError,
        "ignore_index must not be given with class probabilities, got 0"),
    Refused(lambda m: m.nll_loss(LOGITS, LABELS + 1), ValueError,
        "target must hold labels in [0, 3) or ignore_index (=-100), got 3"),
    Refused(lambda m: m.nll_loss(LOGITS, LABELS - 1), ValueError, "got -1"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS, reduction="average"), ValueError,
        "reduction must be one of ('none', 'mean', 'sum'), got 'average'"),
    Refused(lambda m: m.cross_entropy(LOGITS, LABELS, label_smoothing=1.5), ValueError,
        "label_smoothing must be in [0, 1], got 1.5"),
]  # fmt: skip
refused = pytest.mark.parametrize("case", REFUSED, ids=[case.message for case in REFUSED])


@refused
def test_the_error_names_the_argument_its_value_and_what_was_expected(case: Refused) -> None:
    with pytest.raises(case.error, match=re.escape(case.message)):
        case.call(F)


@refused
def test_torch_refuses_the_same(case: Refused) -> None:
    with pytest.raises(TORCH_REFUSALS):
        case.call(twin)


# A call of each function that slides windows, and the smallest value of each of its sizes.
SLIDING: dict[str, tuple[Callable[..., Any], dict[str, int]]] = {
    "conv2d": (
        lambda m, **sizes: m.conv2d(X, W, **sizes),
        {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    ),
    "conv_transpose2d": (
        lambda m, **sizes: m.conv_transpose2d(Y, W, **sizes),
        {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1},
    ),
    "max_pool2d": (
        lambda m, kernel_size=2, **sizes: m.max_pool2d(X, kernel_size, **sizes),
        {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1},
    ),
    "avg_pool2d": (
        lambda m, kernel_size=2, **sizes: m.avg_pool2d(X, kernel_size, **sizes),
        {"kernel_size": 1, "stride": 1, "padding": 0},
    ),
    "unfold": (
        lambda m, kernel_size=2, **sizes: m.unfold(X, kernel_size, **sizes),
        {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1},
    ),
    "fold": (
        lambda m, output_size=1, kernel_size=1, **sizes: m.fold(
            torch.ones(1, 4, 1), output_size, kernel_size, **sizes
        ),
        {"output_size": 1, "kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1},
    ),
}


@pytest.mark.parametrize(
    ("function", "size", "smallest"),
    [(f, size, n) for f, (_, sizes) in SLIDING.items() for size, n in sizes.items()],
)
def test_the_smallest_size_is_accepted_and_one_less_is_refused(
    function: str, size: str, smallest: int
) -> None:
    call, _ = SLIDING[function]
    call(F, **{size: smallest})
    message = f"{size} must be at least {smallest}, got {smallest - 1}"
    with pytest.raises(ValueError, match=message):
        call(F, **{size: smallest - 1})
    with pytest.raises(TORCH_REFUSALS):
        call(twin, **{size: smallest - 1})


@ignore_torchs_warnings
@pytest.mark.parametrize("name", F.__all__)
@given(data=st.data())
def test_what_torch_refuses_is_refused_by_an_error_that_names_an_argument(
    name: str, data: st.DataObject
) -> None:
    """One argument of a good case is replaced; whether by a bad one, torch says."""
    ours, theirs = getattr(F, name), getattr(twin, name)
    _, case = data.draw(spoiled(accepted(ours, getattr(cases, name)())))
    if refusal(theirs, case, TORCH_REFUSALS) is not None:
        error = refusal(ours, case, REFUSALS)
        assert error is not None, "torch refuses this"
        assert any(argument in str(error) for argument in case.arguments), error

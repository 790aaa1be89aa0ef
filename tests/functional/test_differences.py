"""Where minicnn refuses what torch accepts, or the other way round: on purpose, and why."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import accepted, cases, spoiled
from minicnn.testing.twin import REFUSALS, TORCH_REFUSALS, refusal

X, W = torch.ones(1, 2, 5, 5), torch.ones(4, 2, 3, 3)
COMPLEX = torch.complex64
ROWS, ONES, ZEROS, LOGITS = torch.ones(2, 3), torch.ones(2), torch.zeros(2), torch.zeros(1, 3)
LABEL, BOTH = torch.tensor([1]), torch.full((1, 3), 1 / 3)


# Torch's warnings of what it accepts all the same, some of them only once in a process.
ignore_torchs_warnings = pytest.mark.filterwarnings(
    "ignore:Implicit dimension choice",
    "ignore:Casting complex values to real",
)


class Difference(NamedTuple):
    """A call that only one of the two refuses, for the sake of one argument."""

    function: str
    argument: str
    call: Callable[[Any], Any]
    reason: str


MINICNN_REFUSES = [
    # Torch guesses what was meant; a learner is better served by an error.
    Difference("linear", "bias", lambda m: m.linear(ROWS, torch.ones(4, 3), torch.ones(1)),
        "torch broadcasts it: a bias of the wrong size may pass unseen"),
    Difference("batch_norm", "weight", lambda m: m.batch_norm(X, ZEROS, ONES, torch.ones(1, 2)),
        "torch accepts any shape with as many numbers"),
    Difference("batch_norm", "bias", lambda m: m.batch_norm(X, ZEROS, ONES, None, torch.ones(1, 2)),
        "torch accepts any shape with as many numbers"),
    Difference("nll_loss", "target", lambda m: m.nll_loss(LOGITS[0], LABEL),
        "for a single example, (C,), torch accepts a batch of one label, (1,), too"),
    Difference("cross_entropy", "target", lambda m: m.cross_entropy(LOGITS[0], LABEL),
        "for a single example, (C,), torch accepts a batch of one label, (1,), too"),
    Difference("nll_loss", "input", lambda m: m.nll_loss(LOGITS[0], LABEL),
        "the same, with the batch taken from the input and not added to the target"),
    Difference("cross_entropy", "input", lambda m: m.cross_entropy(LOGITS[0], LABEL),
        "the same, with the batch taken from the input and not added to the target"),
    Difference("softmax", "dim", lambda m: m.softmax(ROWS, None),
        "torch chooses one, and warns that it will not for long"),
    Difference("log_softmax", "dim", lambda m: m.log_softmax(ROWS, None),
        "torch chooses one, and warns that it will not for long"),
    Difference("adaptive_avg_pool2d", "input", lambda m: m.adaptive_avg_pool2d(X[0, 0], 1),
        "with an output size of 1 torch takes the mean, whatever the input's dimensions or dtype"),
    Difference("adaptive_max_pool2d", "input", lambda m: m.adaptive_max_pool2d(X[0, :0], 1),
        "torch accepts an image without channels"),
    Difference("nll_loss", "weight",
        lambda m: m.nll_loss(LOGITS[..., None], LABEL[:, None], torch.ones(1, 3)),
        "with extra dimensions torch accepts any shape with as many numbers"),
    # Numbers for which the equation makes no sense.
    Difference("batch_norm", "momentum",
        lambda m: m.batch_norm(X, ZEROS, ONES, training=True, momentum=1.5),
        "the running statistics would run away from the batch's"),
    Difference("batch_norm", "eps",
        lambda m: m.batch_norm(X, ZEROS, ONES, training=True, eps=float("nan")),
        "the result would be NaN"),
    Difference("batch_norm", "input", lambda m: m.batch_norm(X[:0], None, None, training=True),
        "an empty batch has no mean, and torch leaves the running statistics as they were"),
    Difference("batch_norm", "input", lambda m: m.batch_norm(X[:, :0], ZEROS[:0], ONES[:0]),
        "without channels there is nothing to normalise, and torch returns it"),
    Difference("cross_entropy", "label_smoothing",
        lambda m: m.cross_entropy(LOGITS, LABEL, label_smoothing=-0.1),
        "torch refuses only what is above 1, and below 0 does not smooth"),
    Difference("dropout", "p", lambda m: m.dropout(ROWS, True), "True is no probability"),
    # One dtype in, the same dtype out.
    Difference("conv2d", "bias",
        lambda m: m.conv2d(X, W, torch.ones(4, dtype=torch.int64), padding="same"),
        'all operands have one dtype; torch checks the bias too, but not with padding="same"'),
    Difference("conv_transpose2d", "bias",
        lambda m: m.conv_transpose2d(X, W[:2], torch.ones(2, dtype=torch.int64)),
        "all operands have one dtype; torch checks the bias of conv2d, but not here"),
    Difference("cross_entropy", "weight",
        lambda m: m.cross_entropy(LOGITS, BOTH, torch.ones(3, dtype=torch.float64)),
        "all operands have one dtype; torch converts it for probabilities, but not for labels"),
    Difference("avg_pool2d", "input", lambda m: m.avg_pool2d(X.long(), 2),
        "a mean of integers is no integer; torch rounds it, of int64 alone"),
    Difference("dropout", "input", lambda m: m.dropout(X.long(), training=False),
        "integers cannot be scaled by 1 / (1 − p); torch refuses them in training only"),
    Difference("conv2d", "input", lambda m: m.conv2d(X.to(COMPLEX), W.to(COMPLEX)),
        "complex numbers need conjugates in every backward"),
    Difference("linear", "input", lambda m: m.linear(ROWS.to(COMPLEX), ROWS.to(COMPLEX)),
        "complex numbers need conjugates in every backward"),
    Difference("sigmoid", "input", lambda m: m.sigmoid(ONES.to(COMPLEX)),
        "complex numbers: no network here has any"),
    Difference("tanh", "input", lambda m: m.tanh(ONES.to(COMPLEX)),
        "complex numbers: no network here has any"),
    Difference("silu", "input", lambda m: m.silu(ONES.to(COMPLEX)),
        "complex numbers: no network here has any"),
    Difference("leaky_relu", "negative_slope", lambda m: m.leaky_relu(ONES, True),
        "True is no slope"),
    Difference("layer_norm", "eps", lambda m: m.layer_norm(ROWS, (3,), eps=-1.0),
        "the root of a negative number is NaN"),
    Difference("group_norm", "eps", lambda m: m.group_norm(X, 1, eps=-1.0),
        "the root of a negative number is NaN"),
    # Sizes are Python's ints.
    Difference("conv2d", "stride", lambda m: m.conv2d(X, W, stride=torch.tensor(2)),
        "torch takes tensors of one int as ints"),
    Difference("conv2d", "stride", lambda m: m.conv2d(X, W, stride=np.int64(2)),
        "torch takes numpy's ints as ints"),
    Difference("max_pool2d", "stride", lambda m: m.max_pool2d(X, 2, stride=()),
        "torch's way to write None inside"),
]  # fmt: skip

TORCH_REFUSES = [
    Difference("unfold", "kernel_size", lambda m: m.unfold(X, (2,)),
        "(n,) is n for rows and columns, as torch has it in convolution and pooling"),
    Difference("fold", "output_size", lambda m: m.fold(torch.ones(4, 4), (3,), 2),
        "(n,) is n for rows and columns, as torch has it in convolution and pooling"),
]  # fmt: skip


def name(difference: Difference) -> str:
    return f"{difference.function}, {difference.argument}"


@ignore_torchs_warnings
@pytest.mark.parametrize("difference", MINICNN_REFUSES, ids=name)
def test_minicnn_refuses_what_torch_accepts(difference: Difference) -> None:
    difference.call(twin)
    with pytest.raises(REFUSALS, match=difference.argument):
        difference.call(F)


@pytest.mark.parametrize("difference", TORCH_REFUSES, ids=name)
def test_minicnn_accepts_what_torch_refuses(difference: Difference) -> None:
    difference.call(F)
    with pytest.raises(TORCH_REFUSALS):
        difference.call(twin)


@ignore_torchs_warnings
@pytest.mark.parametrize("function", F.__all__)
@given(data=st.data())
def test_there_are_no_other_differences(function: str, data: st.DataObject) -> None:
    """But for empty tensors, of which torch checks little.

    One argument of a good case is replaced. That what torch then refuses is refused here, is tested
    in test_refusals.py; here that what is refused is in the table, or refused by torch.
    """
    ours, theirs = getattr(F, function), getattr(twin, function)
    argument, case = data.draw(spoiled(accepted(ours, getattr(cases, function)())))
    assume(all(x.numel() for x in case.arguments.values() if isinstance(x, Tensor)))
    if refusal(ours, case, REFUSALS) is not None and refusal(theirs, case, TORCH_REFUSALS) is None:
        assert (function, argument) in {(d.function, d.argument) for d in MINICNN_REFUSES}

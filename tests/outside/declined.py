"""The samples on which minicnn and torch part on purpose: what, when, and why.

A rule speaks for samples that only one of the two refuses. A wrong number has no excuse.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from .judge import Verdict

Options = dict[str, Any]


class Rule(NamedTuple):
    """Why samples of some names, for which ``when(options)`` holds, are refused or accepted.

    Attributes:
        names: what they test, separated by spaces.
        result: "refused", by minicnn alone, or "accepted", by minicnn alone.
        when: what these samples have in common, said of their arguments by name.
        reason: why that is right.
    """

    names: str
    result: str
    when: Callable[[Options], bool]
    reason: str


BATCH_NORMS = "nn.BatchNorm1d nn.BatchNorm2d nn.BatchNorm3d"

RULES = (
    # Functions
    Rule(
        "avg_pool2d", "refused", lambda o: o["input"].dtype == torch.int64,
        "integers: their mean is none, and torch rounds it towards zero",
    ),
    Rule(
        "avg_pool2d", "refused", lambda o: o["stride"] == (),
        "stride=(), torch's inner spelling of None",
    ),
    Rule(
        "batch_norm", "refused", lambda o: not 0 <= o["momentum"] <= 1,
        "momentum outside [0, 1], with which the running statistics are no averages",
    ),
    Rule(
        "batch_norm", "refused", lambda o: o["input"].ndim < 2,
        "an input without a dimension for channels",
    ),
    Rule(
        "conv2d conv_transpose2d dropout linear sigmoid silu tanh", "refused",
        lambda o: o["input"].is_complex(),
        "complex numbers: no network here has any",
    ),
    Rule(
        "layer_norm group_norm", "refused", lambda o: o["eps"] < 0,
        "a negative eps, with which the root of a small variance is NaN",
    ),
    # Modules, by our functions
    Rule(
        "nn.ConvTranspose2d", "refused", lambda o: o["inputs"][0].is_complex(),
        "complex numbers: no network here has any",
    ),
    Rule(
        f"{BATCH_NORMS} layers.batch_norm", "refused", lambda o: o["momentum"] is None,
        "momentum=None, an average over all batches: it needs their count, one more state",
    ),
    Rule(
        BATCH_NORMS, "refused", lambda o: o["training"] and o["inputs"][0].shape[0] == 0,
        "training on an empty batch, which has no mean",
    ),
    # Modules, by our layers
    Rule(
        "layers.avg_pool2d", "refused", lambda o: "divisor_override" in o["arguments"],
        "divisor_override, which only the function has",
    ),
    Rule(
        "layers.batch_norm", "refused", lambda o: bool({"affine", "bias"} & o["arguments"].keys()),
        "affine, bias, track_running_stats: the layer has weight, bias and statistics, always",
    ),
    Rule(
        "layers.group_norm", "refused", lambda o: bool({"affine", "bias"} & o["arguments"].keys()),
        "affine, bias: the layer has weight and bias, always",
    ),
    Rule(
        "layers.conv2d", "refused", lambda o: "padding_mode" in o["arguments"],
        "padding_mode: the layer pads with zeros",
    ),
    Rule(
        "layers.flatten", "refused", lambda o: "start_dim" in o["arguments"],
        "start_dim, end_dim: the layer flattens all but the batch",
    ),
    Rule(
        "layers.max_pool2d", "refused", lambda o: o["return_indices"],
        "return_indices: a layer has one output",
    ),
    # Optimizers
    Rule(
        "SGD", "refused", lambda o: isinstance(o.get("lr"), torch.Tensor),
        "lr as a tensor: it is a number, or a schedule",
    ),
    Rule(
        "SGD Adam AdamW", "refused", lambda o: "differentiable" in o,
        "differentiable=True: ours always are (and torch's Adam then counts its steps in float32)",
    ),
    Rule(
        "SGD Adam AdamW", "accepted", lambda o: isinstance(o["params"], torch.Tensor),
        "parameters that are one tensor: a tree of one leaf",
    ),
)  # fmt: skip


def rule_for(verdict: Verdict) -> Rule | None:
    """Return the rule that speaks for a verdict, if any does."""
    for rule in RULES:
        if (
            verdict.sample.name in rule.names.split()
            and verdict.result == rule.result
            and rule.when(verdict.sample.options)
        ):
            return rule
    return None

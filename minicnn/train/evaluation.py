"""Predicting and evaluating, without changing anything."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import tree
from minicnn.layers import Layer
from minicnn.train.batch import ACCURACY, Batch, Metrics, check_loss, check_metrics, measure, read
from minicnn.train.gradient import detached
from minicnn.tree import Tree


def predict(model: Layer, params: Tree, state: Tree, batches: Iterable[Batch]) -> tuple[Tree, Tree]:
    """Compute the outputs for all examples, and return them with the targets.

    Args:
        model, params, state: the network, applied in evaluation mode.
        batches: pairs (inputs, targets), tuples or lists, such as of a torch DataLoader; each part
            is a tensor or a tree of tensors.

    Returns:
        (outputs, targets), such as scores (N, classes) and labels (N,), of all batches,
        concatenated in order.

    Raises:
        ValueError: there are no batches, or one is no pair.

    Example:
        >>> from minicnn import layers
        >>> batches = [(torch.ones(2, 3), torch.tensor([0, 1]))] * 2
        >>> predict(layers.relu(), (), (), batches)[1]
        tensor([0, 1, 0, 1])
    """
    with torch.no_grad():
        pairs = []
        for inputs, targets in map(read, batches):
            pairs.append((model.apply(params, state, inputs)[0], targets))
        if not pairs:
            raise ValueError("batches must hold at least one batch, got none")
        return detached(tree.map(lambda *parts: torch.cat(parts), *pairs))


def evaluate(
    model: Layer,
    params: Tree,
    state: Tree,
    batches: Iterable[Batch],
    loss_fn: Callable[[Any, Any], Tensor] = F.cross_entropy,
    metrics: Metrics = ACCURACY,
) -> dict[str, float]:
    """Compute the loss and the metrics over all examples, without changing state or generators.

    Args:
        model, params, state: the network, applied in evaluation mode.
        batches: pairs (inputs, targets), as for `predict`.
        loss_fn: function of (outputs, targets) that returns a scalar.
        metrics: functions of (outputs, targets) that return a scalar, by name; ``{}`` for none.

    Returns:
        {"loss": in the unit of ``loss_fn``, and each metric by its name}, floats.

    Raises:
        TypeError: ``metrics`` is no dict of functions.
        ValueError: there are no batches, the loss or a metric is no scalar, or a metric is named
            "loss".

    Example:
        >>> from minicnn import layers
        >>> batches = [(torch.tensor([[0.0, 0.0]]), torch.tensor([0]))]
        >>> evaluate(layers.relu(), (), (), batches)
        {'loss': 0.6931471824645996, 'accuracy': 1.0}
    """
    metrics = check_metrics(metrics)
    outputs, targets = predict(model, params, state, batches)
    results = {"loss": check_loss(loss_fn(outputs, targets)), **measure(metrics, outputs, targets)}
    return {name: float(value) for name, value in results.items()}

"""Batch normalisation's running statistics, computed anew for weights that were not trained so."""

from collections.abc import Iterable

import torch

from minicnn import tree
from minicnn.layers import Layer, batch_norm, dropout
from minicnn.layers.inside import split
from minicnn.layers.layer import brief
from minicnn.train.batch import Batch, read
from minicnn.tree import Tree


def refresh_statistics(model: Layer, params: Tree, state: Tree, batches: Iterable[Batch]) -> Tree:
    """Return a state whose running statistics are those of ``params``.

        μ = 1/B · Σ_b μ_b,    σ² = 1/B · Σ_b σ²_b    over the batches b = 1, …, B

    Averaged weights, such as `optim.averaged`, were never applied in training: the statistics in
    ``state`` are those of other weights, and evaluation normalises by the wrong numbers. As torch's
    ``swa_utils.update_bn`` does, this applies the network to batches in training mode and takes the
    mean of their statistics; but it drops nothing out.

    Args:
        model: the network, made by the constructors of `minicnn.layers`; a layer of one's own may
            be in it if it has no state and no layers inside.
        params: the parameters, which stay as they are.
        state: the state to replace. Its numbers do not matter.
        batches: pairs (inputs, targets); the targets are not used.

    Returns:
        The new state, a tree like ``state``.

    Raises:
        ValueError: there are no batches, or a layer of one's own has a state or layers inside.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.batch_norm())
        >>> params, state, _ = net.init(torch.Generator(), (1,))
        >>> batches = [(torch.tensor([[1.0], [3.0]]), torch.zeros(2))]
        >>> refresh_statistics(net, params, state, batches)
        ({'mean': tensor([2.]), 'var': tensor([2.])},)

    Reference: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
    2018, §3.2.
    """
    measuring = _measuring(model, state)
    zeros = tree.map(torch.zeros_like, state)  # even NaN in the old numbers leaves no trace
    total, count = zeros, 0
    with torch.no_grad():
        for inputs, _ in map(read, batches):
            _, measured = measuring.apply(params, zeros, inputs, train=True)
            total, count = tree.map(torch.add, total, measured), count + 1
    if not count:
        raise ValueError("batches must hold at least one batch, got none")
    return tree.map(lambda x: x / count, total)


def _measuring(layer: Layer, state: Tree) -> Layer:
    """Return the layer that keeps the statistics of the last batch alone, and drops nothing."""
    if layer.constructor is None:
        if layer.children or tree.leaves(state):
            raise ValueError(
                f"refresh_statistics cannot know the state of {brief(layer)}, which was not made "
                "by a constructor of minicnn.layers"
            )
        return layer
    if layer.name == batch_norm.__name__:
        return batch_norm(**{**layer.options, "momentum": 1.0})
    if layer.name == dropout.__name__:
        return dropout(0.0)
    inside = zip(layer.children, split(layer, state), strict=True) if layer.children else ()
    return layer.constructor(*(_measuring(child, s) for child, s in inside), **layer.options)

"""What a layer holds: the layers inside, with their own parameters and state.

The summary, the state_dict, and the twins in the tests walk through a network with these functions.
"""

from minicnn.layers.layer import Layer, Tree

# The layers inside that get the same input; elsewhere each gets the output of the one before.
SIDE_BY_SIDE = ("residual", "parallel")
# Around a single layer, these have its parameters and its state; others have a tuple of them.
AROUND_ONE = ("residual", "average_views")


def split(layer: Layer, values: Tree) -> tuple[Tree, ...]:
    """Split a layer's parameters, or its state, into those of the layers inside.

    Example:
        >>> import torch
        >>> from minicnn.layers import linear, residual, sequential
        >>> params, _, _ = sequential(linear(2), residual(linear(2))).init(torch.Generator(), (2,))
        >>> [tuple(p) for p in split(sequential(linear(2), residual(linear(2))), params)]
        [('weight', 'bias'), ('weight', 'bias')]
        >>> [tuple(p) for p in split(residual(linear(2)), params[1])]
        [('weight', 'bias')]
    """
    return (values,) if _is_around_one(layer) else values


def join(layer: Layer, parts: list[Tree]) -> Tree:
    """Put the parameters, or the states, of the layers inside together: the inverse of `split`."""
    return parts[0] if _is_around_one(layer) else tuple(parts)


def _is_around_one(layer: Layer) -> bool:
    return layer.name in AROUND_ONE and len(layer.children) == 1

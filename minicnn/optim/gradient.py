"""The gradient that an optimizer follows: checked, negated to maximise, plus the L2 penalty's."""

import torch
from torch import Tensor

from minicnn import tree
from minicnn.tree import Tree


def penalised_gradient(grads: Tree, params: Tree, weight_decay: float, maximize: bool) -> Tree:
    """Compute the gradient of ``±loss + weight_decay/2 · ‖params‖²``.

    Args:
        grads: The gradients of the loss, a tree like ``params``.
        params: The parameters.
        weight_decay: The strength λ of the L2 penalty.
        maximize: Whether to maximise the loss instead of minimising it.

    Returns:
        The gradients, a tree like ``params``.

    Raises:
        ValueError: ``grads`` differs from ``params`` in structure, shape or dtype.

    Example:
        >>> penalised_gradient(torch.tensor([1.0]), torch.tensor([8.0]), 0.25, maximize=True)
        tensor([1.])
    """
    gradient = tree.unflatten(params, leaves_like("grads", grads, params))
    if maximize:
        gradient = tree.map(torch.neg, gradient)
    if weight_decay:
        # g_t = ±∇f(θ) + λ·θ
        gradient = tree.map(lambda g, p: g.add(p, alpha=weight_decay), gradient, params)
    return gradient


def leaves_like(name: str, values: Tree, params: Tree) -> tuple[Tensor, ...]:
    """Return the leaves of ``values``, checked against structure, shapes and dtypes of ``params``.

    Without this check a gradient of another shape would be broadcast silently.

    Raises:
        ValueError: They differ; the message gives ``name`` and the path of the first difference.
    """
    try:
        found = tree.leaves_like(params, values)
    except ValueError as error:
        raise ValueError(f"{name} must match params: {error}") from None
    for i, (p, value) in enumerate(zip(tree.leaves(params), found, strict=True)):
        if p.shape != value.shape or p.dtype != value.dtype:
            expected, got = (f"{x.dtype} of shape {tuple(x.shape)}" for x in (p, value))
            raise ValueError(
                f"{name} must match params: trees differ at {tree.paths(params)[i]!r}: "
                f"expected {expected}, got {got}"
            )
    return found

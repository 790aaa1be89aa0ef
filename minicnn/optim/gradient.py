"""The gradient that an optimizer descends: checked, signed, and with the L2 penalty's share."""

from torch import Tensor

from minicnn import tree
from minicnn.tree import Tree


def penalised_gradient(
    grads: Tree, params: Tree, weight_decay: float, maximize: bool
) -> tuple[Tensor, ...]:
    """Compute the gradient of ``±loss + weight_decay/2 · ‖params‖²``, a leaf at a time.

    Args:
        grads: The loss's gradients, a tree like ``params``.
        params: The parameters.
        weight_decay: The strength λ of the L2 penalty.
        maximize: Whether to climb the loss rather than to descend it.

    Returns:
        The gradients' leaves, in the order of those of ``params``.

    Raises:
        ValueError: ``grads`` differs from ``params`` in structure, shape or dtype.

    Example:
        >>> import torch
        >>> penalised_gradient(torch.tensor([1.0]), torch.tensor([8.0]), 0.25, maximize=True)
        (tensor([1.]),)
    """
    gs = leaves_like("grads", grads, params)
    if maximize:
        gs = tuple([-g for g in gs])
    if weight_decay:
        # g_t = ±∇f(θ) + λ·θ
        pairs = zip(gs, tree.leaves(params), strict=True)
        gs = tuple([g.add(p, alpha=weight_decay) for g, p in pairs])
    return gs


def leaves_like(name: str, values: Tree, params: Tree) -> tuple[Tensor, ...]:
    """List the leaves of ``values``, which must have structure, shapes and dtypes of ``params``.

    Without the check a gradient of another shape would be broadcast, and nobody would know.

    Raises:
        ValueError: They differ; the message has ``name`` and the first place.
    """

    try:
        found = tree.leaves_like(params, values)
    except ValueError as error:
        raise ValueError(f"{name} must be like params: {error}") from None
    for i, (p, value) in enumerate(zip(tree.leaves(params), found, strict=True)):
        if p.shape != value.shape or p.dtype != value.dtype:
            expected, got = (f"{x.dtype} of shape {tuple(x.shape)}" for x in (p, value))
            raise ValueError(
                f"{name} must be like params: trees differ at {tree.paths(params)[i]!r}: "
                f"{expected} against {got}"
            )
    return found

"""The gradient that an optimizer descends: checked, signed, and with the L2 penalty's share."""

from torch import Tensor

from minicnn import tree
from minicnn.tree import Tree


def penalised_gradient(grads: Tree, params: Tree, weight_decay: float, maximize: bool) -> Tree:
    """Compute the gradient of ``±loss + weight_decay/2 · ‖params‖²``.

    Args:
        grads: The loss's gradients, a tree like ``params``.
        params: The parameters.
        weight_decay: The strength λ of the L2 penalty.
        maximize: Whether to climb the loss rather than to descend it.

    Raises:
        ValueError: ``grads`` differs from ``params`` in structure, shape or dtype.

    Example:
        >>> import torch
        >>> penalised_gradient(torch.tensor([1.0]), torch.tensor([8.0]), 0.25, maximize=True)
        tensor([1.])
    """
    check_like("grads", grads, params)
    if not (maximize or weight_decay):
        return grads

    def penalised(g: Tensor, p: Tensor) -> Tensor:
        # g_t = ±∇f(θ) + λ·θ
        g = -g if maximize else g
        return g.add(p, alpha=weight_decay) if weight_decay else g

    return tree.map(penalised, grads, params)


def check_like(name: str, values: Tree, params: Tree) -> None:
    """Raise unless ``values`` has the structure, shapes and dtypes of ``params``.

    Without it a gradient of another shape would be broadcast, and nobody would know.
    """

    def difference(p: Tensor, value: Tensor) -> str:
        if p.shape == value.shape and p.dtype == value.dtype:
            return ""
        expected, got = (f"{x.dtype} of shape {tuple(x.shape)}" for x in (p, value))
        return f"{expected} against {got}"

    try:
        differences = tree.map(difference, params, values)
    except ValueError as error:
        raise ValueError(f"{name} must be like params: {error}") from None
    if not any(tree.leaves(differences)):
        return
    for path, text in zip(tree.paths(differences), tree.leaves(differences), strict=True):
        if text:
            raise ValueError(f"{name} must be like params: trees differ at {path!r}: {text}")

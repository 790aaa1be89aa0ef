"""Gradient clipping: scale down a gradient that is too large, and keep its direction."""

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim.transform import Transform, checked
from minicnn.tree import Tree


def global_norm(values: Tree) -> Tensor:
    """Return the Euclidean norm of all leaves together, ``√(Σ x²)``, a 0-d tensor.

    Example:
        >>> global_norm({"weight": torch.tensor([3.0, 0.0]), "bias": torch.tensor([4.0])})
        tensor(5.)
    """

    def squared(x: Tensor) -> Tensor:
        # A float16 square overflows from 256 on, so 16-bit numbers are summed in float32
        return x.to(torch.promote_types(x.dtype, torch.float32)).square().sum()

    return sum((squared(x) for x in tree.leaves(values)), start=torch.zeros(())).sqrt()


def clip_by_global_norm(max_norm: float) -> Transform:
    """Return a transform that scales the gradients down to a global norm of at most ``max_norm``.

        g ← g · min(1, max_norm / (‖g‖ + 10⁻⁶)),    ‖g‖ over all gradients together

    As ``torch.nn.utils.clip_grad_norm_`` does, with its 10⁻⁶ that avoids division by zero. Here
    too, one gradient that is not finite makes all of them so.

    Args:
        max_norm: The largest norm allowed, above 0.

    Returns:
        A Transform without state, for the start of a ``chain``.

    Raises:
        ValueError: ``max_norm`` is not a finite number above 0.

    Example:
        >>> params = {"weight": torch.zeros(2)}
        >>> clip = clip_by_global_norm(1.0)
        >>> clip.update({"weight": torch.tensor([3.0, 4.0])}, clip.init(params), params)
        ({'weight': tensor([0.6000, 0.8000])}, ())

    Reference: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
    networks" (2013), algorithm 1.
    """
    checks.positive("max_norm", max_norm)

    def init(params: Tree) -> tuple[()]:
        return ()

    def update(grads: Tree, state: tuple[()], params: Tree) -> tuple[Tree, tuple[()]]:
        factor = (max_norm / (global_norm(grads) + 1e-6)).clamp(max=1.0)
        return tree.map(lambda g: g * factor.to(g.dtype), grads), state

    return checked(init, update)

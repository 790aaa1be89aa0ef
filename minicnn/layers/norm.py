"""The batch normalisation layer: the one layer here that keeps a state."""

from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn import functional as F
from minicnn.layers.layer import Layer, Shape, Tree, made_by


def batch_norm(momentum: float = 0.1, eps: float = 1e-5) -> Layer:
    """Normalise each channel over the batch, see `functional.batch_norm`: (C, …) -> (C, …).

    Args:
        momentum: weight of the batch's statistics in the running statistics, in [0, 1].
        eps: added to the variance, at least 0.

    Returns:
        A Layer with the parameters ``weight`` (ones) and ``bias`` (zeros), and with the state
        ``mean`` (zeros) and ``var`` (ones), each (C,). Training returns a new state.

    Raises:
        ValueError: ``momentum`` outside [0, 1], a negative ``eps``; at ``init``, no channels.

    Example:
        >>> params, state, _ = batch_norm().init(torch.Generator(), (2, 4, 4))
        >>> state
        {'mean': tensor([0., 0.]), 'var': tensor([1., 1.])}

    Reference: Ioffe & Szegedy, 2015, Algorithms 1 and 2.
    """
    momentum, eps = checks.probability("momentum", momentum), checks.non_negative("eps", eps)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not in_shape:
            raise ValueError("batch_norm needs an in_shape (C,) or (C, H, W), got ()")
        ones, zeros = (f(in_shape[0], device=generator.device) for f in (torch.ones, torch.zeros))
        params = {"weight": ones, "bias": zeros}
        # Clones, so that an in-place change of the parameters does not change the state.
        return params, {"mean": zeros.clone(), "var": ones.clone()}, in_shape

    def apply(
        params: Tree, state: Tree, x: Tensor, *, train: bool = False, **_: Any
    ) -> tuple[Tensor, Tree]:
        y, mean, var = F.batch_norm(
            x, state["mean"], state["var"], params["weight"], params["bias"], train, momentum, eps
        )
        return y, {"mean": mean, "var": var}

    return made_by(batch_norm, init, apply, momentum=momentum, eps=eps)

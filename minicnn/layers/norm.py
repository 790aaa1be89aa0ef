"""Normalisation layers; batch normalisation is the one layer here that keeps a state."""

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
        params = _ones_and_zeros(generator, in_shape[:1])
        # Clones, so that an in-place change of the parameters does not change the state.
        state = {"mean": params["bias"].clone(), "var": params["weight"].clone()}
        return params, state, in_shape

    def apply(
        params: Tree, state: Tree, x: Tensor, *, train: bool = False, **_: Any
    ) -> tuple[Tensor, Tree]:
        y, mean, var = F.batch_norm(
            x, state["mean"], state["var"], params["weight"], params["bias"], train, momentum, eps
        )
        return y, {"mean": mean, "var": var}

    return made_by(batch_norm, init, apply, momentum=momentum, eps=eps)


def layer_norm(eps: float = 1e-5) -> Layer:
    """Normalise each example over all its numbers, see `functional.layer_norm`: any shape.

    Args:
        eps: added to the variance, at least 0.

    Returns:
        A Layer with the parameters ``weight`` (ones) and ``bias`` (zeros), each of the shape of an
        example.

    Raises:
        ValueError: a negative ``eps``; at ``init``, an empty shape.

    Example:
        >>> params, _, _ = layer_norm().init(torch.Generator(), (2,))
        >>> layer_norm().apply(params, (), torch.tensor([[1.0, 3.0]]))
        (tensor([[-1.0000,  1.0000]]), ())

    Reference: Ba, Kiros & Hinton, 2016, §3.
    """
    eps = checks.non_negative("eps", eps)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not in_shape:
            raise ValueError("layer_norm needs an in_shape of one dimension or more, got ()")
        return _ones_and_zeros(generator, in_shape), (), in_shape

    def apply(params: Tree, state: Tree, x: Tensor, **_: Any) -> tuple[Tensor, Tree]:
        shape = tuple(params["weight"].shape)
        return F.layer_norm(x, shape, params["weight"], params["bias"], eps), state

    return made_by(layer_norm, init, apply, eps=eps)


def group_norm(num_groups: int, eps: float = 1e-5) -> Layer:
    """Normalise runs of channels of each example, see `functional.group_norm`: (C, …) -> (C, …).

    Args:
        num_groups: number of groups, which divides C.
        eps: added to the variance, at least 0.

    Returns:
        A Layer with the parameters ``weight`` (ones) and ``bias`` (zeros), each (C,).

    Raises:
        ValueError: ``num_groups`` below 1, a negative ``eps``; at ``init``, channels that cannot be
            split into such groups.

    Example:
        >>> layer = group_norm(2)
        >>> params, _, _ = layer.init(torch.Generator(), (4,))
        >>> layer.apply(params, (), torch.tensor([[1.0, 3.0, 10.0, 30.0]]))
        (tensor([[-1.0000,  1.0000, -1.0000,  1.0000]]), ())

    Reference: Wu & He, 2018, §3.
    """
    num_groups = checks.integer("num_groups", num_groups, 1)
    eps = checks.non_negative("eps", eps)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not in_shape or in_shape[0] % num_groups:
            raise ValueError(
                f"group_norm({num_groups}) needs an in_shape (C,) or (C, H, W) with a multiple of "
                f"{num_groups} channels, got {tuple(in_shape)}"
            )
        return _ones_and_zeros(generator, in_shape[:1]), (), in_shape

    def apply(params: Tree, state: Tree, x: Tensor, **_: Any) -> tuple[Tensor, Tree]:
        return F.group_norm(x, num_groups, params["weight"], params["bias"], eps), state

    return made_by(group_norm, init, apply, num_groups=num_groups, eps=eps)


def _ones_and_zeros(generator: torch.Generator, shape: Shape) -> dict[str, Tensor]:
    return {
        "weight": torch.ones(shape, device=generator.device),
        "bias": torch.zeros(shape, device=generator.device),
    }

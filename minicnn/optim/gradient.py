"""What stands before an optimizer: weight decay, and the sign for maximising."""

from typing import Any

import torch

from minicnn import checks, tree
from minicnn.optim.transform import Transform, chain, checked
from minicnn.tree import Tree


def weight_decay(strength: float) -> Transform:
    """Return a transform that adds the gradient of an L2 penalty, λ/2 · ‖θ‖².

        g ← g + λ·θ

    ``adam(weight_decay=λ)`` and ``sgd(weight_decay=λ)`` begin with it. In `adamw` the decay comes
    after the moments and is multiplied by the learning rate: it needs the optimizer's own schedule
    and count, so it is no link of its own.

    Args:
        strength: The strength λ of the penalty.

    Returns:
        A Transform without state, for a place before the optimizer in a ``chain``.

    Raises:
        ValueError: ``strength`` is negative or not finite.

    Example:
        >>> params, grads = torch.tensor([8.0]), torch.tensor([1.0])
        >>> weight_decay(0.25).update(grads, (), params)
        (tensor([3.]), ())

    Reference: Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1991).
    """
    checks.non_negative("strength", strength)

    def update(grads: Tree, state: tuple[()], params: Tree) -> tuple[Tree, tuple[()]]:
        return tree.map(lambda g, p: g.add(p, alpha=strength), grads, params), state

    return checked(lambda params: (), update)


def maximize() -> Transform:
    """Return a transform that turns the gradients around, g ← −g: the loss is then maximised.

    Returns:
        A Transform without state, for the start of a ``chain``: a penalty that follows it is still
        minimised.

    Example:
        >>> maximize().update(torch.tensor([1.0]), (), torch.tensor([8.0]))
        (tensor([-1.]), ())
    """

    def update(grads: Tree, state: tuple[()], params: Tree) -> tuple[Tree, tuple[()]]:
        return tree.map(torch.neg, grads), state

    return checked(lambda params: (), update)


def prepared(optimizer: Transform, uphill: bool, penalty: float) -> Transform:
    """Put the transforms above before an optimizer; the state remains the optimizer's alone."""
    links = [maximize()] * uphill + [weight_decay(penalty)] * (penalty > 0)
    if not links:
        return optimizer
    before = chain(*links)

    def update(grads: Tree, state: Any, params: Tree) -> tuple[Tree, Any]:
        gradient, _ = before.update(grads, before.init(params), params)
        return optimizer.update(gradient, state, params)

    return Transform(optimizer.init, update)

"""An exponential moving average of the weights, often better than the last weights themselves."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.optim.transform import Transform, apply_updates, checked
from minicnn.tree import Tree


class EmaState(NamedTuple):
    """The state of ``ema``.

    Attributes:
        count: The number of updates so far, a 0-d int64 tensor on the CPU.
        average: The averaged parameters.
    """

    count: Tensor
    average: Tree


def ema(decay: float) -> Transform:
    """Return a transform that averages the parameters and leaves the updates unchanged.

        a_t = d·a_{t−1} + (1 − d)·θ_t,    a_1 = θ_1,    θ_t = θ_{t−1} + updates

    Put it last in a ``chain``, where the updates are those that will be applied. Equal to torch's
    ``AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))``: the average starts from
    the parameters after the first update, so it needs no bias correction.

    Args:
        decay: The weight d of the old average, in [0, 1].

    Returns:
        A Transform with the state ``EmaState``; ``averaged`` returns the average.

    Raises:
        ValueError: ``decay`` is outside [0, 1].

    Example:
        >>> from minicnn import optim
        >>> opt = optim.chain(optim.sgd(lr=1.0), optim.ema(0.75))
        >>> params = {"weight": torch.tensor([9.0])}
        >>> state = opt.init(params)
        >>> for _ in range(2):
        ...     updates, state = opt.update({"weight": torch.tensor([4.0])}, state, params)
        ...     params = optim.apply_updates(params, updates)
        >>> params, optim.averaged(state)
        ({'weight': tensor([1.])}, {'weight': tensor([4.])})

    Reference: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992).
    """
    checks.probability("decay", decay)

    def init(params: Tree) -> EmaState:
        return EmaState(torch.tensor(0), tree.map(torch.clone, params))

    def update(updates: Tree, state: EmaState, params: Tree) -> tuple[Tree, EmaState]:
        average = apply_updates(params, updates)
        if state.count > 0:
            # a_t = a_{t−1} + (1 − d)·(θ_t − a_{t−1})
            average = tree.map(lambda a, p: a.lerp(p, 1 - decay), state.average, average)
        return updates, EmaState(state.count + 1, average)

    return checked(init, update)


def averaged(opt_state: Any) -> Tree:
    """Return the averaged parameters from an optimizer's state, wherever ``ema`` is in it.

    Args:
        opt_state: The state of ``ema``, or of a ``chain`` with one ``ema`` in it.

    Returns:
        The averages, a tree like the parameters; before the first update, the initial parameters.

    Raises:
        ValueError: There is no ``ema``, or more than one.

    Example:
        >>> averaged(ema(0.9).init({"weight": torch.tensor([1.0])}))
        {'weight': tensor([1.])}
    """
    found = list(_ema_states(opt_state))
    if len(found) != 1:
        raise ValueError(
            f"opt_state must hold the state of exactly one ema, got {len(found)}: "
            "make the optimizer with chain(..., ema(decay))"
        )
    return found[0].average


def _ema_states(node: Any) -> Iterator[EmaState]:
    if isinstance(node, EmaState):
        yield node
    elif isinstance(node, tuple):
        for child in node:
            yield from _ema_states(child)

"""Gradient transformations: the interface of every optimizer, and how to chain several into one."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from minicnn import tree
from minicnn.tree import Tree


class Transform(NamedTuple):
    """Two pure functions that turn gradients into updates of the parameters.

    Attributes:
        init: ``init(params) -> opt_state``, a tree of tensors.
        update: ``update(grads, opt_state, params) -> (updates, opt_state)``; ``grads`` and
            ``updates`` have the structure, shapes and dtypes of ``params``.
    """

    init: Callable[[Tree], Any]
    update: Callable[[Tree, Any, Tree], tuple[Tree, Any]]


def checked(
    init: Callable[[Tree], Any], update: Callable[[Tree, Any, Tree], tuple[Tree, Any]]
) -> Transform:
    """Return the Transform that refuses gradients which do not match the parameters.

    Every transform of this package is made by it, so none broadcasts a gradient of another shape
    silently, wherever it stands in a chain.
    """

    def checked_update(grads: Tree, state: Any, params: Tree) -> tuple[Tree, Any]:
        leaves_like("grads", grads, params)
        return update(grads, state, params)

    return Transform(init, checked_update)


def leaves_like(name: str, values: Tree, params: Tree) -> tuple[Tensor, ...]:
    """Return the leaves of ``values``, checked against structure, shapes and dtypes of ``params``.

    Raises:
        ValueError: They differ; the message gives ``name`` and the path of the first difference.
    """
    try:
        found = tree.leaves_like(params, values)
    except ValueError as error:
        raise ValueError(f"{name} must match params: {error}") from None
    for i, (p, value) in enumerate(zip(tree.leaves(params), found, strict=True)):
        if not isinstance(value, Tensor) or p.shape != value.shape or p.dtype != value.dtype:
            expected, got = (
                f"{x.dtype} of shape {tuple(x.shape)}"
                if isinstance(x, Tensor)
                else type(x).__name__
                for x in (p, value)
            )
            raise ValueError(
                f"{name} must match params: trees differ at {tree.paths(params)[i]!r}: "
                f"expected {expected}, got {got}"
            )
    return found


def require(caller: str, transform: Any) -> None:
    """Raise a TypeError that names the caller if this is no Transform."""
    if not isinstance(transform, Transform):
        raise TypeError(f"{caller} takes Transforms, such as sgd(lr=0.1), got {transform!r}")


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """Return ``params + updates``, leaf by leaf.

    Raises:
        ValueError: ``updates`` differs from ``params`` in structure, shape or dtype.

    Example:
        >>> import torch
        >>> apply_updates({"weight": torch.ones(2)}, {"weight": torch.tensor([0.5, -1.0])})
        {'weight': tensor([1.5000, 0.0000])}
    """
    pairs = zip(tree.leaves(params), leaves_like("updates", updates, params), strict=True)
    return tree.unflatten(params, [p + u for p, u in pairs])


def chain(*transforms: Transform) -> Transform:
    """Compose transformations: the updates of each are the gradients of the next.

    updates = fₙ(… f₂(f₁(grads)))

    Args:
        transforms: In the order of application: clipping before the optimizer, ``ema`` after it.

    Returns:
        A Transform whose state is the tuple of the transforms' states.

    Raises:
        TypeError: An argument is not a Transform.

    Example:
        >>> import torch
        >>> from minicnn import optim
        >>> opt = optim.chain(optim.clip_by_global_norm(1.0), optim.sgd(lr=0.5))
        >>> params, grads = torch.zeros(2), torch.tensor([3.0, 4.0])
        >>> updates, state = opt.update(grads, opt.init(params), params)
        >>> updates
        tensor([-0.3000, -0.4000])
    """
    for transform in transforms:
        require("chain", transform)

    def init(params: Tree) -> tuple[Any, ...]:
        return tuple(transform.init(params) for transform in transforms)

    def update(grads: Tree, state: tuple[Any, ...], params: Tree) -> tuple[Tree, tuple[Any, ...]]:
        updates, states = grads, ()
        for transform, old in zip(transforms, state, strict=True):
            updates, new = transform.update(updates, old, params)
            states += (new,)
        return updates, states

    return Transform(init, update)

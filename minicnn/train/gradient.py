"""A function and its gradient with respect to a tree."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn import tree
from minicnn.functional.torch_workarounds import is_plain
from minicnn.tree import Tree


def value_and_grad(f: Callable[..., Any], has_aux: bool = False) -> Callable[..., tuple[Any, Tree]]:
    """Return a function that computes ``f`` and its gradient, (f(x), ∂f/∂x).

    Args:
        f: returns a scalar, or with ``has_aux`` a pair (scalar, aux), where aux is any tree. The
            gradient is taken with respect to the first argument, a tree.
        has_aux: whether ``f`` returns auxiliary outputs.

    Returns:
        A function of the same arguments that returns (value, gradient), or with ``has_aux``
        ((value, aux), gradient); the gradient is a tree like the first argument, of zeros where
        the value does not depend on it.

    Raises:
        TypeError: when called, if the value of ``f`` is not a tensor.
        RuntimeError: when called, if the value of ``f`` is not a scalar.

    Example:
        >>> def square(params):
        ...     return (params["w"] ** 2).sum()
        >>> value_and_grad(square)({"w": torch.tensor([1.0, 3.0])})
        (tensor(10.), {'w': tensor([2., 6.])})

    Reference: Griewank & Walther, "Evaluating Derivatives", 2008, §3.2 (the reverse mode).
    """
    composable = torch.func.grad_and_value(f, has_aux=has_aux)

    def run(params: Tree, *args: Any, **kwargs: Any) -> tuple[Any, Tree]:
        if not _is_watched((params, args, kwargs)):
            leaves, structure = tree.flatten(params)
            leaves = [leaf.detach().requires_grad_() for leaf in leaves]
            with torch.enable_grad():
                result = f(tree.unflatten(structure, leaves), *args, **kwargs)
            value = result[0] if has_aux else result
            if not isinstance(value, Tensor):
                raise TypeError(f"f must return a scalar tensor, got {value!r}")
            if not _is_watched(value, by_autograd=False):
                if value.requires_grad:
                    grads = torch.autograd.grad(value, leaves, materialize_grads=True)
                elif value.ndim == 0:  # it depends on none of the leaves
                    grads = [torch.zeros_like(leaf) for leaf in leaves]
                else:
                    raise RuntimeError(
                        f"f must return a scalar tensor, got shape {tuple(value.shape)}"
                    )
                return detached(result), tree.unflatten(structure, grads)
        grads, result = composable(params, *args, **kwargs)
        return result, grads

    return run


def detached(values: Tree) -> Tree:
    """Detach the tensors of a tree; anything else stays as it is."""
    return tree.map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, values)


def _is_watched(values: Tree, by_autograd: bool = True) -> bool:
    """Return whether torch.compile, a transform of torch.func, or autograd traces the values.

    Then the gradient itself must be traceable, as that of torch.func is. It keeps the graph of the
    backward pass too, which costs memory and time, so otherwise plain autograd is used.
    """
    tensors = [leaf for leaf in tree.leaves(values) if isinstance(leaf, Tensor)]
    return any(not is_plain(x) or (by_autograd and x.requires_grad) for x in tensors)

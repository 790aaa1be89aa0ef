"""Exchange of weights with torch.nn: the names, the shapes and the order of the twin's state_dict.

The twin of ``sequential(a, b, …)`` is ``nn.Sequential(A, B, …)``, which numbers its modules. Every
layer that holds layers numbers them so, hence the names of ``residual(f, g)`` are those of a
subclass of nn.Sequential whose ``forward`` returns ``self[0](x) + self[1](x)``.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from minicnn import checks, tree
from minicnn.layers.inside import join, split
from minicnn.layers.layer import Layer, Shape, Tree, brief


def state_dict(model: Layer, params: Tree, state: Tree) -> dict[str, Tensor]:
    """Return the parameters and the state under the names of the torch.nn twin.

    ``twin.load_state_dict(state_dict(model, params, state))`` loads them into the twin. Batch
    normalisation in torch also counts its batches, and does not use the count with a momentum that
    is a number: ``num_batches_tracked`` is 0.

    Args:
        model: the network.
        params, state: the network's.

    Returns:
        A dict from names such as "0.weight" to copies of the tensors, in the twin's order.

    Raises:
        ValueError: ``params`` or ``state`` are not the model's.

    Example:
        >>> from minicnn.layers import batch_norm, conv2d, relu, sequential
        >>> net = sequential(conv2d(8, 3, bias=False), relu(), batch_norm())
        >>> params, state, _ = net.init(torch.Generator(), (1, 28, 28))
        >>> for name in state_dict(net, params, state):
        ...     print(name)
        0.weight
        2.weight
        2.bias
        2.running_mean
        2.running_var
        2.num_batches_tracked
    """
    found: dict[str, Tensor] = {}

    def collect(name: str, value: Any) -> Any:
        if name in found:
            raise ValueError(f"two tensors of the model have the name {name!r}")
        found[name] = _copy(checks.tensor(name, value))

    _convert(collect, model, params, state, "")
    return found


def load_state_dict(
    model: Layer, state_dict: Mapping[str, Tensor], in_shape: Shape
) -> tuple[Tree, Tree]:
    """Return the parameters and the state that a state_dict of the torch.nn twin holds.

    Args:
        model: the network.
        state_dict: from the twin's ``state_dict()``, or from `state_dict`.
        in_shape: shape of one example, such as (1, 28, 28).

    Returns:
        (params, state), copies of the tensors with their dtype and device, as trees of the model.

    Raises:
        TypeError: a ``state_dict`` that is no dict, or a value that is no tensor.
        ValueError: a name that is missing or left over, a tensor of another shape, or weights that
            are not floating point.

    Example:
        >>> from torch import nn
        >>> from minicnn.layers import linear, relu, sequential
        >>> twin = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> net = sequential(linear(8), relu(), linear(2))
        >>> params, state = load_state_dict(net, twin.state_dict(), (3,))
        >>> x = torch.rand(4, 3)
        >>> torch.allclose(net.apply(params, state, x)[0], twin(x))
        True
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict must be a dict, got {type(state_dict).__name__}")
    params, state, _ = model.init(torch.Generator(), in_shape)
    expected: dict[str, Tensor] = {}
    _convert(expected.__setitem__, model, params, state, "")
    missing = [name for name in expected if name not in state_dict]
    left_over = [name for name in state_dict if name not in expected]
    if missing or left_over:
        raise ValueError(
            "state_dict must have the names of the model's torch.nn twin: "
            f"missing {checks.first_few(missing)}; left over {checks.first_few(left_over)}"
        )

    def take(name: str, like: Tensor) -> Tensor:
        value = checks.tensor(f"state_dict[{name!r}]", state_dict[name])
        if value.shape != like.shape:
            raise ValueError(
                f"state_dict[{name!r}] must have shape {tuple(like.shape)}, "
                f"got {tuple(value.shape)}"
            )
        if value.is_floating_point() != like.is_floating_point():
            kind = "floating point" if like.is_floating_point() else "integers"
            raise ValueError(f"state_dict[{name!r}] must be {kind}, got {value.dtype}")
        return _copy(value)

    return _convert(take, model, params, state, "")


def _convert(
    f: Callable[[str, Any], Any], layer: Layer, params: Tree, state: Tree, prefix: str
) -> tuple[Tree, Tree]:
    """Call f(name, tensor) for all tensors in the twin's order; return the trees of the results."""
    if layer.children:
        inside = [
            _convert(f, child, p, s, f"{prefix}{i}.")
            for i, (child, p, s) in enumerate(
                zip(
                    layer.children,
                    _split("params", layer, params),
                    _split("state", layer, state),
                    strict=True,
                )
            )
        ]
        return join(layer, [p for p, _ in inside]), join(layer, [s for _, s in inside])
    new_params = _convert_leaves(f, params, prefix)
    if layer.name != "batch_norm":
        return new_params, _convert_leaves(f, state, prefix)
    new_state = _convert_leaves(f, state, f"{prefix}running_")
    f(f"{prefix}num_batches_tracked", torch.tensor(0))
    return new_params, new_state


def _split(name: str, layer: Layer, values: Tree) -> tuple[Tree, ...]:
    parts, inside = split(layer, values), len(layer.children)
    if not isinstance(parts, tuple) or len(parts) != inside:
        got = f"{len(parts)} parts" if isinstance(parts, tuple) else type(parts).__name__
        raise ValueError(
            f"{name} must be the model's: {brief(layer)} holds {inside} layers, got {got}"
        )
    return parts


def _convert_leaves(f: Callable[[str, Any], Any], values: Tree, prefix: str) -> Tree:
    names = [(prefix + path.replace("/", ".")).rstrip(".") for path in tree.paths(values)]
    return tree.unflatten(values, map(f, names, tree.leaves(values)))


def _copy(x: Tensor) -> Tensor:
    return x.detach().clone(memory_format=torch.contiguous_format)

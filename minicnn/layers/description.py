"""A network as plain data, and back: what a file can say of its layers, without running code."""

from collections.abc import Callable
from typing import Any

from minicnn.layers.combine import parallel, residual, sequential
from minicnn.layers.layer import Layer, brief
from minicnn.layers.norm import batch_norm, group_norm, layer_norm
from minicnn.layers.pointwise import (
    dropout,
    flatten,
    gelu,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    tanh,
)
from minicnn.layers.pooling import avg_pool2d, global_avg_pool, max_pool2d
from minicnn.layers.views import average_views
from minicnn.layers.weighted import conv2d, linear

CONSTRUCTORS: dict[str, Callable[..., Layer]] = {
    constructor.__name__: constructor
    for constructor in (
        *(conv2d, linear, max_pool2d, avg_pool2d, global_avg_pool, relu, flatten, dropout),
        *(leaky_relu, sigmoid, tanh, silu, gelu, layer_norm, group_norm),
        *(batch_norm, sequential, residual, average_views),
        *(parallel,),
    )
}


def describe(layer: Layer) -> dict[str, Any]:
    """Return a layer as data that JSON can hold: its name, its options and its children.

    Args:
        layer: made by the constructors of `minicnn.layers`, as all the layers inside it.

    Returns:
        A dict of ``name`` (str), ``options`` (dict, defaults included) and ``children`` (list of
        such dicts); a pair of sizes is a list. `from_description` makes the layer again.

    Raises:
        TypeError: an argument that is no Layer.
        ValueError: a layer that was written by hand, or altered after it was made.

    Example:
        >>> describe(dropout(0.3))
        {'name': 'dropout', 'options': {'p': 0.3}, 'children': []}
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layer must be a Layer, such as relu(), got {layer!r}")
    if layer.constructor is not CONSTRUCTORS.get(layer.name, describe):
        raise ValueError(
            "layer must have no functions of its own, since a description is plain data, "
            f"got {brief(layer)}"
        )
    options = {name: _plain(name, value) for name, value in layer.options.items()}
    children = [describe(child) for child in layer.children]
    return {"name": layer.name, "options": options, "children": children}


def from_description(data: Any) -> Layer:
    """Make the layer that `describe` described; nothing but the constructors of layers is called.

    Args:
        data: as from `describe`, or from JSON. ``options`` and ``children`` may be left out, and
            lists and tuples mean the same.

    Returns:
        The Layer, equal to the one that was described.

    Raises:
        ValueError: a name that is not known, options that the constructor refuses, or data of
            another form.

    Example:
        >>> from_description({"name": "conv2d", "options": {"out_channels": 8, "kernel_size": 3}})
        conv2d(8, 3)
        >>> net = sequential(conv2d(8, 3), residual(relu()))
        >>> from_description(describe(net)) == net
        True
    """
    try:
        return _from(data)
    except RecursionError:
        raise ValueError("layers in a description are nested too deep") from None


def _from(data: Any) -> Layer:
    if not isinstance(data, dict) or not {"name"} <= data.keys() <= {"name", "options", "children"}:
        raise ValueError(
            f"a description must be a dict of name, options and children, got {_short(data)}"
        )
    name, options, children = data["name"], data.get("options", {}), data.get("children", [])
    if not isinstance(name, str) or name not in CONSTRUCTORS:
        raise ValueError(f"name must be one of {', '.join(CONSTRUCTORS)}, got {_short(name)}")
    if not isinstance(options, dict) or not all(isinstance(option, str) for option in options):
        raise ValueError(f"options of {name} must be a dict with names, got {_short(options)}")
    if not isinstance(children, list | tuple):
        raise ValueError(f"children of {name} must be a list, got {_short(children)}")
    layers = [_from(child) for child in children]
    try:
        options = {option: _plain(option, value) for option, value in options.items()}
        return CONSTRUCTORS[name](*layers, **options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be made as described: {error}") from error


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ValueError(f"{name} must be a number, a string, None or a list, got {_short(value)}")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

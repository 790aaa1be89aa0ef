"""Layers made of layers: in sequence, side by side, or with a shortcut around them."""

import torch
from torch import Tensor

from minicnn.functional.layout import batch_last, nchw
from minicnn.layers.layer import Layer, Shape, Tree, brief, made_by


def sequential(*layers: Layer) -> Layer:
    """Apply layers one after the other, f(x) = fₙ(… f₂(f₁(x))).

    Args:
        layers: in the order of application.

    Returns:
        A Layer whose parameters and state are the tuples of its layers'.

    Raises:
        TypeError: an argument that is not a Layer.
        ValueError: at ``init``, shapes that do not fit; the message names the layer.

    Example:
        >>> from minicnn.layers import conv2d, flatten, linear, relu
        >>> net = sequential(conv2d(8, 3), relu(), flatten(), linear(10))
        >>> params, state, out_shape = net.init(torch.Generator(), (1, 28, 28))
        >>> params[3]["weight"].shape
        torch.Size([10, 5408])
    """
    _check_layers("sequential", layers)

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, states, shape = [], [], in_shape
        for i, layer in enumerate(layers):
            p, s, shape = _init_inside(f"layer {i}", layer, generator, shape)
            params.append(p)
            states.append(s)
        return tuple(params), tuple(states), shape

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        _check_number(layers, params, state)
        states = []
        for layer, p, s in zip(layers, params, state, strict=True):
            x, s = layer.apply(p, s, x, rng=rng, train=train)
            states.append(s)
        return x, tuple(states)

    return made_by(sequential, init, apply, *layers)


def residual(layer: Layer, shortcut: Layer | None = None) -> Layer:
    """Add a shortcut to a layer's output, y = f(x) + x: the layer learns a change.

        y = f(x) + x,    or with a shortcut g    y = f(x) + g(x)

    Where f changes the shape, x cannot be added: g is a projection to the new shape, such as a
    1 × 1 convolution with f's channels and stride.

    Args:
        layer: f; without ``shortcut`` its output has the shape of its input.
        shortcut: g, whose output has the shape of f's; None for x itself.

    Returns:
        A Layer with the parameters and the state of f; with a shortcut, with the pairs of f's and
        g's.

    Raises:
        TypeError: an argument that is not a Layer.
        ValueError: at ``init``, shapes that differ.

    Example:
        >>> from minicnn.layers import conv2d
        >>> block = residual(conv2d(8, 3, padding="same"))
        >>> block.init(torch.Generator(), (8, 14, 14))[2]
        (8, 14, 14)
        >>> block = residual(conv2d(16, 3, stride=2, padding=1), conv2d(16, 1, stride=2))
        >>> block.init(torch.Generator(), (8, 14, 14))[2]
        (16, 7, 7)

    Reference: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", 2016, §3.1
    and, for projections, §3.3.
    """
    projections = () if shortcut is None else (shortcut,)
    _check_layers("residual", (layer, *projections))

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, state, out_shape = layer.init(generator, in_shape)
        if shortcut is None:
            if tuple(out_shape) != tuple(in_shape):
                raise ValueError(
                    f"residual needs a layer that keeps the shape {tuple(in_shape)}, but "
                    f"{brief(layer)} gives {tuple(out_shape)}: add a shortcut to this shape"
                )
            return params, state, out_shape
        p, s, shape = _init_inside("shortcut", shortcut, generator, in_shape)
        if tuple(shape) != tuple(out_shape):
            raise ValueError(
                f"residual needs a shortcut to the shape of its layer: {brief(layer)} gives "
                f"{tuple(out_shape)}, but {brief(shortcut)} gives {tuple(shape)}"
            )
        return (params, p), (state, s), out_shape

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        if shortcut is None:
            y, state = layer.apply(params, state, x, rng=rng, train=train)
            return x + y, state
        outputs, states = _apply_each((layer, shortcut), params, state, x, rng, train)
        return outputs[0] + outputs[1], states

    return made_by(residual, init, apply, layer, *projections)


def parallel(*layers: Layer) -> Layer:
    """Apply layers side by side to the same input, and join their channels.

        y = [f₁(x), f₂(x), …],    channels C = C₁ + C₂ + …

    Args:
        layers: the branches, at least one. Their outputs differ in the channels at most.

    Returns:
        A Layer whose parameters and state are the tuples of its layers'.

    Raises:
        TypeError: an argument that is not a Layer.
        ValueError: no layers; at ``init``, outputs of different sizes.

    Example:
        >>> from minicnn.layers import conv2d
        >>> branches = parallel(conv2d(4, 1), conv2d(8, 3, padding=1), conv2d(2, 5, padding=2))
        >>> branches.init(torch.Generator(), (3, 14, 14))[2]
        (14, 14, 14)

    Reference: Szegedy et al., "Going Deeper with Convolutions", 2015, §4.
    """
    _check_layers("parallel", layers)
    if not layers:
        raise ValueError("parallel needs at least one layer, got none")

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        each = [
            _init_inside(f"branch {i}", layer, generator, in_shape)
            for i, layer in enumerate(layers)
        ]
        params, states, shapes = zip(*each, strict=True)
        for i, shape in enumerate(shapes):
            if not shape:
                raise ValueError(
                    f"branch {i}, {brief(layers[i])}, must have channels, got a number"
                )
            if tuple(shape[1:]) != tuple(shapes[0][1:]):
                raise ValueError(
                    "parallel needs branches whose outputs differ in the channels at most, but "
                    f"branch 0, {brief(layers[0])}, gives {tuple(shapes[0])}, and "
                    f"branch {i}, {brief(layers[i])}, gives {tuple(shape)}"
                )
        return params, states, (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        outputs, states = _apply_each(layers, params, state, x, rng, train)
        if outputs[0].ndim != 4:
            return torch.cat(outputs, 1), states
        # Joined as they are stored, (H, C, W, N): torch.cat of the views would convert them.
        return nchw(torch.cat([batch_last(y) for y in outputs], 1)), states

    return made_by(parallel, init, apply, *layers)


def activations(net: Layer, params: Tree, state: Tree, x: Tensor) -> list[tuple[str, Tensor]]:
    """Compute the output of each layer of a sequential network.

    Args:
        net: made by `sequential`.
        params, state: the net's.
        x: a batch of inputs.

    Returns:
        The pairs (the call that makes the layer, its output), in order of application. Layers
        inside a layer are left out of its call: ``residual(...)``.

    Raises:
        ValueError: a layer that is not made by `sequential`.

    Example:
        >>> from minicnn.layers import flatten, relu
        >>> net = sequential(relu(), flatten())
        >>> activations(net, ((), ()), ((), ()), torch.tensor([[[-1.0, 2.0]]]))
        [('relu()', tensor([[[0., 2.]]])), ('flatten()', tensor([[0., 2.]]))]
    """
    if net.name != "sequential":
        raise ValueError(f"net must be made by sequential(), got {brief(net)}")
    _check_number(net.children, params, state)
    outputs = []
    for layer, p, s in zip(net.children, params, state, strict=True):
        x, _ = layer.apply(p, s, x)
        outputs.append((brief(layer), x))
    return outputs


def _check_layers(name: str, layers: tuple[Layer, ...]) -> None:
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"{name} takes Layers, such as relu(), got {layer!r}")


def _check_number(layers: tuple[Layer, ...], params: Tree, state: Tree) -> None:
    if not len(layers) == len(params) == len(state):
        raise ValueError(
            f"params and state must be those of {len(layers)} layers, "
            f"got those of {len(params)} and {len(state)}"
        )


def _init_inside(
    place: str, layer: Layer, generator: torch.Generator, in_shape: Shape
) -> tuple[Tree, Tree, Shape]:
    """Initialise a layer inside another; an error names its place and the shape that it got."""
    try:
        return layer.init(generator, in_shape)
    except ValueError as error:
        raise ValueError(f"{place}, {brief(layer)}, on {tuple(in_shape)}: {error}") from error


def _apply_each(
    layers: tuple[Layer, ...],
    params: Tree,
    state: Tree,
    x: Tensor,
    rng: torch.Generator | None,
    train: bool,
) -> tuple[list[Tensor], Tree]:
    """Apply layers to the same input; they draw from ``rng`` in order."""
    _check_number(layers, params, state)
    each = [
        layer.apply(p, s, x, rng=rng, train=train)
        for layer, p, s in zip(layers, params, state, strict=True)
    ]
    return [y for y, _ in each], tuple(s for _, s in each)

"""Layers made of layers: in sequence, or with a shortcut around them."""

import torch
from torch import Tensor

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
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"sequential takes Layers, such as relu(), got {layer!r}")

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, states, shape = [], [], in_shape
        for i, layer in enumerate(layers):
            try:
                p, s, shape = layer.init(generator, shape)
            except ValueError as error:
                raise ValueError(
                    f"layer {i}, {brief(layer)}, on {tuple(shape)}: {error}"
                ) from error
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
        states = []
        for layer, p, s in zip(layers, params, state, strict=True):
            x, s = layer.apply(p, s, x, rng=rng, train=train)
            states.append(s)
        return x, tuple(states)

    return made_by(sequential, init, apply, *layers)


def residual(layer: Layer) -> Layer:
    """Add the input to a layer's output, y = x + f(x): the layer learns a change.

    Args:
        layer: f, whose output has the shape of its input.

    Returns:
        A Layer with the parameters and the state of f.

    Raises:
        TypeError: an argument that is not a Layer.
        ValueError: at ``init``, an f that changes the shape.

    Example:
        >>> from minicnn.layers import conv2d
        >>> block = residual(conv2d(8, 3, padding="same"))
        >>> block.init(torch.Generator(), (8, 14, 14))[2]
        (8, 14, 14)

    Reference: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", 2016, §3.1.
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"residual takes a Layer, such as relu(), got {layer!r}")

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, state, out_shape = layer.init(generator, in_shape)
        if tuple(out_shape) != tuple(in_shape):
            raise ValueError(
                f"residual needs a layer that keeps the shape {tuple(in_shape)}, but "
                f"{brief(layer)} gives {tuple(out_shape)}"
            )
        return params, state, out_shape

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        y, state = layer.apply(params, state, x, rng=rng, train=train)
        return x + y, state

    return made_by(residual, init, apply, layer)


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
    outputs = []
    for layer, p, s in zip(net.children, params, state, strict=True):
        x, _ = layer.apply(p, s, x)
        outputs.append((brief(layer), x))
    return outputs

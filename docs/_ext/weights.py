"""The weights of a network that a chapter trains, in its page: for the figure to draw on."""

import json

from minicnn.layers import Layer
from minicnn.pages.explorer import contents
from minicnn.tree import Tree


class Weights:
    """A trained network, for the figures of the page whose code shows this.

    Args:
        net, params, state: The network, of images (1, 28, 28); the page rounds the parameters to
            float16.

    Raises:
        ValueError: A layer that the engine does not know, or a weight beyond float16.

    Example:
        >>> import torch
        >>> from minicnn.layers import flatten, linear, sequential
        >>> net = sequential(flatten(), linear(10))
        >>> params, state, _ = net.init(torch.Generator(), (1, 28, 28))
        >>> Weights(net, params, state)._repr_html_()[:58]
        '<script type="application/json" class="minicnn-network">{"'
    """

    def __init__(self, net: Layer, params: Tree, state: Tree) -> None:
        data, (classes,) = contents.network(net, params, state, (1, 28, 28))
        self.data = json.dumps({**data, "classes": [str(k) for k in range(classes)]})
        self.data = self.data.replace("<", "\\u003c")  # which could end the element

    def _repr_html_(self) -> str:
        kind = 'type="application/json" class="minicnn-network"'
        return f"<script {kind}>{self.data}</script>"

"""A table of a model: its layers with their options, output shapes and numbers of parameters."""

from dataclasses import dataclass, replace

import torch

from minicnn import tree
from minicnn.layers.inside import SIDE_BY_SIDE
from minicnn.layers.layer import Layer, Shape, brief


@dataclass(frozen=True)
class Row:
    """One layer of the table: ``call`` makes it, ``depth`` is the number of layers around it."""

    depth: int
    call: str
    out_shape: Shape
    parameters: int


@dataclass(frozen=True)
class Summary:
    """Rows of the table; ``str()`` prints it."""

    in_shape: Shape
    rows: tuple[Row, ...]
    parameters: int

    def __str__(self) -> str:
        """Lay the rows out in columns."""
        lines = [("input", _text(self.in_shape), "")]
        lines += [
            ("  " * row.depth + row.call, _text(row.out_shape), f"{row.parameters:,}")
            for row in self.rows
        ]
        header, total = (
            ("layer", "output shape", "parameters"),
            ("total", "", f"{self.parameters:,}"),
        )
        widths = [max(len(line[i]) for line in [header, *lines, total]) for i in range(3)]
        rule = "-" * (sum(widths) + 4)
        texts = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}".rstrip()
            for a, b, c in [header, *lines, total]
        ]
        return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])


def summary(model: Layer, in_shape: Shape) -> Summary:
    """Tabulate a model's layers with their options, output shapes (without the batch), parameters.

    Args:
        model: the network.
        in_shape: shape of one example, such as (1, 28, 28).

    Returns:
        A Summary; ``str()`` of it is the table.

    Raises:
        ValueError: an ``in_shape`` that the model refuses.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.conv2d(8, 3), layers.flatten(), layers.linear(10))
        >>> print(summary(net, (1, 28, 28)))
        layer         output shape  parameters
        --------------------------------------
        input         1 × 28 × 28
        conv2d(8, 3)  8 × 26 × 26           80
        flatten()     5408                   0
        linear(10)    10                54,090
        --------------------------------------
        total                           54,170
    """
    rows, _ = _rows(model, in_shape, 0)
    top = rows[0]
    if model.children:  # the model's own row is the total
        rows = [replace(row, depth=row.depth - 1) for row in rows[1:]]
    return Summary(tuple(in_shape), tuple(rows), top.parameters)


def _rows(layer: Layer, in_shape: Shape, depth: int) -> tuple[list[Row], Shape]:
    params, _, out_shape = layer.init(torch.Generator(), in_shape)
    size = sum(leaf.numel() for leaf in tree.leaves(params))
    rows, shape = [Row(depth, brief(layer), out_shape, size)], in_shape
    for child in layer.children:
        below, shape_after = _rows(child, shape, depth + 1)
        shape = in_shape if layer.name in SIDE_BY_SIDE else shape_after
        rows += below
    return rows, out_shape


def _text(shape: Shape) -> str:
    return " × ".join(str(size) for size in shape)

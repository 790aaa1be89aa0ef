"""The cheat sheet has every operation, and its gradients are those of torch."""

import math
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as TF
from torch import Tensor

from minicnn import functional as F
from minicnn.exercises.__main__ import main
from minicnn.exercises.cheatsheet import GRADIENTS, sheet

T = torch.tensor([0, 2])
KEPT = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0]]).double()


def phi(x: Tensor) -> Tensor:
    return (-(x**2) / 2).exp() / math.sqrt(2 * math.pi)


def one_hot(x: Tensor) -> Tensor:
    return torch.eye(x.shape[1], dtype=x.dtype)[T]


def normalised(x: Tensor, g: Tensor, over: int) -> Tensor:
    mean, var = x.mean(over, keepdim=True), x.var(over, correction=0, keepdim=True)
    x_hat = (x - mean) / (var + 1e-5).sqrt()
    spread = g - g.mean(over, keepdim=True) - x_hat * (g * x_hat).mean(over, keepdim=True)
    return spread / (var + 1e-5).sqrt()


Formula = Callable[[Tensor, Tensor, Tensor], Tensor]  # of input, output and g
PER_CLASS = torch.tensor([0.5, 1.0, 3.0, 2.0]).double()  # weights
W = torch.arange(12.0, dtype=torch.float64).view(3, 4)
ROW: dict[str, tuple[Callable[[Tensor], Tensor], Formula]] = {
    "relu": (TF.relu, lambda x, y, g: g * (x > 0)),
    "leaky_relu": (
        lambda x: TF.leaky_relu(x, 0.1),
        lambda x, y, g: torch.where(x > 0, g, 0.1 * g),
    ),
    "sigmoid": (torch.sigmoid, lambda x, y, g: g * y * (1 - y)),
    "tanh": (torch.tanh, lambda x, y, g: g * (1 - y**2)),
    "silu": (TF.silu, lambda x, y, g: g * x.sigmoid() * (1 + x * (1 - x.sigmoid()))),
    "gelu": (TF.gelu, lambda x, y, g: g * ((1 + (x / 2**0.5).erf()) / 2 + x * phi(x))),
    "softmax": (
        lambda x: x.softmax(1),
        lambda x, y, g: y * (g - (g * y).sum(1, keepdim=True)),
    ),
    "log_softmax": (
        lambda x: x.log_softmax(1),
        lambda x, y, g: g - y.exp() * g.sum(1, keepdim=True),
    ),
    "nll_loss": (
        lambda x: TF.nll_loss(x, T, PER_CLASS),
        lambda x, y, g: -g * PER_CLASS[T, None] / PER_CLASS[T].sum() * one_hot(x),
    ),
    "cross_entropy": (
        lambda x: TF.cross_entropy(x, T, PER_CLASS),
        lambda x, y, g: g * PER_CLASS[T, None] / PER_CLASS[T].sum() * (x.softmax(1) - one_hot(x)),
    ),
    "dropout": (lambda x: x * KEPT / (1 - 0.2), lambda x, y, g: g / (1 - 0.2) * (KEPT > 0)),
    "linear": (lambda x: TF.linear(x, W), lambda x, y, g: g @ W),
    "batch_norm": (
        lambda x: TF.batch_norm(x, None, None, training=True),
        lambda x, y, g: normalised(x, g, 0),
    ),
    "layer_norm": (lambda x: TF.layer_norm(x, (4,)), lambda x, y, g: normalised(x, g, 1)),
    "group_norm": (lambda x: TF.group_norm(x, 1), lambda x, y, g: normalised(x, g, 1)),
}


@pytest.mark.parametrize("name", ROW)
def test_the_formula_of_the_gradient_is_right(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    f, formula = ROW[name]
    y = f(x)
    g = torch.randn(y.shape, generator=generator, dtype=torch.float64)
    (expected,) = torch.autograd.grad(y, x, g)
    torch.testing.assert_close(formula(x, y, g).detach(), expected)


def test_every_operation_is_on_the_sheet_with_shapes_and_gradient() -> None:
    entries = sheet().split("\n## ")
    assert [entry.splitlines()[0] for entry in entries[1:]] == list(GRADIENTS)
    assert set(GRADIENTS) == set(F.__all__)
    for entry in entries[1:]:
        assert entry.count("\nShapes: input") == 1, entry
        assert entry.count("\nGradient: ") == 1
        assert " → " in entry


def test_it_is_text_for_a_reader() -> None:
    """No marks of reST, and a result that continues the line begins with a small letter."""
    assert "``" not in sheet()
    results = re.findall(r"^Shapes: .* → (.*)$", sheet(), re.MULTILINE)
    assert len(results) == len(GRADIENTS)
    assert all(result[0] == "(" or result[0].islower() for result in results)
    assert "→ probabilities, with the shape of input\n" in sheet()


@pytest.mark.parametrize("name", ["batch_norm", "group_norm"])
def test_what_normalises_images_shows_the_shape_of_images(name: str) -> None:
    assert "\nShapes: input (N, C, H, W), " in sheet().partition(f"## {name}\n")[2]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("conv2d", "c' = "), ("conv_transpose2d", "c' = "), ("cross_entropy", "q_n, ")],
)
def test_what_a_formula_introduces_is_explained_below_it(name: str, symbol: str) -> None:
    entry = sheet().partition(f"## {name}\n")[2].partition("\n##")[0]
    assert f"\n    {symbol}" in entry


def test_the_command_prints_it(capsys) -> None:
    assert main(["cheatsheet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# Cheat sheet\n")
    assert (
        """
## conv2d

Slide every kernel over every image and take the scalar product at each place.

    out[n, o, oh, ow] = bias[o]
        + Σ_c,i,j weight[o, c, i, j] · input[n, c', oh·s + i·d − p, ow·s + j·d − p]
    c' = ⌊o / (O/G)⌋ · C/G + c: channel c of the group that o belongs to

Shapes: input (N, C, H, W), weight (O, C/G, kH, kW), bias (O,) → (N, O, OH, OW)

Gradient: input: g spread with the same kernel; weight: Σ g · (the cell it meets); bias: Σ g
"""
        in out
    )

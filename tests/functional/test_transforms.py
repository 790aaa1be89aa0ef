"""Every function composes with torch's transforms: vmap, grad, jacrev and compile."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import grad, jacrev, vmap
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import Case, Numbers, accepted, assert_near, cases, fill
from minicnn.testing.profiles import fewer

Shape = tuple[int, ...]
ZEROS, ONES = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)

# One example of each function, in terms of the module that it is taken from, ours or torch's; and
# the shapes of what it is differentiated by, first the example itself.
EXAMPLES: dict[str, tuple[Callable[..., Any], tuple[Shape, ...]]] = {
    "unfold": (lambda m, x: m.unfold(x, (2, 1), padding=1, stride=2), ((2, 3, 3),)),
    "fold": (lambda m, x: m.fold(x, 3, (2, 1), padding=(1, 0), stride=2), ((4, 4),)),
    "conv2d": (
        lambda m, x, w, b: m.conv2d(x, w, b, stride=(2, 1), padding=1, groups=2),
        ((2, 3, 3), (2, 1, 2, 2), (2,)),
    ),
    "conv2d in one group": (
        lambda m, x, w: m.conv2d(x, w, padding=1, dilation=2),
        ((2, 3, 3), (2, 2, 2, 2)),
    ),
    "conv2d in two groups": (
        lambda m, x, w, b: m.conv2d(x, w, b, stride=(2, 1), padding=1, groups=2),
        ((2, 3, 3), (4, 1, 2, 2), (4,)),
    ),
    "conv_transpose2d": (
        lambda m, x, w, b: m.conv_transpose2d(x, w, b, stride=(2, 1), padding=1, groups=2),
        ((2, 2, 3), (2, 1, 3, 2), (2,)),
    ),
    "conv_transpose2d in one group": (
        lambda m, x, w: m.conv_transpose2d(x, w, dilation=2),
        ((2, 2, 2), (2, 2, 2, 2)),
    ),
    "max_pool2d": (lambda m, x: m.max_pool2d(x, 2, stride=1, padding=1), ((2, 3, 3),)),
    "avg_pool2d": (lambda m, x: m.avg_pool2d(x, 2, stride=1, padding=1), ((2, 3, 3),)),
    "adaptive_max_pool2d": (lambda m, x: m.adaptive_max_pool2d(x, 2), ((2, 3, 3),)),
    "adaptive_avg_pool2d": (lambda m, x: m.adaptive_avg_pool2d(x, 2), ((2, 3, 3),)),
    "linear": (lambda m, x, w, b: m.linear(x, w, b), ((3,), (2, 3), (2,))),
    "relu": (lambda m, x: m.relu(x), ((5,),)),
    "leaky_relu": (lambda m, x: m.leaky_relu(x, 0.2), ((5,),)),
    "sigmoid": (lambda m, x: m.sigmoid(x), ((5,),)),
    "tanh": (lambda m, x: m.tanh(x), ((5,),)),
    "silu": (lambda m, x: m.silu(x), ((5,),)),
    "gelu": (lambda m, x: m.gelu(x), ((5,),)),
    "gelu by tanh": (lambda m, x: m.gelu(x, approximate="tanh"), ((5,),)),
    "softmax": (lambda m, x: m.softmax(x, 0), ((4,),)),
    "log_softmax": (lambda m, x: m.log_softmax(x, 0), ((4,),)),
    "batch_norm": (
        lambda m, x, w, b: first(m.batch_norm(x, None, None, w, b, training=True)),
        ((3, 2, 2), (2,), (2,)),
    ),
    "batch_norm in evaluation": (
        lambda m, x, w, b: first(m.batch_norm(x, ZEROS, ONES, w, b)),
        ((3, 2, 2), (2,), (2,)),
    ),
    "layer_norm": (lambda m, x, w, b: m.layer_norm(x, (2, 3), w, b), ((2, 2, 3), (2, 3), (2, 3))),
    "group_norm": (lambda m, x, w, b: m.group_norm(x, 2, w, b), ((2, 4, 2), (4,), (4,))),
    "nll_loss": (lambda m, x: m.nll_loss(x, torch.tensor(2)), ((4,),)),
    "cross_entropy": (
        lambda m, x, q: m.cross_entropy(x, q, label_smoothing=0.1),
        ((4,), (4,)),
    ),
}
every_function = pytest.mark.parametrize("name", EXAMPLES)


def first(results: Any) -> Tensor:
    """Return a function's main result."""
    return results[0] if isinstance(results, tuple) else results


def example(name: str, module: Any = F) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
    """Return a function of tensors, and tensors for it."""
    f, shapes = EXAMPLES[name]
    normal = Numbers(torch.float64, "normal")
    tensors = tuple(fill(shape, normal, seed) for seed, shape in enumerate(shapes))
    return lambda *tensors: f(module, *tensors), tensors


def scalar(f: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function that is curved, whatever ``f`` is, and whose value is a single number."""
    return lambda *tensors: f(*tensors).sin().sum()


def several(x: Tensor) -> Tensor:
    """Return three tensors that are not the same."""
    return torch.stack([x, -2 * x, x.flip(0)])


def test_no_function_is_left_out() -> None:
    """Dropout, which draws a mask, has tests of its own below."""
    assert {name.partition(" ")[0] for name in EXAMPLES} | {"dropout"} == set(F.__all__)


@every_function
def test_vmap_over_each_argument_is_a_loop_over_it(name: str) -> None:
    """Over the first: a batch. Over the weights: an ensemble of models that see the same batch."""
    f, tensors = example(name)
    for i, x in enumerate(tensors):
        in_dims = tuple(0 if k == i else None for k in range(len(tensors)))
        looped = [f(*tensors[:i], one, *tensors[i + 1 :]) for one in several(x)]
        mapped = vmap(f, in_dims)(*tensors[:i], several(x), *tensors[i + 1 :])
        assert_near(mapped, torch.stack(looped), f"{name} over argument {i}")


@every_function
def test_vmap_of_grad_gives_the_gradients_of_each_example(name: str) -> None:
    """As if one example at a time had gone through the model: for privacy, for influence, …"""
    f, (x, *rest) = example(name)
    gradients = grad(scalar(f), argnums=tuple(range(1 + len(rest))))
    mapped = vmap(gradients, (0, *[None] * len(rest)))(several(x), *rest)
    looped = zip(*(gradients(one, *rest) for one in several(x)), strict=True)
    for i, (together, one_by_one) in enumerate(zip(mapped, looped, strict=True)):
        assert_near(together, torch.stack(one_by_one), f"{name}, by argument {i}")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*F.__all__} - {"dropout"}))
@fewer(times=3)
@given(data=st.data())
def test_vmap_of_grad_is_a_loop_in_every_geometry(name: str, data: st.DataObject) -> None:
    """Some functions take another path where vmap has no rule for what they do otherwise."""
    f = getattr(F, name)
    case = data.draw(accepted(f, getattr(cases, name)()))

    def loss(inputs: dict[str, Tensor]) -> Tensor:
        return first(Case(inputs, case.options).call(f)).sin().sum()

    stacked = {key: torch.stack([x, -2 * x]) for key, x in case.inputs.items()}
    mapped = vmap(grad(loss))(stacked)
    for i in range(2):
        alone = grad(loss)({key: x[i] for key, x in stacked.items()})
        for key, gradient in alone.items():
            assert_near(mapped[key][i], gradient, f"{name}, by {key}")


@every_function
def test_jacobians_are_torchs(name: str) -> None:
    f, tensors = example(name)
    expected = torch.autograd.functional.jacobian(example(name, twin)[0], tensors)
    for i, matrix in enumerate(expected):
        assert_near(jacrev(f, argnums=i)(*tensors), matrix, f"{name}, by argument {i}")


@every_function
def test_hessians_are_torchs(name: str) -> None:
    f, tensors = example(name)
    expected = torch.autograd.functional.hessian(scalar(example(name, twin)[0]), tensors)
    by_all = tuple(range(len(tensors)))
    ours = jacrev(jacrev(scalar(f), by_all), by_all)(*tensors)
    for row, expected_row in zip(ours, expected, strict=True):
        for block, expected_block in zip(row, expected_row, strict=True):
            assert_near(block, expected_block, name)


@pytest.mark.slow
@every_function
def test_value_and_gradients_compile_into_one_graph(name: str) -> None:
    f, tensors = example(name)
    leaves = tuple(x.requires_grad_() for x in tensors)
    torch.compiler.reset()
    compiled = torch.compile(scalar(f), fullgraph=True, backend="aot_eager")
    values = scalar(f)(*leaves), compiled(*leaves)
    assert_near(values[1], values[0])
    eager, graph = (torch.autograd.grad(value, leaves) for value in values)
    for ours, expected in zip(graph, eager, strict=True):
        assert_near(ours, expected)


# A network


def network(images: Tensor, labels: Tensor, kernels: Tensor, weight: Tensor) -> Tensor:
    """Return the loss for a batch of images, (N, 1, 6, 6)."""
    x = F.relu(F.conv2d(images, kernels))  # (N, 2, 4, 4)
    x = first(F.max_pool2d(x, 2)).flatten(1)  # (N, 8)
    return F.cross_entropy(F.linear(x, weight), labels)


def batch_and_parameters() -> tuple[Tensor, ...]:
    """Return images, labels, kernels and weight."""
    normal = Numbers(torch.float64, "normal")
    shapes = ((4, 1, 6, 6), (2, 1, 3, 3), (3, 8))
    images, kernels, weight = (fill(shape, normal, seed) for seed, shape in enumerate(shapes))
    return images, torch.tensor([0, 2, 1, 1]), kernels, weight


def test_gradients_of_single_examples_average_to_that_of_the_batch() -> None:
    """Every image is a batch of one to the network that vmap runs."""
    images, labels, kernels, weight = batch_and_parameters()
    gradients = grad(network, argnums=(2, 3))
    singles = vmap(gradients, (0, 0, None, None))(images[:, None], labels[:, None], kernels, weight)
    for one_by_one, together in zip(
        singles, gradients(images, labels, kernels, weight), strict=True
    ):
        assert_near(one_by_one.mean(0), together)


def test_an_ensemble_is_trained_by_one_call() -> None:
    """vmap over the parameters: every network gets the gradient that it would get by itself."""
    images, labels, kernels, weight = batch_and_parameters()
    gradients = grad(network, argnums=(2, 3))
    ensemble = (several(kernels), several(weight))
    together = vmap(gradients, (None, None, 0, 0))(images, labels, *ensemble)
    for i, parameters in enumerate(zip(*ensemble, strict=True)):
        for mine, alone in zip(together, gradients(images, labels, *parameters), strict=True):
            assert_near(mine[i], alone)


# Dropout, which draws


def test_vmap_draws_every_example_a_mask_of_its_own() -> None:
    x = torch.ones(3, 50)
    y = vmap(F.dropout, randomness="different")(x)
    assert len({tuple(row.tolist()) for row in y}) == 3
    same = vmap(F.dropout, randomness="same")(x)
    assert len({tuple(row.tolist()) for row in same}) == 1


def test_dropout_compiles_and_its_gradient_is_its_mask() -> None:
    torch.compiler.reset()
    compiled = torch.compile(F.dropout, fullgraph=True, backend="aot_eager")
    x = torch.ones(50, requires_grad=True)
    y = compiled(x)
    assert y.unique().tolist() == [0, 2]
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], y.detach())

"""What every operation with a backward of its own is made of."""

import inspect
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import functional as F
from minicnn.functional.function import Function, needed


class Product(Function):
    """x · y · factor; ``asked`` notes which gradients each backward was asked for."""

    asked: ClassVar[list[tuple[bool, ...]]] = []

    @staticmethod
    def forward(x: Tensor, y: Tensor, factor: float) -> Tensor:
        return x * y * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, y, ctx.factor = inputs
        ctx.save_for_backward(x, y)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, y = ctx.saved_tensors
        need_x, need_y = needed(ctx, True, True)
        if not torch.compiler.is_compiling():
            Product.asked.append((need_x, need_y))
        g = g * ctx.factor
        return g * y if need_x else None, g * x if need_y else None, None


X, Y = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])


def product(x: Tensor, y: Tensor) -> Tensor:
    return Product.apply(x, y, 3.0).sum()


# Function


def every_operation() -> list[type[torch.autograd.Function]]:
    """List the classes of minicnn.functional that have a backward of their own."""
    found, waiting = [], [torch.autograd.Function]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += [child for child in children if child.__module__.startswith(F.__name__)]
        waiting += children
    return [operation for operation in found if operation is not Function]


def test_every_operation_of_the_library_is_a_function_of_this_kind() -> None:
    assert len(every_operation()) > 10
    for operation in every_operation():
        assert issubclass(operation, Function), operation


@pytest.mark.parametrize("operation", [Product, *every_operation()], ids=lambda o: o.__name__)
def test_the_signature_of_forward_is_noted_and_not_worked_out_anew_at_every_call(
    operation: type[Function],
) -> None:
    noted = inspect.signature(operation.forward)
    assert inspect.signature(operation.forward) is noted
    names = operation.forward.__code__.co_varnames[: operation.forward.__code__.co_argcount]
    assert tuple(noted.parameters) == names


def test_a_function_takes_its_arguments_in_the_order_of_forward() -> None:
    assert Product.apply(X, Y, 0.5).tolist() == [5, 20]


def test_vmap_needs_no_rule_of_ones_own() -> None:
    batch = torch.stack([X, -X, 0 * X])
    mapped = torch.vmap(Product.apply, (0, None, None))(batch, Y, 0.5)
    assert mapped.tolist() == [[5, 20], [-5, -20], [0, 0]]


def test_gradients_can_be_differentiated_again() -> None:
    """∂²(3xy)/∂x∂y = 3."""
    mixed = torch.func.jacrev(torch.func.grad(product), argnums=1)(X, Y)
    assert mixed.tolist() == [[3, 0], [0, 3]]


# needed


@pytest.mark.parametrize(
    ("by_x", "by_y", "expected"),
    [(True, False, (True, False)), (False, True, (False, True)), (True, True, (True, True))],
)
def test_only_gradients_that_somebody_asked_for_are_computed(
    by_x: bool, by_y: bool, expected: tuple[bool, bool]
) -> None:
    x, y = X.clone().requires_grad_(by_x), Y.clone().requires_grad_(by_y)
    Product.asked.clear()
    product(x, y).backward()
    assert Product.asked == [expected]
    assert [x.grad is None, y.grad is None] == [not by_x, not by_y]


asked = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=5)


@given(asked)
def test_needed_tells_what_was_asked_of_the_first_arguments(
    pairs: list[tuple[bool, bool]],
) -> None:
    is_tensor, asked_for = zip(*pairs, strict=True)
    ctx = SimpleNamespace(needs_input_grad=(*asked_for, False))  # and one argument more, no tensor
    assert needed(ctx, *is_tensor) == asked_for


@given(asked)
def test_under_torch_compile_all_tensors_are_needed_and_nothing_else_is(
    pairs: list[tuple[bool, bool]],
) -> None:
    is_tensor, asked_for = zip(*pairs, strict=True)
    ctx = SimpleNamespace(needs_input_grad=(*asked_for, False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.compiler, "is_compiling", lambda: True)
        assert needed(ctx, *is_tensor) == is_tensor


def loss_of_linear(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    return F.linear(x, weight, bias).sin().sum()


def loss_of_convolution(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    return F.conv2d(x[:, None, None, :], weight[:, None, None, :], bias).sin().sum()


@pytest.mark.parametrize("loss", [loss_of_linear, loss_of_convolution])
@pytest.mark.parametrize("argnums", [0, 1, (0, 1), 2])
def test_a_gradient_of_torch_func_by_any_argument_can_be_compiled(loss: Any, argnums: Any) -> None:
    """Torch 2.14 denies there that the bias's is needed, if the weight's is asked for as well."""
    arguments = torch.ones(3, 2), torch.arange(3.0), torch.arange(8.0).reshape(4, 2)
    gradient = torch.func.grad(loss, argnums)
    torch.compiler.reset()
    compiled = torch.compile(gradient, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*arguments), gradient(*arguments))

"""What works around torch: Function, needed, is_plain, and the memory that is kept."""

import ctypes
import inspect
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import functional as F
from minicnn.functional.torch_workarounds import Function, keep_freed_memory, needed


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
    code = inspect.unwrap(operation.forward).__code__
    assert tuple(noted.parameters) == code.co_varnames[: code.co_argcount]


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


@pytest.mark.slow
@pytest.mark.parametrize("loss", [loss_of_linear, loss_of_convolution])
@pytest.mark.parametrize("argnums", [0, 1, (0, 1), 2])
def test_a_gradient_of_torch_func_by_any_argument_can_be_compiled(loss: Any, argnums: Any) -> None:
    """Torch 2.14 denies there that the bias's is needed, if the weight's is asked for as well."""
    arguments = torch.ones(3, 2), torch.arange(3.0), torch.arange(8.0).reshape(4, 2)
    gradient = torch.func.grad(loss, argnums)
    torch.compiler.reset()
    compiled = torch.compile(gradient, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*arguments), gradient(*arguments))


# keep_freed_memory

MEGABYTES, PAGE = 64, 4096

# Prints how many pages the system had to find while 64 MB were taken, filled and freed ten times.
PROGRAM = f"""
import resource, sys, torch
if sys.argv[1] != "without minicnn":
    from minicnn.functional import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def take_and_free(times):
    for _ in range(times):
        torch.ones({MEGABYTES} << 18)

take_and_free(3)  # until the heap is as large as it gets
before = faults()
take_and_free(10)
print(faults() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not keep_freed_memory(),
    reason="not glibc, or an old one that takes blocks of 1 GiB for too large to be kept",
)
def test_a_large_block_that_was_freed_is_used_again_without_page_faults() -> None:
    def faults(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    pages = 10 * (MEGABYTES << 20) // PAGE
    assert faults("kept") < pages / 100
    assert faults("without minicnn") > pages / 2  # or else this test would prove nothing
    assert faults("imported") > pages / 2  # importing changes nothing


# The same, with a C library that notes what it is asked for


def c_library(monkeypatch: pytest.MonkeyPatch, answers: Callable[[int], int]) -> list:
    """Put a C library in the place of the system's; return the list of what mallopt is given."""
    asked = []

    def mallopt(parameter: int, value: int) -> int:
        asked.append((parameter, value))
        return answers(parameter)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    return asked


def test_blocks_of_up_to_a_gigabyte_come_from_a_heap_that_never_shrinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the numbers of M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in glibc's malloc.h."""
    asked = c_library(monkeypatch, lambda parameter: 1)
    assert keep_freed_memory() is True
    assert asked == [(-3, 1024**3), (-1, 2**31 - 1)]


@pytest.mark.parametrize("refused", [-3, -1])
def test_it_tells_if_the_library_does_not_agree(
    refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    c_library(monkeypatch, lambda parameter: int(parameter != refused))
    assert keep_freed_memory() is False


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert keep_freed_memory() is False


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_on_other_systems_no_library_is_even_looked_for(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = c_library(monkeypatch, lambda parameter: 1)
    monkeypatch.setattr(sys, "platform", system)
    assert keep_freed_memory() is False
    assert asked == []

"""The caller may change a result in place, or an argument, wherever torch allows it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import Case, Numbers, accepted, assert_near, cases, fill
from minicnn.testing.tensors import arrange

from .precision import seeded, theirs


def test_the_result_of_a_pooled_convolution_may_be_changed_before_backward() -> None:
    x, w = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3, requires_grad=True)
    gradients = []
    for m in (F, twin):
        y = m.max_pool2d(m.conv2d(x, w), 2)
        y += 1
        y *= 3
        gradients += torch.autograd.grad(y.sum(), w)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("stored", ["contiguous", "channels_last", "batch_last"])
@pytest.mark.parametrize("batch", [2, None])
def test_it_may_be_changed_in_every_memory_layout_and_without_a_batch(
    stored: str, batch: int | None
) -> None:
    numbers = Numbers(torch.float64, "normal")
    x = arrange(fill((2, 3, 8, 8), numbers, 0), stored).requires_grad_()
    images, w = x if batch else x[0], fill((4, 3, 3, 3), numbers, 1)
    gradients = []
    for m in (F, twin):
        y = m.conv2d(images, w)
        y[..., 0] = 0
        y.mul_(2)
        gradients += torch.autograd.grad(m.max_pool2d(y, 2).add_(1).sin().sum(), x)
    torch.testing.assert_close(*gradients)


def changed(f: Callable[..., Any], case: Case, which: str) -> list[Tensor] | None:
    """Call, add 1 to the result or to an argument, and differentiate; None if autograd objects.

    Returns the result and the arguments as they are then, and the gradients.
    """
    leaves = {name: x.detach().clone().requires_grad_() for name, x in case.inputs.items()}
    arguments = {name: x * 1 for name, x in leaves.items()}
    y = Case(arguments, case.options).call(f)
    y = y if isinstance(y, Tensor) else y[0]
    try:
        (y if which == "result" else arguments[which]).add_(1)
        gradients = torch.autograd.grad(
            y.sin().sum(), list(leaves.values()), materialize_grads=True
        )
    except RuntimeError:
        return None
    return [x.detach() for x in (y, *arguments.values(), *gradients)]


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's, of its own speed
@pytest.mark.parametrize("name", F.__all__)
@given(data=st.data())
def test_what_torch_allows_to_be_changed_in_place_may_be_changed_here(
    name: str, data: st.DataObject
) -> None:
    case = data.draw(accepted(getattr(F, name), getattr(cases, name)()))
    if name == "dropout":  # torch draws its mask in the order of memory
        case = case.replace(input=case.inputs["input"].contiguous())
    arguments = [key for key, x in case.inputs.items() if x.numel()]
    which = data.draw(st.sampled_from(["result", *arguments]))
    expected = changed(seeded(theirs(name)), case, which)
    if expected is None:
        return
    actual = changed(seeded(getattr(F, name)), case, which)
    assert actual is not None, f"torch allows to change {which}"
    for ours, other in zip(actual, expected, strict=True):
        assert_near(ours, other)


def test_a_single_window_of_unfold_is_no_view_of_the_image() -> None:
    x = torch.zeros(1, 1, 2, 2)
    F.unfold(x, 2).add_(1)
    F.unfold(x, 1).add_(1)
    assert not x.any()

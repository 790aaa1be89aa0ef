"""Memory layout: the same numbers under the same shape, stored in the order that is fast."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn.functional import layout
from minicnn.testing import NORMAL, assert_differentiable, tensors
from minicnn.testing.case import Case
from minicnn.testing.memory import layouts

# Sizes from 2 on: with a size of 1 a tensor lies in several layouts at once.
sizes = st.tuples(st.integers(2, 4), st.integers(2, 4), st.integers(2, 4), st.integers(2, 4))
images = st.tuples(sizes, NORMAL).flatmap(lambda drawn: tensors(*drawn))


@given(images)
def test_batch_last_and_nchw_are_inverse(x: Tensor) -> None:
    h = layout.batch_last(x)  # (H, C, W, N)
    assert h.is_contiguous()
    assert h.shape == (x.shape[2], x.shape[1], x.shape[3], x.shape[0])
    assert torch.equal(layout.nchw(h), x)


@given(images)
def test_converting_is_free_for_what_is_stored_batch_last_already(x: Tensor) -> None:
    stored = layout.to_batch_last(x)
    assert layouts(stored) == ["batch_last"]
    assert torch.equal(stored, x)
    assert layout.to_batch_last(stored).data_ptr() == stored.data_ptr()
    assert layout.batch_last(stored).data_ptr() == stored.data_ptr()
    assert layout.nchw(layout.batch_last(stored)).data_ptr() == stored.data_ptr()


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3), ()])
def test_without_a_batch_there_is_nothing_to_convert(shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape)
    assert layout.to_batch_last(x) is x


@given(images, st.sampled_from(["contiguous", "channels_last", "batch_last"]))
def test_a_result_follows_the_layout_of_another_tensor(x: Tensor, name: str) -> None:
    like = {
        "contiguous": x.contiguous(),
        "channels_last": x.contiguous(memory_format=torch.channels_last),
        "batch_last": layout.to_batch_last(x),
    }[name]
    y = layout.follow(layout.to_batch_last(2 * x), like)
    assert layouts(y) == [name]
    assert torch.equal(y, 2 * x)


@given(images)
def test_the_gradient_of_the_usual_order_comes_back_batch_last(x: Tensor) -> None:
    """So that no operation before this one has to convert it."""
    x = layout.to_batch_last(x).requires_grad_()
    y = layout.ToContiguous.apply(x)
    assert layouts(y) == ["contiguous"]
    assert torch.equal(y, x)
    (g,) = torch.autograd.grad(y, x, y.detach())
    assert layouts(g) == ["batch_last"]
    assert torch.equal(g, x)


def test_its_derivatives_are_limits_of_differences() -> None:
    x = torch.linspace(-1, 1, 16).view(2, 2, 2, 2)
    assert_differentiable(
        lambda input: layout.ToContiguous.apply(input).sin(), Case({"input": x}, {})
    )

"""Gradient clipping by the global norm."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim, tree

shapes = st.lists(st.lists(st.integers(0, 4), max_size=3).map(torch.Size), max_size=5)


def clip(grads: Any, max_norm: float) -> Any:
    transform = optim.clip_by_global_norm(max_norm)
    clipped, state = transform.update(grads, transform.init(grads), grads)
    assert state == ()
    return clipped


@given(shapes, st.floats(1e-3, 1e3), st.floats(-4, 4), st.integers(0, 99))
def test_it_is_torchs_clip_grad_norm(
    shapes: list[torch.Size], max_norm: float, exponent: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    grads = tuple(
        10**exponent * torch.randn(shape, dtype=torch.float64, generator=generator)
        for shape in shapes
    )
    params = [torch.zeros_like(g) for g in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(params, max_norm)
    expected = tuple(p.grad for p in params)
    torch.testing.assert_close(clip(grads, max_norm), expected, rtol=1e-14, atol=0)


def test_one_factor_scales_all_leaves_so_the_direction_stays() -> None:
    """The norm is that of all leaves together, √(3² + 4²) = 5."""
    clipped = clip({"weight": torch.tensor([3.0, 0.0]), "bias": torch.tensor([4.0])}, 1.0)
    torch.testing.assert_close(clipped["weight"], torch.tensor([0.6, 0.0]))
    torch.testing.assert_close(clipped["bias"], torch.tensor([0.8]))


def test_a_short_gradient_stays_as_it_is() -> None:
    grads = {"weight": torch.tensor([0.3, 0.4])}
    assert torch.equal(clip(grads, 1.0)["weight"], grads["weight"])


def test_zero_gradients_stay_zero() -> None:
    assert torch.equal(clip(torch.zeros(3), 1.0), torch.zeros(3))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_one_gradient_that_is_not_finite_makes_all_of_them_so_as_in_torch(bad: float) -> None:
    grads = (torch.tensor([bad, 1.0]), torch.tensor([2.0]))
    params = [torch.zeros_like(g) for g in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    torch.testing.assert_close(clip(grads, 1.0), tuple(p.grad for p in params), equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_stays_and_a_large_16_bit_gradient_does_not_overflow(dtype: torch.dtype) -> None:
    clipped = clip((torch.full((4,), 1000.0, dtype=dtype), torch.zeros((), dtype=dtype)), 1.0)
    assert {leaf.dtype for leaf in clipped} == {dtype}
    torch.testing.assert_close(clipped[0], torch.full((4,), 0.5, dtype=dtype), rtol=1e-8, atol=0)


def test_one_factor_serves_a_tree_of_mixed_dtypes() -> None:
    grads = {"half": torch.tensor([3.0]).half(), "double": torch.tensor(4.0).double()}
    clipped = clip(grads, 0.5)
    assert [leaf.dtype for leaf in tree.leaves(clipped)] == [torch.float16, torch.float64]
    torch.testing.assert_close(float(clipped["double"]), 0.4, rtol=1e-6, atol=0)


@pytest.mark.parametrize("max_norm", [0.0, -1.0, float("nan"), float("inf")])
def test_max_norm_must_be_positive(max_norm: float) -> None:
    with pytest.raises(ValueError, match="max_norm must be a finite number above 0, got"):
        optim.clip_by_global_norm(max_norm)

"""Dropout: while training, forget each number with probability p."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.testing import (
    EXACT,
    SPECIAL,
    Case,
    assert_twins,
    cases,
)
from minicnn.testing.tensors import IMAGE_LAYOUTS, arrange

SEED = 3


def seeded_dropout(input: Tensor, p: float, training: bool) -> Tensor:
    """Draw the mask from a generator of our own."""
    return F.dropout(input, p, training, generator=torch.Generator().manual_seed(SEED))


def torch_dropout(input: Tensor, p: float, training: bool) -> Tensor:
    """Draw the mask from torch's global generator, as torch does."""
    torch.manual_seed(SEED)
    return twin.dropout(input, p, training)


# What it is, by the simplest examples


def test_numbers_are_forgotten_or_scaled_up_to_keep_the_mean() -> None:
    y = F.dropout(torch.full((1000,), 3.0), p=0.75)
    assert y.unique().tolist() == [0, 12]  # 3 / (1 − 0.75)
    assert 1.5 < y.mean() < 4.5


@given(st.floats(0.05, 0.95))
def test_as_many_are_forgotten_as_p_says(p: float) -> None:
    """Of n independent draws np are, give or take a few √(np(1 − p))."""
    n = 10_000
    forgotten = (seeded_dropout(torch.ones(n), p, True) == 0).sum().item()
    assert abs(forgotten - n * p) < 5 * (n * p * (1 - p)) ** 0.5


def test_each_number_has_its_own_chance() -> None:
    y = seeded_dropout(torch.ones(20, 20, 20), 0.5, True)
    for dim in range(3):
        assert (y.amax(dim) == 2).all(), f"a whole line was forgotten along {dim}"
        assert (y.amin(dim) == 0).all(), f"a whole line was kept along {dim}"


def test_evaluation_changes_nothing() -> None:
    x = torch.randn(5)
    assert torch.equal(F.dropout(x, p=0.9, training=False), x)


def test_p_of_zero_keeps_all_and_p_of_one_keeps_none() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert F.dropout(x, p=0.0).tolist() == [1, 2]
    y = F.dropout(x, p=1.0)
    assert y.tolist() == [0, 0]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0, 0]


def test_the_gradient_passes_where_the_number_passed() -> None:
    x = torch.ones(50, requires_grad=True)
    y = F.dropout(x, p=0.5)
    (g,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(g, y.detach())


# Where the mask comes from


def test_the_same_seed_gives_the_same_mask_and_the_next_draw_another() -> None:
    x, generator = torch.ones(100), torch.Generator().manual_seed(SEED)
    first, second = (F.dropout(x, generator=generator) for _ in range(2))
    assert torch.equal(first, F.dropout(x, generator=torch.Generator().manual_seed(SEED)))
    assert not torch.equal(first, second)


def test_a_generator_of_ones_own_leaves_the_global_one_alone_and_the_other_way_round() -> None:
    generator = torch.Generator().manual_seed(SEED)
    before = generator.get_state(), torch.get_rng_state()
    F.dropout(torch.ones(9), generator=generator)
    assert torch.equal(torch.get_rng_state(), before[1])
    assert not torch.equal(generator.get_state(), before[0])
    F.dropout(torch.ones(9))
    assert not torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True), (1.0, True)])
def test_what_needs_no_mask_draws_none(p: float, training: bool) -> None:
    generator = torch.Generator().manual_seed(SEED)
    F.dropout(torch.ones(9), p, training, generator=generator)
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(SEED).get_state())


@pytest.mark.parametrize("layout", IMAGE_LAYOUTS)
def test_the_layout_in_memory_changes_no_result(layout: str) -> None:
    x = torch.ones(2, 3, 4, 5)
    y = seeded_dropout(x, 0.5, True)
    assert torch.equal(seeded_dropout(arrange(x, layout), 0.5, True), y)


# Held against PyTorch


@given(cases.dropout(EXACT))
def test_value_gradient_and_second_derivatives_are_torchs(case: Case) -> None:
    assert_twins(seeded_dropout, torch_dropout, case)


@given(cases.dropout(SPECIAL))
def test_nan_and_infinity_stay_nan_even_where_they_are_forgotten(case: Case) -> None:
    """0 · NaN = 0 · ∞ = NaN, as in torch: an error does not get lost."""
    assert_twins(seeded_dropout, torch_dropout, case)


@given(cases.dropout(EXACT))
def test_without_a_generator_the_mask_is_drawn_from_torchs_global_one(case: Case) -> None:
    def ours(input: Tensor, p: float, training: bool) -> Tensor:
        torch.manual_seed(SEED)
        return F.dropout(input, p, training)

    assert_twins(ours, torch_dropout, case)

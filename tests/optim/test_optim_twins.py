"""Every optimizer takes torch.optim's steps: Adam bit for bit, SGD and AdamW to rounding."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim, tree
from minicnn.optim import schedules

SHAPES = ((), (1,), (7,), (3, 5), (2, 3, 3, 3), (33,), (0, 4))
DTYPES = (torch.float32, torch.float64)

Steps = Iterator[tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]]


def random_like(template: Any, dtype: torch.dtype, generator: torch.Generator) -> Any:
    """Draw a tree of tensors of very different sizes for a tree of indices into SHAPES."""

    def draw(index: int) -> torch.Tensor:
        scale = 10 ** torch.empty((), dtype=dtype).uniform_(-6, 3, generator=generator)
        return scale * torch.randn(SHAPES[index], dtype=dtype, generator=generator)

    return tree.map(draw, template)


def both(
    twin: Callable[..., torch.optim.Optimizer],
    ours: Callable[..., optim.Transform],
    lr: Any,
    options: dict[str, Any],
    template: Any = (0, 1, 2, 3, 4, 5, 6),
    dtype: torch.dtype = torch.float64,
    steps: int = 12,
) -> Steps:
    """Take steps with torch's optimizer and with ours; yield the leaves of both after each."""
    generator = torch.Generator().manual_seed(0)
    params = random_like(template, dtype, generator)
    theirs = [p.clone() for p in tree.leaves(params)]
    reference = twin([{"params": theirs}], lr=schedules.as_schedule(lr)(0), **options)
    opt = ours(lr, **options)
    state = opt.init(params)
    for step in range(steps):
        grads = random_like(template, dtype, generator)
        for p, g in zip(theirs, tree.leaves(grads), strict=True):
            p.grad = g.clone()
        reference.param_groups[0]["lr"] = schedules.as_schedule(lr)(step)
        reference.step()
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        yield tuple(theirs), tree.leaves(params)


def assert_equal_bits(steps: Steps) -> None:
    for theirs, ours in steps:
        assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))


def assert_equal_to_rounding(steps: Steps) -> None:
    largest: dict[int, float] = {}  # per leaf, over the steps so far: the scale of rounding errors
    for theirs, ours in steps:
        for i, (a, b) in enumerate(zip(theirs, ours, strict=True)):
            largest[i] = max([largest.get(i, 0.0), *a.abs().flatten().tolist()])
            torch.testing.assert_close(b, a, rtol=0, atol=1e-13 * largest[i])


indices = st.sampled_from(range(len(SHAPES)))
templates = st.recursive(
    indices,
    lambda t: st.lists(t, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=2), t),
    max_leaves=6,
).filter(tree.leaves)
rates = st.floats(1e-5, 1.0)
learning_rates = st.one_of(
    rates,
    st.builds(schedules.cosine, rates, st.just(12)),
    st.builds(schedules.exponential, rates, st.floats(0.5, 1.0)),
)
penalties = st.just(0.0) | st.floats(1e-4, 0.5)
below_one = st.just(0.0) | st.floats(0.01, 0.9999)
adam_options = st.fixed_dictionaries(
    {
        "betas": st.tuples(below_one, below_one),
        "eps": st.floats(1e-10, 1.0),
        "weight_decay": penalties,
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    }
)
sgd_options = st.fixed_dictionaries(
    {
        "momentum": below_one,
        "dampening": st.floats(-0.5, 1.0),
        "weight_decay": penalties,
        "maximize": st.booleans(),
    }
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 1e-2])
def test_adam_is_torchs_adam_bit_for_bit_over_200_steps(
    dtype: torch.dtype, amsgrad: bool, maximize: bool, weight_decay: float
) -> None:
    options = {"amsgrad": amsgrad, "maximize": maximize, "weight_decay": weight_decay}
    lr = schedules.one_cycle(1e-2, 200)
    assert_equal_bits(both(torch.optim.Adam, optim.adam, lr, options, dtype=dtype, steps=200))


@given(templates, st.sampled_from(DTYPES), learning_rates, adam_options)
def test_adam_is_torchs_adam_bit_for_bit_with_any_options(
    template: Any, dtype: torch.dtype, lr: Any, options: dict[str, Any]
) -> None:
    assert_equal_bits(both(torch.optim.Adam, optim.adam, lr, options, template, dtype))


@given(templates, learning_rates, adam_options)
def test_adamw_is_torchs_adamw(template: Any, lr: Any, options: dict[str, Any]) -> None:
    assert_equal_to_rounding(both(torch.optim.AdamW, optim.adamw, lr, options, template))


@given(templates, learning_rates, sgd_options)
def test_sgd_is_torchs_sgd(template: Any, lr: Any, options: dict[str, Any]) -> None:
    assert_equal_to_rounding(both(torch.optim.SGD, optim.sgd, lr, options, template))


@given(templates, learning_rates, st.floats(0.01, 0.9999), penalties, st.booleans())
def test_sgd_with_nesterov_momentum_is_torchs(
    template: Any, lr: Any, momentum: float, weight_decay: float, maximize: bool
) -> None:
    options = {
        "momentum": momentum,
        "nesterov": True,
        "weight_decay": weight_decay,
        "maximize": maximize,
    }
    assert_equal_to_rounding(both(torch.optim.SGD, optim.sgd, lr, options, template))


@pytest.mark.parametrize(
    ("twin", "ours"),
    [
        (torch.optim.Adam, optim.adam),
        (torch.optim.AdamW, optim.adamw),
        (torch.optim.SGD, lambda lr: optim.sgd(lr)),
    ],
)
def test_the_defaults_are_torchs(
    twin: Callable[..., torch.optim.Optimizer], ours: Callable[..., optim.Transform]
) -> None:
    assert_equal_to_rounding(both(twin, ours, 1e-3, {}))


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_every_default_is_the_twins(name: str) -> None:
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    for option, parameter in inspect.signature(getattr(optim, name.lower())).parameters.items():
        assert parameter.default == theirs[option].default, option

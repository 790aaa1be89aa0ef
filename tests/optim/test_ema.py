"""The moving average of the weights."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from minicnn import optim, tree

OPTIMIZERS = (
    optim.adam(lr=0.1),
    optim.chain(optim.clip_by_global_norm(1.0), optim.chain(optim.adam(lr=0.1))),
)


@given(
    st.floats(0, 1), st.sampled_from(OPTIMIZERS), st.sampled_from([torch.float32, torch.float64])
)
def test_it_is_torchs_averaged_model_bit_for_bit(
    decay: float, optimizer: optim.Transform, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(5, 3, dtype=dtype)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    params = {name: p.detach().clone() for name, p in model.named_parameters()}
    opt = optim.chain(optimizer, optim.ema(decay))
    state = opt.init(params)
    for _ in range(8):
        grads = {
            k: torch.randn(p.shape, dtype=dtype, generator=generator) for k, p in params.items()
        }
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        model.load_state_dict(params)
        average.update_parameters(model)
        for name, expected in average.module.named_parameters():
            assert torch.equal(optim.averaged(state)[name], expected)


def test_the_average_starts_from_the_weights_after_the_first_update() -> None:
    transform, params = optim.ema(0.75), torch.tensor([9.0])
    _, state = transform.update(torch.tensor([-4.0]), transform.init(params), params)
    assert optim.averaged(state).tolist() == [5]


def test_decay_is_the_share_of_the_old_average() -> None:
    transform, params, update = optim.ema(0.75), torch.tensor([9.0]), torch.tensor([-4.0])
    _, state = transform.update(update, transform.init(params), params)
    _, state = transform.update(update, state, params + update)
    assert optim.averaged(state).tolist() == [0.75 * 5 + 0.25 * 1]


def test_the_updates_pass_unchanged() -> None:
    updates, transform = (torch.tensor([1.0, -2.0]),), optim.ema(0.5)
    params = (torch.tensor([5.0, 5.0]),)
    passed, _ = transform.update(updates, transform.init(params), params)
    assert passed is updates


def test_before_the_first_update_the_average_is_a_copy_of_the_parameters() -> None:
    params = {"weight": torch.ones(2)}
    average = optim.averaged(optim.ema(0.5).init(params))
    assert torch.equal(average["weight"], params["weight"])
    assert average["weight"].data_ptr() != params["weight"].data_ptr()


@pytest.mark.parametrize(
    ("opt", "found"),
    [
        (optim.adam(), 0),
        (optim.chain(), 0),
        (optim.chain(optim.ema(0.5), optim.chain(optim.ema(0.9))), 2),
    ],
)
def test_averaged_needs_exactly_one_ema(opt: optim.Transform, found: int) -> None:
    state: Any = opt.init({"weight": torch.ones(2)})
    with pytest.raises(ValueError, match=f"must hold the state of exactly one ema, got {found}"):
        optim.averaged(state)


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan")])
def test_decay_is_checked(decay: float) -> None:
    with pytest.raises(ValueError, match=r"decay must be in \[0, 1\], got"):
        optim.ema(decay)


def test_the_average_is_found_after_a_round_trip_through_a_tree() -> None:
    params = {"weight": torch.ones(2)}
    state = optim.chain(optim.sgd(0.1, momentum=0.9), optim.ema(0.5)).init(params)
    leaves, structure = tree.flatten(state)
    assert torch.equal(optim.averaged(tree.unflatten(structure, leaves))["weight"], torch.ones(2))

"""Accumulation: k micro-batches are one batch that is k times as large."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import functional as F
from minicnn import layers, optim, train, tree
from minicnn.optim import schedules

NET = layers.sequential(
    layers.conv2d(2, 3), layers.relu(), layers.flatten(), layers.dropout(0.0), layers.linear(3)
)
OPTIMIZERS = {
    "sgd": optim.sgd(0.1, 0.9, weight_decay=0.1),
    "adam": optim.adam(schedules.cosine(0.1, 5)),
    "chain": optim.chain(optim.clip_by_global_norm(0.1), optim.adamw(0.1), optim.ema(0.5)),
}


def double(values: Any) -> Any:
    return tree.map(lambda x: x.double(), values)


@given(
    st.sampled_from(sorted(OPTIMIZERS)), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99)
)
def test_micro_batches_equal_one_large_batch(name: str, every: int, size: int, seed: int) -> None:
    opt, rng = OPTIMIZERS[name], torch.Generator().manual_seed(seed)
    params, state, _ = NET.init(rng, (1, 5, 5))
    params, updates = double(params), 3
    images = torch.rand(updates, every * size, 1, 5, 5, dtype=torch.float64, generator=rng)
    labels = torch.randint(3, (updates, every * size), generator=rng)

    def train_on(opt: optim.Transform, batches: Any) -> train.TrainState:
        step = train.make_train_step(NET, F.cross_entropy, opt)
        start = train.TrainState(0, params, state, opt.init(params))
        *_, (last, _) = train.fit(step, start, batches, None)
        return last

    small = [
        (x, y)
        for whole in zip(images, labels, strict=True)
        for x, y in zip(whole[0].split(size), whole[1].split(size), strict=True)
    ]
    ours = train_on(optim.accumulate(opt, every), small)
    expected = train_on(opt, zip(images, labels, strict=True))
    assert ours.step == updates * every
    for a, b in zip(tree.leaves(ours.params), tree.leaves(expected.params), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)  # Adam divides by small numbers
    if name == "chain":
        averages = [optim.averaged(now.opt_state) for now in (ours, expected)]
        for a, b in zip(*map(tree.leaves, averages), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 5), st.integers(1, 12))
def test_it_updates_once_in_every_steps(every: int, steps: int) -> None:
    opt, params = optim.accumulate(optim.sgd(1.0), every), torch.zeros(1)
    state, moved = opt.init(params), []
    for _ in range(steps):
        updates, state = opt.update(torch.ones(1), state, params)
        moved.append(bool(updates.any()))
    assert moved == [(step + 1) % every == 0 for step in range(steps)]
    assert int(state.count) == steps % every
    assert int(state.inner.count) == steps // every


def test_it_is_torchs_usual_loop_with_the_loss_divided() -> None:
    rng = torch.Generator().manual_seed(0)
    grads = torch.randn(6, 4, dtype=torch.float64, generator=rng)
    weight = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    twin = torch.optim.Adam([weight], lr=0.1)
    opt, params = optim.accumulate(optim.adam(0.1), 3), torch.zeros(4, dtype=torch.float64)
    state = opt.init(params)
    for step, g in enumerate(grads):
        ((weight * g).sum() / 3).backward()
        if step % 3 == 2:
            twin.step()
            twin.zero_grad()
        updates, state = opt.update(g, state, params)
        params = optim.apply_updates(params, updates)
    torch.testing.assert_close(params, weight.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((optim.sgd(0.1), 0), ValueError, "every must be at least 1, got 0"),
        ((optim.sgd(0.1), 2.0), TypeError, "every must be an integer, got 2.0"),
        ((optim.sgd(0.1), True), TypeError, "every must be an integer, got True"),
        ((optim.sgd, 2), TypeError, r"accumulate takes Transforms, such as sgd.*, got <function"),
    ],
)
def test_bad_arguments_are_refused(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        optim.accumulate(*arguments)

"""The range test: plain steps of training at growing rates, after which nothing has changed."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import functional as F
from minicnn import insight, optim, train, tree
from minicnn.testing.profiles import fewer

from .nets import generator, initialised, some_images, some_net

OPTIMIZERS = {"adam": optim.adam, "sgd": lambda lr: optim.sgd(lr, momentum=0.9)}
NET = some_net()


def maker(name: str):
    return lambda lr: train.make_train_step(NET, F.cross_entropy, OPTIMIZERS[name](lr))


def start_of(name: str, seed: int = 0) -> train.TrainState:
    params, state = initialised(NET, seed)
    return train.TrainState(0, params, state, OPTIMIZERS[name](0.0).init(params))


def some_batches(count: int) -> list[train.Batch]:
    return [(some_images(4, seed), torch.arange(4)) for seed in range(count)]


@fewer(times=2)
@given(
    name=st.sampled_from(sorted(OPTIMIZERS)),
    steps=st.integers(2, 6),
    min_lr=st.floats(1e-6, 1e-2),
    factor=st.floats(1.5, 100),
    seed=st.integers(0, 99),
)
def test_it_is_plain_training_at_those_rates(
    name: str, steps: int, min_lr: float, factor: float, seed: int
) -> None:
    start, batches, max_lr = start_of(name, seed), some_batches(steps), min_lr * factor
    lrs, losses = insight.lr_range_test(
        maker(name), start, batches, generator(seed), min_lr=min_lr, max_lr=max_lr, steps=steps
    )
    ratios = (lrs[1:] / lrs[:-1]).tolist()
    assert ratios == pytest.approx([factor ** (1 / (steps - 1))] * (steps - 1))
    assert [float(lrs[0]), float(lrs[-1])] == pytest.approx([min_lr, max_lr])

    now, rng, expected = start, generator(seed), []
    for lr, batch in zip(lrs.tolist(), batches, strict=True):
        now, logs = maker(name)(lr)(now, batch, rng)
        expected.append(float(logs["loss"]))
    assert losses.tolist() == expected
    assert lrs.dtype == losses.dtype == torch.float64


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_arguments_are_as_before(name: str) -> None:
    start, batches, rng = start_of(name), some_batches(3), generator(7)
    before = copy.deepcopy((tuple(start), batches[0], batches[1], batches[2]))
    random_state = rng.get_state()
    insight.lr_range_test(maker(name), start, batches, rng, max_lr=10.0, steps=3)
    assert torch.equal(rng.get_state(), random_state)
    for old, new in zip(tree.leaves(before), tree.leaves((tuple(start), *batches)), strict=True):
        assert torch.equal(torch.as_tensor(old), torch.as_tensor(new))


def test_of_an_iterator_only_what_it_needs_is_taken() -> None:
    batches = iter(some_batches(5))
    insight.lr_range_test(maker("sgd"), start_of("sgd"), batches, generator(0), steps=3)
    assert len(list(batches)) == 2


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_it_ends_at_a_loss_that_is_not_finite(bad: float) -> None:
    def make_step(lr: float):
        def step(now, batch, rng):
            loss = torch.tensor(bad if now.step == 2 else 1.0)
            return now._replace(step=now.step + 1), {"loss": loss}

        return step

    start = train.TrainState(0, (), (), ())
    lrs, losses = insight.lr_range_test(make_step, start, some_batches(9), steps=9)
    assert len(lrs) == len(losses) == 3
    assert losses[:2].tolist() == [1, 1]
    assert not losses[2].isfinite()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"min_lr": 0.0}, ValueError, "min_lr must be a finite number above 0, got 0.0"),
        ({"max_lr": 1e-6}, ValueError, r"max_lr must be above min_lr \(=1e-06\), got 1e-06"),
        ({"max_lr": "1"}, TypeError, "max_lr must be a number, got '1'"),
        ({"steps": 1}, ValueError, "steps must be at least 2, got 1"),
        ({"steps": 4}, ValueError, "batches must hold at least 4 batches, got 3"),
    ],
)
def test_bad_input_is_named(change, error, message) -> None:
    with pytest.raises(error, match=message):
        insight.lr_range_test(
            maker("sgd"), start_of("sgd"), some_batches(3), generator(0), **{"steps": 3, **change}
        )


@given(middle=st.integers(15, 60), width=st.floats(1, 6), seed=st.integers(0, 99))
def test_the_steepest_rate_is_where_a_noisy_cliff_is(middle: int, width: float, seed: int) -> None:
    steps = torch.arange(100, dtype=torch.float64)
    noise = 0.01 * torch.randn(100, generator=generator(seed), dtype=torch.float64)
    losses = 2.3 * torch.sigmoid((middle - steps) / width) + noise
    losses[80:] = torch.logspace(1, 8, 20)  # an explosion, which ends in a fall
    losses[-1] = 2.0
    lrs = torch.logspace(-6, 0, 100, dtype=torch.float64)
    found = int((lrs == insight.steepest_lr(lrs, losses)).nonzero())
    assert abs(found - middle) <= 4


def test_what_comes_after_the_least_loss_does_not_count() -> None:
    lrs = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    losses = torch.tensor([3.0, 2.0, 1.0, 0.9, 1e9, 1.0, math.nan])
    assert insight.steepest_lr(lrs, losses) == 2.0


@pytest.mark.parametrize(
    ("lrs", "losses", "message"),
    [
        (torch.ones(3), torch.ones(2), r"same shape \(steps,\), got \(3,\) and \(2,\)"),
        (torch.ones(1, 3), torch.ones(1, 3), r"got \(1, 3\) and \(1, 3\)"),
        (torch.ones(9), torch.arange(9.0), "must fall for at least 3 steps, .* number 1 of 9"),
    ],
)
def test_losses_without_a_slope_are_refused(lrs, losses, message) -> None:
    with pytest.raises(ValueError, match=message):
        insight.steepest_lr(lrs, losses)


@given(steps=st.integers(3, 70), seed=st.integers(0, 99))
def test_the_slope_is_that_of_a_line_through_a_twentieth_of_the_losses_on_each_side(
    steps: int, seed: int
) -> None:
    falling = torch.rand(steps, generator=generator(seed), dtype=torch.float64)
    falling = falling.sort(descending=True).values
    lrs = torch.logspace(-5, 0, steps, dtype=torch.float64)
    r = max(1, steps // 20)
    slopes = [
        np.polyfit(range(2 * r + 1), falling[t - r : t + r + 1].numpy(), 1)[0]
        for t in range(r, steps - r)
    ]
    assert insight.steepest_lr(lrs, falling) == float(lrs[r + int(np.argmin(slopes))])


def test_the_defaults_are_a_hundred_rates_from_a_millionth_to_one() -> None:
    def make_step(lr: float):
        return lambda now, batch, rng: (now, {"loss": torch.tensor(lr)})

    start = train.TrainState(0, (), (), ())
    lrs, losses = insight.lr_range_test(make_step, start, some_batches(1) * 100)
    assert len(lrs) == 100
    assert [float(lrs[0]), float(lrs[-1])] == pytest.approx([1e-6, 1.0])
    assert losses.tolist() == pytest.approx(lrs.tolist())  # each under its own rate

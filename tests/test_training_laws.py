"""Invariances of training: what must not affect the result.

Evaluating a run, saving it, resuming it from the file, or the seeds of other runs do not change its
numbers by a bit. Some further invariances hold for any training.
"""

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from torch import Tensor

from minicnn import data, layers, optim, train, tree
from minicnn import functional as F
from minicnn.optim import schedules
from minicnn.runs import checkpoint
from minicnn.testing.profiles import fewer
from minicnn.train import TrainState

# A run with everything that is random or has state: dropout, augmentation, shuffling, batch
# normalisation, momentum, a schedule, averaged weights, and a last batch that is smaller.
IN_SHAPE, CLASSES, BATCH, EPOCHS = (1, 6, 6), 3, 8, 3
SPLIT = data.Split(
    torch.randint(0, 256, (20, *IN_SHAPE), generator=torch.Generator().manual_seed(0)).byte(),
    torch.arange(20) % CLASSES,
    "noise",
)
TOTAL = EPOCHS * data.steps_per_epoch(20, BATCH)
NET = layers.sequential(
    layers.conv2d(2, 3, bias=False),
    layers.batch_norm(),
    layers.relu(),
    layers.max_pool2d(2),
    layers.dropout(0.3),
    layers.flatten(),
    layers.linear(CLASSES),
)
OPT = optim.chain(
    optim.clip_by_global_norm(1.0), optim.adam(schedules.one_cycle(0.05, TOTAL)), optim.ema(0.9)
)
STEP = train.make_train_step(NET, F.cross_entropy, OPT)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fresh(seed: int = 0) -> TrainState:
    params, state, _ = NET.init(generator(seed), IN_SHAPE)
    return TrainState(0, params, state, OPT.init(params))


def run_from(ts: TrainState, rng: torch.Generator) -> Iterator[tuple[TrainState, Any]]:
    """Train from any state to the end, as a program that starts or resumes does."""
    batches = data.batches(SPLIT, BATCH, rng, EPOCHS, augment=data.random_shift(1), start=ts.step)
    return train.fit(STEP, ts, batches, rng)


def evaluate(ts: TrainState) -> dict[str, float]:
    return train.evaluate(NET, ts.params, ts.state, data.batches(SPLIT, 7))


@functools.cache
def uninterrupted() -> list[tuple[TrainState, Tensor]]:
    """Every state of an uninterrupted run, and the state of the generator."""
    rng = generator(1)
    states = [(fresh(), rng.get_state())]
    states += [(ts, rng.get_state()) for ts, _ in run_from(fresh(), rng)]
    return states


def same(a: Any, b: Any) -> bool:
    pairs = zip(tree.leaves(a), tree.leaves(b), strict=True)
    return all(torch.equal(torch.as_tensor(x), torch.as_tensor(y)) for x, y in pairs)


class AnyOrderOfTrainingEvaluatingSavingAndResuming(RuleBasedStateMachine):
    """In any order of operations, the state at step k equals that of the uninterrupted run."""

    files = Bundle("files")

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.saved = 0
        self.resume(fresh(), generator(1))

    def resume(self, ts: TrainState, rng: torch.Generator) -> None:
        self.ts, self.rng, self.run = ts, rng, run_from(ts, rng)

    @precondition(lambda self: self.ts.step < TOTAL)
    @rule()
    def train(self) -> None:
        self.ts, _ = next(self.run)

    @rule()
    def evaluate(self) -> None:
        assert evaluate(self.ts) == evaluate(uninterrupted()[self.ts.step][0])

    @rule()
    def look_at_what_the_run_will_be_given(self) -> None:
        next(data.batches(SPLIT, BATCH, self.rng, augment=data.random_shift(1)))

    @rule()
    def draw_numbers_for_something_else(self) -> None:
        torch.rand(3)

    @rule(target=files)
    def save(self) -> Path:
        self.saved += 1
        path = Path(self.folder.name) / f"{self.saved}.pt"
        checkpoint.save(path, {"training": self.ts, "rng": self.rng.get_state()})
        return path

    @rule(path=files)
    def end_the_program_and_go_on_from_a_file(self, path: Path) -> None:
        rng = torch.Generator()
        loaded = checkpoint.load(path, like={"training": fresh(99), "rng": rng.get_state()})
        rng.set_state(loaded["rng"])
        self.resume(loaded["training"], rng)

    @rule()
    def go_on_from_the_state_in_memory(self) -> None:
        self.resume(self.ts, self.rng)

    @invariant()
    def nothing_of_that_changes_the_run(self) -> None:
        expected, rng_state = uninterrupted()[self.ts.step]
        assert same(self.ts, expected)
        assert torch.equal(self.rng.get_state(), rng_state)

    def teardown(self) -> None:
        self.folder.cleanup()


# One example is about twenty rules, each as expensive as an example of other tests.
AnyOrderOfTrainingEvaluatingSavingAndResuming.TestCase.settings = settings(
    fewer(times=2), stateful_step_count=20
)
test_any_order_of_training_evaluating_saving_and_resuming = (
    AnyOrderOfTrainingEvaluatingSavingAndResuming.TestCase
)


def scalars(runs: Iterator[tuple[TrainState, Any]]) -> list[tuple[Tensor, Tensor]]:
    return [(logs["loss"], logs["accuracy"]) for _, logs in runs]


def test_evaluating_after_every_step_changes_nothing() -> None:
    rng = generator(1)
    for (ts, _), (expected, rng_state) in zip(
        run_from(fresh(), rng), uninterrupted()[1:], strict=True
    ):
        evaluate(ts)
        assert same(ts, expected)
        assert torch.equal(rng.get_state(), rng_state)


@given(st.integers(0, TOTAL))
def test_a_run_resumed_from_a_file_ends_where_the_uninterrupted_one_ends(step: int) -> None:
    ts, rng_state = uninterrupted()[step]
    rng = torch.Generator()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(f"{folder}/run.pt", (ts, rng_state))
        ts, rng_state = checkpoint.load(f"{folder}/run.pt", like=(fresh(99), rng.get_state()))
    rng.set_state(rng_state)
    *_, (end, _) = [(ts, {}), *run_from(ts, rng)]
    assert same(end, uninterrupted()[-1][0])


def test_the_same_seeds_give_the_same_bits_and_others_give_others() -> None:
    first, again = (scalars(run_from(fresh(), generator(1))) for _ in range(2))
    assert first == again
    assert first != scalars(run_from(fresh(1), generator(1)))  # other weights
    assert first != scalars(run_from(fresh(), generator(2)))  # another order, other masks


seeds = st.integers(0, 2**32 - 1)
GRADIENTS = 5


def adam_updates(seed: int, scale: float, eps: float) -> Tensor:
    """Adam's updates for gradients with absolute values in [1, 2], times ``scale``."""
    rng, opt = generator(seed), optim.adam(lr=0.1, eps=eps)
    params, updates = torch.zeros(4, dtype=torch.float64), []
    state = opt.init(params)
    for _ in range(GRADIENTS):
        size = 1 + torch.rand(4, dtype=torch.float64, generator=rng)
        sign = torch.randint(0, 2, (4,), generator=rng) * 2 - 1
        update, state = opt.update(scale * sign * size, state, params)
        updates.append(update)
    return torch.stack(updates)


@given(seeds, st.integers(-40, 40))
def test_adam_without_eps_does_not_see_the_scale_of_the_gradients(seed: int, power: int) -> None:
    """A power of two changes only exponents, so not even rounding differs."""
    assert torch.equal(adam_updates(seed, 2.0**power, eps=0), adam_updates(seed, 1, eps=0))


@given(seeds, st.floats(1e-3, 1e3), st.floats(1e-12, 1e-1))
def test_adam_is_invariant_to_gradient_scale_as_eps_goes_to_zero(
    seed: int, scale: float, eps: float
) -> None:
    """Scaling by c is dividing eps by c: γ m̂ / (√v̂ + eps / c), with √v̂ ≥ 1 and |m̂| ≤ 2 here."""
    invariant = adam_updates(seed, 1, eps=0)
    difference = (adam_updates(seed, scale, eps) - invariant).abs().max()
    assert difference <= 0.1 * 2 * eps / scale + 1e-15


def test_the_order_of_the_examples_in_a_batch_does_not_matter() -> None:
    net = layers.sequential(*(layer for layer in NET.children if layer.name != "dropout"))
    params, state, _ = net.init(generator(0), IN_SHAPE)
    params, state = tree.map(lambda x: x.double(), (params, state))
    start = TrainState(0, params, state, OPT.init(params))
    step = train.make_train_step(net, F.cross_entropy, OPT)
    images, labels = SPLIT.images.double() / 255, SPLIT.labels
    order = torch.randperm(20, generator=generator(3))
    a = step(start, (images, labels), None)
    b = step(start, (images[order], labels[order]), None)
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        torch.testing.assert_close(torch.as_tensor(x), torch.as_tensor(y), rtol=0, atol=1e-13)


def test_an_ensemble_trained_at_once_is_its_members_trained_one_by_one() -> None:
    """A step is a pure function, so ``vmap`` turns training one network into training many."""
    net = layers.sequential(*(layer for layer in NET.children if layer.name != "dropout"))
    step = train.make_train_step(net, F.cross_entropy, OPT)
    batches = [(SPLIT.images.double() / 255, SPLIT.labels)] * 5
    members = [
        tree.map(lambda x: x.double(), net.init(generator(seed), IN_SHAPE)[0]) for seed in range(3)
    ]
    _, state, _ = net.init(generator(0), IN_SHAPE)
    state = tree.map(lambda x: x.double(), state)

    def train_member(params: Any) -> tuple[Any, Tensor]:
        start = TrainState(0, params, state, OPT.init(params))
        *_, (ts, logs) = train.fit(step, start, batches, None)
        return (ts.params, optim.averaged(ts.opt_state)), logs["loss"]

    ensemble = torch.vmap(train_member)(tree.map(lambda *ps: torch.stack(ps), *members))
    for i, params in enumerate(members):
        pairs = zip(tree.leaves(ensemble), tree.leaves(train_member(params)), strict=True)
        for together, alone in pairs:
            torch.testing.assert_close(together[i], alone, rtol=0, atol=1e-12)

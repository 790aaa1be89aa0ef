"""last.pt and best.pt: a run resumes from exactly the state that was saved."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from minicnn import data, optim, runs, train, tree
from minicnn.runs import CheckpointError, Progress, Run, Weights, checkpoint

numbers = st.floats() | st.integers() | st.booleans() | st.text() | st.none()
histories = st.lists(st.dictionaries(st.text(), numbers), max_size=4).map(tuple)


def make(step: int, seed: int) -> Progress:
    """Return the state of a run with every possible part."""
    generator = Generator().manual_seed(seed)
    params = ({"weight": torch.randn(3, 2, generator=generator), "bias": torch.zeros(2)}, ())
    optimizer = optim.chain(optim.adam(), optim.ema(0.9))
    grads = tree.map(torch.cos, params)
    _, opt_state = optimizer.update(grads, optimizer.init(params), params)
    state = ((), {"mean": torch.rand(2, generator=generator)})
    return runs.new_progress(train.TrainState(step, params, state, opt_state), generator)


LIKE = make(0, seed=9)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes()
    return type(a) is type(b) and repr(a) == repr(b)


def assert_same(a: Progress, b: Progress) -> None:
    """Equal to the last bit, with the same NamedTuples; reprs distinguish −0.0 and accept nan."""
    assert repr(a.history) == repr(b.history)
    plain = [(p.training, p.rng, p.sums, p.seconds) for p in (a, b)]
    assert tree.paths(plain[0]) == tree.paths(plain[1])
    assert all(map(same, *map(tree.leaves, plain)))
    assert type(a.training.opt_state[0]) is type(b.training.opt_state[0]) is optim.AdamState


@given(
    history=histories,
    sums=st.tuples(st.floats(), st.floats()),
    seconds=st.floats(),
    step=st.integers(0, 2**63 - 1),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_progress_is_restored_from_last_pt(
    history: tuple, sums: tuple[float, float], seconds: float, step: int, seed: int
) -> None:
    progress = make(step, seed)._replace(
        sums=torch.tensor(sums, dtype=torch.float64), history=history, seconds=seconds
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        runs.save_progress(run, progress, Weights(*progress.training[1:3]))
        assert_same(runs.load_progress(run, like=LIKE), progress)
        assert [path.name for path in run.folder.iterdir()] == ["last.pt"]


@given(st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_the_generator_continues_and_keeps_the_seed_of_the_shuffling(seed: int, drawn: int) -> None:
    generator = Generator().manual_seed(seed)
    torch.rand(drawn, generator=generator)
    progress = runs.new_progress(LIKE.training, generator)
    with tempfile.TemporaryDirectory() as folder:
        runs.save_progress(Run(Path(folder)), progress, Weights((), ()))
        other = Generator()
        other.set_state(runs.load_progress(Run(Path(folder)), like=LIKE).rng)
    assert other.initial_seed() == seed
    assert torch.rand(3, generator=other).equal(torch.rand(3, generator=generator))
    split = data.load_sample()[1]
    after = [next(data.batches(split, 4, g))[1].tolist() for g in (generator, other)]
    assert after[0] == after[1]


def test_a_new_run_has_no_history() -> None:
    generator = Generator().manual_seed(3)
    torch.rand(2, generator=generator)
    progress = runs.new_progress(LIKE.training, generator)
    assert progress.rng.equal(generator.get_state())
    assert (progress.sums.tolist(), progress.history, progress.seconds) == ([0, 0], (), 0)
    assert progress.sums.dtype == torch.float64


shapes = st.lists(st.integers(0, 3), max_size=3)


@given(
    shapes=st.lists(shapes, min_size=1, max_size=3),
    where=st.integers(0, 10**6),
    bad=st.sampled_from([torch.inf, -torch.inf, torch.nan]),
    dtype=st.sampled_from([torch.float16, torch.float32, torch.float64]),
)
def test_one_number_that_is_not_finite_is_found_anywhere(
    shapes: list[list[int]], where: int, bad: float, dtype: torch.dtype
) -> None:
    parts = [torch.full(shape, torch.finfo(dtype).max, dtype=dtype) for shape in shapes]
    nested = {"params": tuple(parts), "count": torch.tensor(2**40)}
    assert runs.is_finite(nested)
    part = parts[where % len(parts)].view(-1)
    if len(part):
        part[where % len(part)] = bad
        assert not runs.is_finite(nested)


WEIGHTS = Weights(*LIKE.training[1:3])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize("which", ["last", "best"])
def test_the_weights_to_use_are_those_that_were_saved(run: Run, which: str) -> None:
    weights = Weights(*(tree.map(lambda x: x + 1, part) for part in WEIGHTS))
    runs.save_progress(run, LIKE, weights)
    runs.save_best(run, weights, {"epoch": 3})
    loaded = runs.load_weights(run, which, like=WEIGHTS)
    assert isinstance(loaded, Weights)
    assert all(map(torch.equal, tree.leaves(loaded), tree.leaves(weights)))


def test_there_are_two_checkpoints_and_no_third(run: Run) -> None:
    with pytest.raises(ValueError, match='which must be "last" or "best", got \'first\''):
        runs.load_weights(run, "first", like=WEIGHTS)


def test_best_pt_records_its_epoch(run: Run) -> None:
    runs.save_best(run, WEIGHTS, {"epoch": 3, "validation_accuracy": 0.5})
    assert checkpoint.load(run.best)["epoch"] == {"epoch": 3, "validation_accuracy": 0.5}


@pytest.mark.parametrize("which", ["last", "best"])
@pytest.mark.parametrize("foreign", [(), {"model": {"weight": torch.ones(2)}}, {"weights": ()}])
def test_a_checkpoint_from_another_program_is_refused_and_named(
    run: Run, which: str, foreign: Any
) -> None:
    checkpoint.save(getattr(run, which), foreign)
    with pytest.raises(
        CheckpointError, match=rf"{which}\.pt is from a different model or version of min"
    ):
        runs.load_weights(run, which, like=WEIGHTS)
    with pytest.raises(CheckpointError if which == "last" else FileNotFoundError):
        runs.load_progress(run, like=LIKE)


def test_the_state_of_another_optimizer_is_refused_with_its_path(run: Run) -> None:
    runs.save_progress(run, LIKE, WEIGHTS)
    other = LIKE.training._replace(opt_state=optim.sgd(0.1).init(LIKE.training.params))
    with pytest.raises(
        CheckpointError, match=r"last\.pt is from a different .*'training/opt_state'"
    ):
        runs.load_progress(run, like=LIKE._replace(training=other))


def test_a_missing_file_is_named(run: Run) -> None:
    with pytest.raises(FileNotFoundError, match=r"last\.pt"):
        runs.load_progress(run, like=LIKE)
    with pytest.raises(FileNotFoundError, match=r"best\.pt"):
        runs.load_weights(run, "best", like=WEIGHTS)

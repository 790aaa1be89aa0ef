"""Data-parallel training: sharing changes only who computes; a lost process is reported.

The property tests use threads that meet at a barrier in place of processes. The last tests use real
processes, started once by torchrun; this file is also the program that they run.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import data, layers, optim, parallel, train, tree
from minicnn import functional as F
from minicnn.parallel import Processes, ProcessLostError, Share
from minicnn.parallel.sums import add_up, weighted_sum
from tests.test_from_scratch import watched

ROOT = Path(__file__).parents[1]
IN_SHAPE, CLASSES = (1, 8, 8), 3
NET = layers.sequential(
    layers.conv2d(4, 3),
    layers.relu(),
    layers.max_pool2d(2),
    layers.dropout(0.3),
    layers.flatten(),
    layers.linear(CLASSES),
)
NORMED = layers.sequential(layers.conv2d(4, 3), layers.batch_norm(), NET)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def double(values: Any) -> Any:
    return tree.map(Tensor.double, values)


def fresh(net: layers.Layer, opt: optim.Transform) -> train.TrainState:
    params, state, _ = net.init(generator(0), IN_SHAPE)
    return train.TrainState(0, double(params), double(state), opt.init(double(params)))


def random_batch(rows: int, seed: int = 0) -> train.Batch:
    rng = generator(seed)
    images = torch.rand(rows, *IN_SHAPE, dtype=torch.float64, generator=rng)
    return images, torch.randint(CLASSES, (rows,), generator=rng)


def assert_equal_trees(a: Any, b: Any) -> None:
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        assert torch.equal(torch.as_tensor(x), torch.as_tensor(y))


def assert_close_trees(a: Any, b: Any, atol: float) -> None:
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        torch.testing.assert_close(x, y, rtol=0, atol=atol)


class Meeting:
    """The part of torch.distributed that parallel needs, for threads in place of processes."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=20)
        self.brought: dict[str, Tensor] = {}
        self.sums = 0

    def all_reduce(self, values: Tensor) -> None:
        name = threading.current_thread().name
        self.brought[name] = values.clone()
        self.sums += name.endswith("_0")
        self.barrier.wait()
        total = torch.stack([self.brought[key] for key in sorted(self.brought)]).sum(0)
        self.barrier.wait()
        values.copy_(total)


def together(size: int, function: Callable[[Processes], Any]) -> tuple[list[Any], int]:
    """Run a function in several threads; return its results, and the number of sums of each."""
    meeting = Meeting(size)

    def play(rank: int) -> Any:
        try:
            return function(Processes(rank, size))
        except BaseException:
            meeting.barrier.abort()
            raise

    with (
        mock.patch("minicnn.parallel.sums.torch_distributed", return_value=meeting),
        ThreadPoolExecutor(size) as threads,
    ):
        return list(threads.map(play, range(size))), meeting.sums


sizes = st.integers(1, 4)
batch_sizes = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1)


# --- Shares ------------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.integers(1, 20))
def test_shares_divide_a_batch_in_order_and_evenly(rows: int, size: int) -> None:
    shares = [range(rows)[parallel.share_of(rows, Processes(rank, size))] for rank in range(size)]
    assert [row for share in shares for row in share] == list(range(rows))
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1


def test_a_negative_batch_size_is_refused() -> None:
    with pytest.raises(ValueError, match="batch must be at least 0, got -1"):
        parallel.share_of(-1, Processes(0, 2))


@given(st.data(), batch_sizes, st.sampled_from([0.0, 0.3, 0.5, 1.0]), seeds, st.booleans())
def test_dropout_of_a_share_is_the_share_of_dropout(
    choose: st.DataObject, whole: int, p: float, seed: int, training: bool
) -> None:
    start = choose.draw(st.integers(0, whole - 1))
    stop = choose.draw(st.integers(start, whole))
    x = torch.randn(whole, 2, 3, generator=generator(0), requires_grad=True)
    y, _ = layers.dropout(p).apply((), (), x, rng=generator(seed), train=training)
    rng = generator(seed)
    share = Share(rng, start, stop, whole)
    rows, _ = layers.dropout(p).apply((), (), x[start:stop], rng=share, train=training)
    assert torch.equal(rows, y[start:stop])
    of_share, of_whole = (torch.autograd.grad(z.sum(), x)[0] for z in (rows, y[start:stop]))
    assert torch.equal(of_share, of_whole)
    # The generator advances as in one process, for any share: the next layer agrees too
    after = generator(seed)
    layers.dropout(p).apply((), (), x, rng=after, train=training)
    assert torch.equal(rng.get_state(), after.get_state())


# --- The shared network and the averaged gradients ---------------------------------------------


def pairwise(scores: Tensor, labels: Tensor) -> Tensor:
    """A loss that is not a mean over examples, but over pairs."""
    return (scores @ scores.mT).sin().sum() + F.cross_entropy(scores, labels)


def by_class(scores: Tensor, labels: Tensor) -> Tensor:
    """A mean weighted by the labels, which differs from a mean of the means of the shares."""
    weight = torch.tensor([1.0, 2.0, 5.0], dtype=scores.dtype)
    return F.cross_entropy(scores, labels, weight, label_smoothing=0.1)


LOSSES = [F.cross_entropy, by_class, pairwise]


def one_step(
    processes: Processes, net: layers.Layer, loss: Any, batch: train.Batch, seed: int = 0
) -> tuple[train.TrainState, train.Logs]:
    opt = optim.chain(
        parallel.average_gradients(processes), optim.clip_by_global_norm(1.0), optim.sgd(1.0)
    )
    step = train.make_train_step(parallel.share_net(net, processes), loss, opt)
    return step(fresh(net, opt), batch, generator(seed))


@given(sizes, batch_sizes, st.sampled_from(LOSSES), seeds)
def test_a_shared_step_is_the_step_of_one_process(
    size: int, rows: int, loss: Any, seed: int
) -> None:
    batch = random_batch(rows, seed)
    expected = one_step(Processes(0, 1), NET, loss, batch, seed)
    steps, sums = together(size, lambda who: one_step(who, NET, loss, batch, seed))
    for step in steps:
        assert_equal_trees(step, steps[0])
    assert_close_trees(steps[0], expected, atol=1e-12)
    assert sums == (2 if size > 1 else 0)  # the scores, and all gradients at once


@given(st.integers(2, 4), st.integers(1, 9))
def test_running_statistics_are_averaged_by_the_rows(size: int, rows: int) -> None:
    """The mean is that of the whole batch; the variance is the mean over the shares."""
    images, labels = random_batch(rows)
    steps, sums = together(size, lambda who: one_step(who, NORMED, pairwise, (images, labels)))
    for step in steps:
        assert_equal_trees(step, steps[0])
    assert sums == 3
    start = fresh(NORMED, optim.sgd(1.0))

    def weighted(share: slice) -> Any:
        part = images[share]
        _, state = NORMED.apply(start.params, start.state, part, rng=generator(0), train=True)
        return tree.map(lambda x: x * len(part) / rows, state)

    shares = [parallel.share_of(rows, Processes(rank, size)) for rank in range(size)]
    states = [weighted(share) for share in shares if share.start < share.stop]
    expected = tree.map(lambda *xs: torch.stack(xs).sum(0), *states)
    assert_close_trees(steps[0][0].state, expected, atol=1e-12)
    whole = weighted(slice(0, rows))
    assert_close_trees(steps[0][0].state[1]["mean"], whole[1]["mean"], atol=1e-12)


@given(st.integers(2, 4), batch_sizes)
def test_a_shared_net_evaluates_like_a_single_one_and_changes_no_state(
    size: int, rows: int
) -> None:
    images, _ = random_batch(rows)
    _, params, state, _ = fresh(NORMED, optim.sgd(1.0))
    expected, _ = NORMED.apply(params, state, images)
    answers, sums = together(
        size, lambda who: parallel.share_net(NORMED, who).apply(params, state, images)
    )
    for scores, kept in answers:
        torch.testing.assert_close(scores, expected, rtol=0, atol=1e-14)
        assert_equal_trees(kept, state)
    assert sums == 1


@given(sizes, st.lists(st.sampled_from(["float32", "float64"]), max_size=4), seeds)
def test_gradients_of_every_dtype_are_averaged(size: int, dtypes: list[str], seed: int) -> None:
    rng = generator(seed)
    shapes = [(), (2,), (0,), (3, 2)]
    grads = [
        tuple(
            torch.randint(-8, 8, shape, generator=rng).to(getattr(torch, dtype))
            for shape, dtype in zip(shapes, dtypes, strict=False)
        )
        for _ in range(size)
    ]
    averages, sums = together(
        size,
        lambda who: parallel.average_gradients(who).update(grads[who.rank], (), grads[who.rank]),
    )
    expected = tree.map(lambda *gs: torch.stack(gs).sum(0) / size, *grads)
    for average, state in averages:
        assert state == ()
        assert_close_trees(average, expected, atol=1e-6)
    assert sums == (len(set(dtypes)) if size > 1 else 0)


@given(st.integers(2, 4))
def test_without_sharing_the_average_is_the_gradient(size: int) -> None:
    grads = {"weight": torch.tensor([1.0, -2.5])}
    averages, _ = together(
        size, lambda who: parallel.average_gradients(who).update(grads, (), grads)
    )
    for average, _ in averages:
        assert_close_trees(average, grads, atol=1e-6)


def test_a_sum_does_not_change_its_argument_or_values_that_are_not_floating_point() -> None:
    values = {"mean": torch.tensor([1.0, 2.0]), "count": torch.tensor(5)}
    results, _ = together(2, lambda who: weighted_sum(values, 0.25, who))
    for result in results:
        assert_equal_trees(result, {"mean": torch.tensor([0.5, 1.0]), "count": torch.tensor(5)})
    assert_equal_trees(values, {"mean": torch.tensor([1.0, 2.0]), "count": torch.tensor(5)})


def test_one_process_shares_nothing() -> None:
    alone = Processes(0, 1)
    assert parallel.share_net(NET, alone) is NET
    grads = {"weight": torch.ones(2)}
    assert parallel.average_gradients(alone).update(grads, (), grads)[0] is grads


def test_a_batch_without_rows_is_refused() -> None:
    net = parallel.share_net(NET, Processes(0, 2))
    with pytest.raises(ValueError, match=r"at least one row to share, got shape \(0, 1, 8, 8\)"):
        net.apply((), (), torch.zeros(0, *IN_SHAPE))


@given(st.lists(st.booleans(), min_size=1, max_size=4))
def test_any_of_is_any(flags: list[bool]) -> None:
    answers, _ = together(len(flags), lambda who: parallel.any_of(flags[who.rank], who))
    assert answers == [any(flags)] * len(flags)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_texts_are_gathered_by_rank(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    gathered, _ = together(len(texts), lambda p: parallel.gather(texts[p.rank], p))
    assert gathered == [texts] * len(texts)


def test_any_of_takes_a_bool() -> None:
    with pytest.raises(TypeError, match="flag must be True or False, got 1"):
        parallel.any_of(1, Processes(0, 1))  # type: ignore[arg-type]


def test_a_process_that_fails_ends_the_others() -> None:
    def fail(processes: Processes) -> None:
        if processes.rank == 1:
            raise ZeroDivisionError
        with pytest.raises(ProcessLostError, match="another of the 2 processes exited or does not"):
            add_up(torch.ones(1), processes)

    with pytest.raises(ZeroDivisionError):
        together(2, fail)


# --- Joining -----------------------------------------------------------------------------------

VARIABLES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture
def no_torchrun(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("world", [None, "1"])
def test_one_process_needs_no_torchrun_and_no_torch_distributed(
    no_torchrun: pytest.MonkeyPatch, world: str | None
) -> None:
    no_torchrun.setitem(sys.modules, "torch.distributed", None)  # importing it fails
    if world:
        no_torchrun.setenv("WORLD_SIZE", world)
    with parallel.join() as processes:
        assert processes == Processes(0, 1, torch.device("cpu"))
        one_step(processes, NORMED, F.cross_entropy, random_batch(4))
        assert parallel.any_of(True, processes)
    with parallel.join("meta") as processes:
        assert processes.device == torch.device("meta")


def test_several_processes_need_torch_distributed(no_torchrun: pytest.MonkeyPatch) -> None:
    no_torchrun.setenv("WORLD_SIZE", "2")
    no_torchrun.setenv("RANK", "0")
    no_torchrun.setattr(torch.distributed, "is_available", lambda: False)
    refused = pytest.raises(RuntimeError, match=r"several processes need torch.distributed")
    with refused, parallel.join():
        pass


REFUSED = [
    ({"WORLD_SIZE": "two"}, r"WORLD_SIZE must be a number in \[1, inf\).*got 'two'"),
    ({"WORLD_SIZE": "0"}, r"WORLD_SIZE must be a number in \[1, inf\).*got '0'"),
    ({"WORLD_SIZE": "2"}, r"RANK must be a number in \[0, 2\).*got ''"),
    ({"WORLD_SIZE": "2", "RANK": "2"}, r"RANK must be a number in \[0, 2\).*got '2'"),
]


@pytest.mark.parametrize(("variables", "message"), REFUSED)
def test_an_invalid_environment_is_refused(
    no_torchrun: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        no_torchrun.setenv(name, value)
    with pytest.raises(ValueError, match=message), parallel.join():
        pass


def test_several_processes_need_devices_that_can_communicate(
    no_torchrun: pytest.MonkeyPatch,
) -> None:
    no_torchrun.setenv("WORLD_SIZE", "2")
    no_torchrun.setenv("RANK", "1")
    with pytest.raises(ValueError, match=r"cpu or cuda.*got meta"), parallel.join("meta"):
        pass
    no_torchrun.setenv("LOCAL_RANK", "1")
    no_torchrun.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"got 1 GPUs.*LOCAL_RANK=1"), parallel.join("cuda"):
        pass


@pytest.mark.slow
def test_a_process_without_the_others_is_reported(no_torchrun: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", **meeting_place()}.items():
        no_torchrun.setenv(name, value)
    no_torchrun.setattr("minicnn.parallel.processes.TIMEOUT", timedelta(seconds=1))
    with pytest.raises(ProcessLostError, match="another of the 2 processes"), parallel.join():
        pass


# --- Real processes -----------------------------------------------------------------------------

ROWS, BATCH, EPOCHS = 23, 11, 17  # batches of 11, 11 and 1: shares of 5 and 6, and of 0 and 1
STEPS = 3 * EPOCHS


def curve(processes: Processes) -> dict[str, Any]:
    """Train for 51 steps with dropout and augmentation, and return all results."""
    images = torch.randint(256, (ROWS, *IN_SHAPE), generator=generator(0)).to(torch.uint8)
    split = data.Split(images, torch.arange(ROWS) % CLASSES, "noise")
    opt = optim.chain(
        parallel.average_gradients(processes),
        optim.clip_by_global_norm(1.0),
        optim.adam(1e-2),
        optim.ema(0.9),
    )
    step = train.make_train_step(parallel.share_net(NET, processes), F.cross_entropy, opt)
    rng = generator(1)
    batches = data.batches(split, BATCH, rng, EPOCHS, augment=data.random_shift(1))
    in_double = ((x.double(), labels) for x, labels in batches)
    run = list(train.fit(step, fresh(NET, opt), in_double, rng))
    end = run[-1][0]
    return {
        "losses": [logs["loss"].item() for _, logs in run],
        "accuracies": [logs["accuracy"].item() for _, logs in run],
        "params": end.params,
        "average": optim.averaged(end.opt_state),
        "rng": rng.get_state(),
    }


def everything(folder: Path) -> None:
    """The program of each process: do everything to be checked, and write down the results."""
    results: dict[str, Any] = {}
    with suppress(EOFError), parallel.join() as processes:
        results["group"] = weakref.ref(torch.distributed.group.WORLD)
        results |= curve(processes)
        results["who"] = (processes.rank, processes.size)
        results["normed"] = one_step(processes, NORMED, pairwise, random_batch(5))
        flags = (False, processes.rank == 1, True)
        results["any"] = [parallel.any_of(flag, processes) for flag in flags]
        results["found"] = foreign_calls(processes)
        raise EOFError
    results["left"] = not torch.distributed.is_initialized()
    results["kept"] = results.pop("group")() is not None
    results["silence"] = hear_nothing(folder)
    torch.save(results, folder / f"{results['who'][0]}.pt")


def foreign_calls(processes: Processes) -> set[str]:
    opt = optim.chain(parallel.average_gradients(processes), optim.adam())
    step = train.make_train_step(parallel.share_net(NORMED, processes), F.cross_entropy, opt)
    start, batch, rng = fresh(NORMED, opt), random_batch(5), generator(0)
    with watched() as found:
        step(start, batch, rng)
    return found


def hear_nothing(folder: Path) -> str:
    """Wait for a process that does not respond, and return the error that ends the wait."""
    said = ""
    with mock.patch("minicnn.parallel.processes.TIMEOUT", timedelta(seconds=2)):
        try:
            with parallel.join() as processes:
                while processes.rank == 1 and not (folder / "enough").exists():
                    time.sleep(0.01)
                parallel.any_of(True, processes)
        except ProcessLostError as error:
            said = str(error)
    (folder / "enough").touch()
    return said


def be_killed(folder: Path) -> None:
    """The program of two processes; the second one is killed on the way."""
    with parallel.join() as processes:
        for step in range(1_000_000):
            one_step(processes, NET, F.cross_entropy, random_batch(5))
            if processes.rank == 1 and step == 5:
                (folder / "killed").write_text(str(time.time()), encoding="utf-8")
                os.kill(os.getpid(), signal.SIGKILL)


def meeting_place() -> dict[str, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The results of two processes started by torchrun."""
    folder = tmp_path_factory.mktemp("processes")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [*command, "-m", "tests.test_parallel", "everything", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


@pytest.mark.slow
def test_two_processes_train_as_one(launched: list[dict[str, Any]]) -> None:
    alone = curve(Processes(0, 1))
    assert [results["who"] for results in launched] == [(0, 2), (1, 2)]
    assert len(alone["losses"]) == STEPS
    for results in launched:
        assert results["losses"] == pytest.approx(alone["losses"], rel=0, abs=1e-10)
        assert results["accuracies"] == alone["accuracies"]
        for weights in ("params", "average"):
            assert_close_trees(results[weights], alone[weights], atol=1e-10)
        assert torch.equal(results["rng"], alone["rng"])


@pytest.mark.slow
def test_two_processes_have_the_same_bits(launched: list[dict[str, Any]]) -> None:
    first, second = launched
    assert first["losses"] == second["losses"]
    for name in ("params", "average", "normed"):
        assert_equal_trees(first[name], second[name])


@pytest.mark.slow
def test_two_processes_agree_on_any_of(launched: list[dict[str, Any]]) -> None:
    assert [results["any"] for results in launched] == [[False, True, True]] * 2


@pytest.mark.slow
def test_a_step_of_two_processes_calls_only_building_blocks_and_sums(
    launched: list[dict[str, Any]],
) -> None:
    unlisted = {
        "aten.new_ones",
        "aten.slice_backward",
    }  # tensor creation, and the adjoint of a view
    for results in launched:
        assert results["found"] - unlisted == {"c10d.allreduce_"}


@pytest.mark.slow
def test_the_group_is_left_after_an_error(launched: list[dict[str, Any]]) -> None:
    assert all(results["left"] for results in launched)


@pytest.mark.slow
def test_nothing_keeps_the_group_and_its_threads(launched: list[dict[str, Any]]) -> None:
    assert not any(results["kept"] for results in launched)


@pytest.mark.slow
def test_a_process_that_does_not_respond_is_given_up(launched: list[dict[str, Any]]) -> None:
    for results in launched:
        assert "another of the 2 processes exited or does not respond: " in results["silence"]


@pytest.mark.slow
def test_the_loss_of_a_process_is_reported_and_ends_training(tmp_path: Path) -> None:
    environment = os.environ | meeting_place() | {"WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    first, second = (
        subprocess.Popen(
            [sys.executable, "-m", "tests.test_parallel", "be_killed", str(tmp_path)],
            cwd=ROOT,
            env=environment | {"RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    )
    try:
        _, said = first.communicate(timeout=60)
        took = time.time() - float((tmp_path / "killed").read_text(encoding="utf-8"))
        assert first.returncode == 1
        assert "ProcessLostError: another of the 2 processes exited or does not respond: " in said
        assert second.wait(60) == -signal.SIGKILL
        assert took < 15
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()


if __name__ == "__main__":
    warnings.simplefilter("error")
    program = {"everything": everything, "be_killed": be_killed}[sys.argv[1]]
    program(Path(sys.argv[2]))


# --- Devices -----------------------------------------------------------------------------------


def test_a_device_is_found_by_name() -> None:
    assert parallel.find_device("cpu") == torch.device("cpu")
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    assert parallel.find_device("auto") == (accelerator or torch.device("cpu"))


@pytest.mark.parametrize("name", ["cuda:99", "tpu9", "meta", ""])
def test_a_device_that_is_not_there_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"device must be available on this machine, got {name}"):
        parallel.find_device(name)

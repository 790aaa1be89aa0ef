"""A session saves the right files at the right times, and tells the user what is saved."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from minicnn import data, layers, runs, tree
from minicnn.parallel import Processes, ProcessLostError
from minicnn.runs import (
    DivergedError,
    Progress,
    RunError,
    Session,
    Settings,
    StoppedError,
    Weights,
    folder,
    setting,
)
from minicnn.train import TrainState

NET = layers.linear(2)
SPLITS = data.load_sample()
STEPS, EPOCHS = 4, 3


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.setattr(sys, "orig_argv", [".venv/bin/python", "train.py"])


def state(step: int, weight: float = 1.0) -> TrainState:
    return TrainState(step, {"w": torch.tensor([weight])}, (), ())


def new_progress() -> Progress:
    return runs.new_progress(state(0), Generator())


def open_session(progress: Progress, run: runs.Run | None = None, **options: Any) -> Session:
    run = run or runs.Run(Path("x"))
    run.folder.mkdir(exist_ok=True)
    usual = {"save_every": 1e9, **options}
    return Session(
        run,
        progress,
        lambda now: Weights(now.params, now.state),
        EPOCHS,
        STEPS,
        lambda t: t / 10,  # the learning rate
        **usual,
    )


def step(session: Session, progress: Progress, loss: float = 0.5, weight: float = 1.0) -> Progress:
    logs = {"loss": torch.tensor(loss), "accuracy": torch.tensor(0.25)}
    now = state(progress.training.step + 1, weight)
    return session.after_step(progress, now, logs, Generator().manual_seed(now.step))


def saved_step() -> int:
    return runs.load_progress(runs.Run(Path("x")), like=new_progress()).training.step


def test_the_state_at_the_beginning_is_saved_at_once() -> None:
    with open_session(new_progress()):
        assert saved_step() == 0


def test_between_saves_nothing_is_written() -> None:
    with open_session(new_progress()) as session:
        session.save(step(session, new_progress()))
        assert saved_step() == 0


def test_after_the_time_between_saves_every_state_is_written() -> None:
    with open_session(new_progress(), save_every=0.0) as session:
        progress = new_progress()
        for expected in (1, 2, 3):
            progress = step(session, progress)
            session.save(progress)
            assert saved_step() == expected


def epoch(session: Session, progress: Progress, accuracy: float, loss: float = 2.0) -> Progress:
    for _ in range(STEPS):
        progress = step(session, progress, loss=progress.training.step + 1.0)
    return session.after_epoch(progress, 100, {"loss": loss, "accuracy": accuracy})


def test_an_epoch_is_a_row_of_means_and_the_sums_are_reset() -> None:
    with open_session(new_progress()) as session:
        progress = epoch(session, new_progress(), accuracy=0.9)
        assert progress.sums.tolist() == [0, 0]
        (row,) = progress.history
        assert progress.seconds == row["elapsed_seconds"] > 0
        assert row["images_per_second"] > 100 / row["elapsed_seconds"]  # without the validation
        del row["elapsed_seconds"], row["images_per_second"]
        assert row == {
            "epoch": 1,
            "step": STEPS,
            "train_loss": 2.5,
            "train_accuracy": 0.25,
            "validation_loss": 2.0,
            "validation_accuracy": 0.9,
            "learning_rate": (STEPS - 1) / 10,
        }


def test_a_row_has_the_learning_rate_of_the_last_step_of_its_epoch() -> None:
    with open_session(new_progress()) as session:
        session.schedule = lambda step: float(step)
        progress = epoch(session, epoch(session, new_progress(), 0.5), 0.5)
    assert [row["learning_rate"] for row in progress.history] == [STEPS - 1, 2 * STEPS - 1]


def test_images_per_second_are_those_of_the_steps_without_the_validation() -> None:
    with open_session(new_progress()) as session:
        progress = step(session, new_progress())
        session.began -= 60  # a validation of a minute
        (row,) = session.after_epoch(progress, 100, {"loss": 2.0, "accuracy": 0.5}).history
    assert row["images_per_second"] == 100 / progress.seconds
    assert row["elapsed_seconds"] > 60


def test_the_means_of_an_epoch_are_over_its_steps_so_far() -> None:
    with open_session(new_progress()) as session:
        progress = step(session, epoch(session, new_progress(), 0.5), loss=3.0)
        assert progress.means(STEPS) == [3.0, 0.25]
        assert step(session, progress, loss=4.0).means(STEPS) == [3.5, 0.25]


def test_best_pt_is_of_the_epoch_of_the_best_validation_accuracy_not_of_the_last() -> None:
    run = runs.Run(Path("x"))
    with open_session(new_progress()) as session:
        progress = new_progress()
        for accuracy, loss in ((0.8, 1.0), (0.9, 3.0), (0.7, 2.0)):  # the lowest loss is the first
            progress = epoch(session, progress, accuracy, loss)
            session.save(progress)
        assert saved_step() == 3 * STEPS
        assert runs.checkpoint.load(run.best)["epoch"]["epoch"] == 2
        rows = runs.read_metrics(run)
        assert [row["validation_accuracy"] for row in rows] == [0.8, 0.9, 0.7]


def test_a_stop_writes_a_checkpoint_and_prints_the_command_to_resume() -> None:
    with open_session(new_progress()) as session:
        progress = step(session, step(session, new_progress()))
        with pytest.raises(StoppedError) as stopped:
            session.save(progress, stopping=True)
    resume = ".venv/bin/python train.py --resume x"
    assert str(stopped.value) == f"stopped after step 2 of 12. To resume: {resume}"
    assert saved_step() == 2


def test_a_finished_run_is_not_stopped() -> None:
    with open_session(new_progress()) as session:
        progress = new_progress()._replace(training=state(STEPS * EPOCHS - 1))
        session.save(step(session, progress), stopping=True)
        assert saved_step() == STEPS * EPOCHS


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_session_at_its_step(loss: float) -> None:
    message = (
        rf"the loss became {loss} at step 6 \(epoch 2\), at a learning rate of 0.5. "
        r"The last good checkpoint is x/last.pt, from step 0; .*--lr"
    )
    progress = new_progress()._replace(training=state(5))
    with pytest.raises(DivergedError, match=message), open_session(new_progress()) as session:
        step(session, progress, loss)
    assert saved_step() == 0


def test_weights_that_are_not_finite_are_not_saved() -> None:
    with (
        pytest.raises(DivergedError, match=r"infinite or nan at step 1 \(epoch 1\).*from step 0"),
        open_session(new_progress(), save_every=0.0) as session,
    ):
        session.save(step(session, new_progress(), weight=float("inf")))
    assert saved_step() == 0


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (KeyboardInterrupt(), StoppedError, "interrupted. "),
        (OSError("the disk is full"), OSError, "the disk is full. "),
        (ProcessLostError("process 1 ended"), ProcessLostError, "process 1 ended. "),
    ],
)
def test_an_interrupted_session_tells_the_user_how_to_resume(
    error: BaseException, kind: type[Exception], said: str
) -> None:
    session = open_session(new_progress(), save_every=0.0)
    with session:
        session.save(step(session, new_progress()))
    with pytest.raises(kind) as caught:
        session.__exit__(type(error), error, None)
    resume = ".venv/bin/python train.py --resume x"
    assert str(caught.value) == (f"{said}The last checkpoint is from step 1. To resume: {resume}")


def test_a_bug_does_not_suggest_resuming() -> None:
    with pytest.raises(KeyError, match=r"^'bug'$"), open_session(new_progress()):
        raise KeyError("bug")


def test_only_the_first_process_writes() -> None:
    with open_session(new_progress(), save_every=0.0, processes=Processes(1, 1)) as session:
        session.save(step(session, new_progress()))
    assert list(Path("x").iterdir()) == []


def open_run(settings: Settings, splits: Any = SPLITS) -> tuple[runs.Run, Progress]:
    return runs.begin_or_resume(settings, new_progress(), splits, NET)


def test_a_run_is_started_once_and_resumed_from_its_last_checkpoint() -> None:
    run, progress = open_run(Settings(out=Path("x")))
    assert (run.folder, progress.training.step) == (Path("x"), 0)
    with pytest.raises(RunError, match="x already exists"):
        open_run(Settings(out=Path("x")))
    assert open_run(Settings(resume=Path("x")))[1].training.step == 0  # it had not started to train
    with open_session(progress, save_every=0.0) as session:
        session.save(step(session, progress))
    assert open_run(Settings(resume=Path("x")))[1].training.step == 1


def test_a_run_without_a_name_gets_the_date() -> None:
    folders = [open_run(Settings())[0].folder for _ in range(3)]
    assert len(set(folders)) == 3
    assert {folder.parent for folder in folders} == {Path("runs")}


def test_a_run_is_not_resumed_with_different_images() -> None:
    open_run(Settings(out=Path("x")))
    training, test = SPLITS
    others = training._replace(images=training.images.flip(0)), test
    relabelled = training, test._replace(labels=test.labels.flip(0))
    for changed in (others, relabelled, SPLITS[::-1]):
        with pytest.raises(RunError, match=r"the images or labels of .* are not those of x"):
            open_run(Settings(resume=Path("x")), changed)


@dataclass(frozen=True)
class Mine(Settings):
    seed: int = setting(0, "seed", at_least=0)
    lr: float = setting(0.1, "learning rate")
    device: str = setting("cpu", "device", free_on_resume=True)


def edit(run: runs.Run, before: str, after: str) -> None:
    text = run.config.read_text()
    assert before in text
    run.config.write_text(text.replace(before, after))


EDITS = [
    ('"seed": 7', '"seed": 8', "settings.seed was 7, and is now 8"),
    ('"lr": 0.1', '"lr": 0.2', "settings.lr was 0.1, and is now 0.2"),
    ('"lr": 0.1', '"rate": 0.1', "settings.lr was 0.1, and is now 'missing'"),
    ('"linear"', '"linea"', "network.name was 'linear', and is now 'linea'"),
]


@pytest.mark.parametrize(("before", "after", "change"), EDITS)
def test_a_config_that_was_edited_belongs_to_no_checkpoint(
    before: str, after: str, change: str
) -> None:
    run, progress = open_run(Mine(out=Path("x"), seed=7))
    with open_session(progress, run=run) as session:
        session.save(epoch(session, progress, 0.5))
    edit(run, before, after)
    for which in ("last", "best"):
        with pytest.raises(RunError) as refused:
            runs.load_weights(runs.find("x"), which, like=Weights({"w": torch.ones(1)}, ()))
        assert str(refused.value) == (
            f"x/{which}.pt was written with another config.json: {change}"
        )
    with pytest.raises(RunError, match=re.escape(change)):
        open_run(Mine(resume=Path("x"), seed=7))
    edit(run, after, before)
    assert open_run(Mine(resume=Path("x"), seed=7))[1].training.step == STEPS


def test_a_config_may_be_written_in_another_layout() -> None:
    run, progress = open_run(Mine(out=Path("x")))
    with open_session(progress, run=run):
        pass
    run.config.write_text(json.dumps(json.loads(run.config.read_text()), sort_keys=True))
    assert open_run(Mine(resume=Path("x")))[1].training.step == 0


@pytest.mark.parametrize("kept", ["best.pt", "metrics.csv"])
def test_a_run_whose_last_pt_was_removed_is_not_started_again_over_its_results(kept: str) -> None:
    run, progress = open_run(Mine(out=Path("x")))
    with open_session(progress, run=run) as session:
        session.save(epoch(session, progress, 0.5))
    for file in (run.last, run.best, run.metrics):
        if file.name != kept:
            file.unlink()
    with pytest.raises(RunError) as refused:
        open_run(Mine(resume=Path("x")))
    assert str(refused.value) == f"x cannot be resumed: it has {kept}, but no last.pt"


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot lock a folder")
@pytest.mark.parametrize("how", ["resume", "overwrite"])
def test_a_run_that_is_being_trained_is_neither_resumed_nor_replaced(how: str) -> None:
    run, progress = open_run(Mine(out=Path("x")))
    with open_session(progress, run=run):
        before = {path: path.read_bytes() for path in run.folder.iterdir()}
        options = {"resume": "resume=Path('x')", "overwrite": "out=Path('x'), overwrite=True"}
        program = (
            "from pathlib import Path\n"
            "from tests.runs.test_runs_session import *\n"
            f"open_run(Mine({options[how]}))"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        other = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment
        )
        last_line = other.stderr.splitlines()[-1]
        assert last_line.endswith("RunError: x is in use: another process is training this run")
        assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def test_a_run_that_could_not_be_opened_is_not_kept_from_others() -> None:
    run, progress = open_run(Mine(out=Path("x")))
    with open_session(progress, run=run):
        pass
    run.last.write_bytes(b"damaged")
    for settings in (Mine(resume=Path("x")), Mine(out=Path("x"))):
        with pytest.raises(ValueError, match=r"x/last\.pt is damaged|x already exists"):
            open_run(settings)
        assert Path("x") not in folder._claims


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot lock a folder")
def test_a_folder_that_is_exchanged_during_training_is_noticed() -> None:
    run, progress = open_run(Mine(out=Path("x")))
    with open_session(progress, run=run) as session:
        Path("x").rename("y")
        Path("x").mkdir()
        with pytest.raises(RunError) as noticed:
            session.save(step(session, progress), stopping=True)
    assert str(noticed.value) == "x was removed or exchanged during training"
    assert list(Path("x").iterdir()) == []


def test_only_the_first_process_starts_a_run_on_disk() -> None:
    processes = Processes(1, 2)
    runs.begin_or_resume(Settings(out=Path("x")), new_progress(), SPLITS, NET, processes=processes)
    assert not Path("x").exists()


def trained(folder: Path, seed: int = 7) -> runs.Run:
    net = layers.sequential(layers.flatten(), layers.linear(10))
    about = runs.describe({"seed": seed}, SPLITS, net, layers.average_views(net, 1))
    run = runs.begin(folder, about)
    initial = runs.initial_weights(net, (1, 28, 28), seed)
    weights = runs.Weights(tree.map(lambda x: x + 1, initial.params), initial.state)
    start = TrainState(0, *weights, ())
    runs.save_progress(run, runs.new_progress(start, Generator()), weights)
    return run


def test_a_trained_network_is_loaded_from_its_folder_alone(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    found = runs.load_trained(tmp_path / "run")
    assert found.net == layers.sequential(layers.flatten(), layers.linear(10))
    assert found.tested_net == layers.average_views(found.net, 1)
    assert (found.run, found.settings) == (run, {"seed": 7})
    expected = runs.initial_weights(found.net, (1, 28, 28), 7)
    pairs = [
        (a, b, c)
        for a, b, c in zip(
            *(tree.leaves(w.params) for w in (found.initial, expected, found.weights)),
            strict=True,
        )
    ]
    assert all(torch.equal(a, b) and torch.equal(c, b + 1) for a, b, c in pairs)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    with pytest.raises(RunError, match=r"run has no best\.pt yet"):
        runs.load_trained(tmp_path / "run", "best")


def test_a_config_with_an_impossible_network_is_damaged(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    run.config.write_text(run.config.read_text().replace('"linear"', '"lineal"'))
    with pytest.raises(RunError, match=r"config\.json is damaged: .*lineal"):
        runs.load_trained(tmp_path / "run")


@pytest.mark.parametrize("seed", ["7", 2**32, 2**65, -1, None])
def test_a_seed_that_cannot_be_used_is_damage(tmp_path: Path, seed: object) -> None:
    run = trained(tmp_path / "run")
    config = json.loads(run.config.read_text())
    config["settings"]["seed"] = seed
    run.config.write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"config\.json is damaged: "):
        runs.load_trained(run.folder)


def test_a_setting_that_a_trained_network_lacks_is_named(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    found = runs.load_trained(run.folder)
    assert found.setting("seed") == 7
    with pytest.raises(RunError, match=r"config\.json is damaged: missing settings: dataset"):
        found.setting("dataset")
    run.config.write_text(run.config.read_text().replace('"seed"', '"sead"'))
    with pytest.raises(RunError, match=r"config\.json is damaged: missing settings: seed"):
        runs.load_trained(run.folder)


@given(st.integers(0, 2**32 - 1), st.integers(0, 31))
def test_weights_depend_on_every_seed_that_is_accepted(seed: int, bit: int) -> None:
    first, second = (
        runs.initial_weights(NET, (3,), value).params["weight"] for value in (seed, seed ^ 2**bit)
    )
    assert not torch.equal(first, second)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_equals_another_one_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="seed must be "):
        runs.initial_weights(NET, (3,), seed)

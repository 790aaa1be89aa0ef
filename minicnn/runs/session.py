"""A session: one execution of a program that trains a run, from the start or from a checkpoint.

    run, progress = begin_or_resume(settings, new_progress(start, rng), splits, net)
    with Session(run, progress, weights_of, epochs, steps_per_epoch, schedule) as session:
        for now, logs in train.fit(step, progress.training, batches, rng):
            progress = session.after_step(progress, now, logs, rng)
            ...
            session.save(progress)

The training loop stays in the caller's code. The session writes the files at the right times and
tells the user, if training is interrupted, what is saved and how to resume.
"""

import math
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import torch
from torch import Generator, Tensor

from minicnn import parallel
from minicnn.data import Split
from minicnn.layers import Layer
from minicnn.optim.schedules import Schedule
from minicnn.parallel import Processes, ProcessLostError
from minicnn.runs.config import check_data, describe
from minicnn.runs.console import StoppedError
from minicnn.runs.folder import (
    Run,
    RunError,
    begin,
    claim,
    dated_folder,
    find,
    is_claimed,
    release,
    sweep,
)
from minicnn.runs.history import Row, write_metrics
from minicnn.runs.progress import (
    Progress,
    Weights,
    is_finite,
    load_progress,
    save_best,
    save_progress,
)
from minicnn.runs.settings import Settings
from minicnn.train import TrainState

ALONE = Processes(0, 1)


class DivergedError(ValueError):
    """The loss or a weight is no longer finite; the message says at which step."""


def begin_or_resume(
    settings: Settings,
    start: Progress,
    splits: Sequence[Split],
    net: Layer,
    tested_net: Layer | None = None,
    processes: Processes = ALONE,
) -> tuple[Run, Progress]:
    """Create the folder of a new run, or open the one in ``settings.resume``.

    Args:
        settings: The settings of the program; config.json records them.
        start: The initial progress, which also defines the structure of a saved one.
        splits: All data that the run uses; a run can only be resumed with the same data.
        net: The network, which config.json describes.
        tested_net: The network used for testing, if it differs.
        processes: The processes that train together; only the first one writes.

    Returns:
        The run and its progress: ``start``, or the last one saved.

    Raises:
        RunError: The folder cannot be used, another process is training the run, its config.json
            was edited, or the data differ from those of the run.
        CheckpointError: last.pt is damaged, or from a different network.
        OSError: The folder cannot be read or written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from minicnn import data, models, runs
        >>> net = models.lenet5()
        >>> start = runs.new_progress(TrainState(0, (), (), ()), Generator())
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     settings = Settings(out=Path(parent, "run"))
        ...     run, progress = begin_or_resume(settings, start, data.load_sample(), net)
        ...     [path.name for path in run.folder.iterdir()]
        ['config.json']
    """
    leads = processes.rank == 0
    if settings.resume is None and not leads:
        return Run(settings.out or Path()), start
    folder = settings.resume or settings.out or dated_folder()
    try:
        if settings.resume is None:
            if folder.is_dir():
                claim(folder)  # before an old run in it is removed
            about = describe(settings.saved(), splits, net, tested_net)
            run = begin(folder, about, settings.overwrite)
            claim(folder)
            return run, start
        run = find(folder)
        check_data(run, splits)
        if leads:
            claim(folder)
            sweep(run)
        return run, _last_progress(run, start)
    except BaseException:
        release(folder)
        raise


def _last_progress(run: Run, start: Progress) -> Progress:
    if run.last.exists():
        return load_progress(run, like=start)
    for file in (run.best, run.metrics):
        if file.exists():
            raise RunError(f"{run.folder} cannot be resumed: it has {file.name}, but no last.pt")
    return start  # it was interrupted before it was saved for the first time


class Session:
    """A context manager that saves a run during training.

    If Ctrl-C, a full disk or the loss of another process ends the block, it raises an error whose
    message says which step is saved and how to resume.

    Args:
        run: The run.
        progress: Its current progress.
        weights_of: Returns the weights to use from a training state: the last ones or averages.
        epochs: Passes over the training images.
        steps_per_epoch: Batches per epoch.
        schedule: The learning rate of each step.
        save_every: Seconds between checkpoints.
        processes: The processes that train together; only the first one writes.
    """

    def __init__(
        self,
        run: Run,
        progress: Progress,
        weights_of: Callable[[TrainState], Weights],
        epochs: int,
        steps_per_epoch: int,
        schedule: Schedule,
        save_every: float = 30.0,
        processes: Processes = ALONE,
    ) -> None:
        self.run, self.weights_of, self.schedule = run, weights_of, schedule
        self.steps, self.total_steps = steps_per_epoch, epochs * steps_per_epoch
        self.save_every, self.processes = save_every, processes
        self.saved, self.saved_at = progress, time.monotonic()

    def __enter__(self) -> "Session":
        self.began = time.perf_counter() - self.saved.seconds
        self._write(self.saved)
        return self

    def after_step(
        self, progress: Progress, now: TrainState, logs: dict[str, Tensor], rng: Generator
    ) -> Progress:
        """Return the progress of the run after a step.

        Args:
            progress: The progress before the step.
            now, logs: What `train.fit` yields.
            rng: The generator of the layers.

        Raises:
            DivergedError: The loss is not finite, so training cannot continue.
        """
        if not math.isfinite(logs["loss"]):
            raise DivergedError(f"the loss became {logs['loss']} {self._moment(now.step)}")
        sums = progress.sums + torch.stack([logs["loss"], logs["accuracy"]]).double().cpu()
        seconds = time.perf_counter() - self.began
        return Progress(now, rng.get_state(), sums, progress.history, seconds)

    def after_epoch(
        self, progress: Progress, images: int, validation: dict[str, float]
    ) -> Progress:
        """Return the progress of the run after an epoch, with one more row in its history.

        Args:
            progress: The progress after the last step of the epoch.
            images: The number of training images.
            validation: What `train.evaluate` returned for the validation images.
        """
        step = progress.training.step
        loss, accuracy = progress.means(self.steps)
        before = progress.history[-1]["elapsed_seconds"] if progress.history else 0.0
        row: Row = {
            "epoch": step // self.steps,
            "step": step,
            "train_loss": loss,
            "train_accuracy": accuracy,
            "validation_loss": validation["loss"],
            "validation_accuracy": validation["accuracy"],
            "learning_rate": self.schedule(step - 1),
            "images_per_second": images / (progress.seconds - before),
            "elapsed_seconds": time.perf_counter() - self.began,
        }
        sums, history = torch.zeros_like(progress.sums), (*progress.history, row)
        return progress._replace(sums=sums, history=history, seconds=row["elapsed_seconds"])

    def save(self, progress: Progress, stopping: bool = False) -> None:
        """Write a checkpoint after each epoch, every ``save_every`` seconds, and before stopping.

        Args:
            progress: The progress of the run.
            stopping: Whether the user requested a stop.

        Raises:
            StoppedError: A stop was requested in one of the processes before the last step.
            DivergedError: A weight is not finite.
        """
        stopping = parallel.any_of(stopping, self.processes)
        epoch_ended = len(progress.history) > len(self.saved.history)
        if epoch_ended or stopping or time.monotonic() - self.saved_at > self.save_every:
            self._write(progress)
            self.saved, self.saved_at = progress, time.monotonic()
        step = progress.training.step
        if stopping and step < self.total_steps:
            raise StoppedError(
                f"stopped after step {step:,} of {self.total_steps:,}. To resume: {self._resume()}"
            )

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        release(self.run.folder)
        step = f"{self.saved.training.step:,}"
        remedy = f"The last checkpoint is from step {step}. To resume: {self._resume()}"
        if isinstance(error, KeyboardInterrupt):
            raise StoppedError(f"interrupted. {remedy}") from None
        if isinstance(error, OSError):
            raise OSError(f"{error}. {remedy}") from error
        if isinstance(error, ProcessLostError):
            raise ProcessLostError(f"{error}. {remedy}") from error
        if isinstance(error, DivergedError):
            raise DivergedError(
                f"{error}. The last good checkpoint is {self.run.last}, from step {step}; "
                "a smaller learning rate (--lr) may help"
            ) from None

    def _write(self, progress: Progress) -> None:
        """Write last.pt; after an epoch, also metrics.csv and, if it was the best one, best.pt."""
        if self.processes.rank > 0:
            return
        if not is_claimed(self.run.folder):
            raise RunError(f"{self.run.folder} was removed or exchanged during training")
        step, *state = progress.training
        if not is_finite(tuple(state)):  # including the optimizer's: no later step would be right
            raise DivergedError(f"a weight became infinite or nan {self._moment(step)}")
        weights, history = self.weights_of(progress.training), progress.history
        if history and history[-1]["step"] == step:
            write_metrics(self.run, history)
            if history[-1]["validation_accuracy"] == max(r["validation_accuracy"] for r in history):
                save_best(self.run, weights, history[-1])
        save_progress(self.run, progress, weights)

    def _moment(self, step: int) -> str:
        epoch, rate = 1 + (step - 1) // self.steps, self.schedule(step - 1)
        return f"at step {step:,} (epoch {epoch}), at a learning rate of {rate:.3g}"

    def _resume(self) -> str:
        # The interpreter that the user started, `python3` or `.venv/bin/python`.
        return shlex.join([sys.orig_argv[0], sys.argv[0], "--resume", str(self.run.folder)])

"""The progress of a run: everything it needs to continue as if it had never stopped."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from minicnn import tree
from minicnn.runs import checkpoint
from minicnn.runs.checkpoint import CheckpointError
from minicnn.runs.config import first_difference
from minicnn.runs.folder import Run, RunError
from minicnn.runs.history import Row
from minicnn.train import TrainState
from minicnn.tree import Tree


class Weights(NamedTuple):
    """The weights of a network.

    Attributes:
        params: the parameters.
        state: the state of the layers.
    """

    params: Tree
    state: Tree


class Progress(NamedTuple):
    """The state of a run between two steps.

    The position in the epoch follows from ``training.step``: the batches depend only on the seed
    and the step (see `data.batches`).

    Attributes:
        training: parameters, layer state, optimizer state, and the number of steps.
        rng: the state of the generator that the layers draw from, (B,) bytes.
        sums: the sums of loss and accuracy over the steps of this epoch, float64 (2,).
        history: one row per completed epoch.
        seconds: the training time, over all sessions.
    """

    training: TrainState
    rng: Tensor
    sums: Tensor
    history: tuple[Row, ...]
    seconds: float

    def means(self, steps_per_epoch: int) -> list[float]:
        """Return the mean loss and the mean accuracy over the steps of this epoch so far."""
        return (self.sums / (self.training.step % steps_per_epoch or steps_per_epoch)).tolist()


def new_progress(training: TrainState, rng: Generator) -> Progress:
    """Return the progress of a run before its first step.

    Args:
        training: The initial training state.
        rng: The generator that the layers will draw from.

    Returns:
        The progress.

    Example:
        >>> new_progress(TrainState(0, (), (), ()), Generator()).history
        ()
    """
    return Progress(training, rng.get_state(), torch.zeros(2, dtype=torch.float64), (), 0.0)


def is_finite(weights: Tree) -> bool:
    """Return whether all values in a tree of tensors are finite.

    Args:
        weights: The tree.

    Example:
        >>> is_finite({"weight": torch.ones(2)}), is_finite({"bias": torch.tensor(torch.inf)})
        (True, False)
    """
    return all(bool(leaf.isfinite().all()) for leaf in tree.leaves(weights))


def save_progress(run: Run, progress: Progress, weights: Weights) -> None:
    """Write last.pt.

    Args:
        run: The run.
        progress: Its progress.
        weights: The weights to use for prediction, which may be averages.

    Raises:
        OSError: The file cannot be written; the old one is unchanged.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> now = new_progress(TrainState(0, {"w": torch.ones(1)}, (), ()), Generator())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_progress(Run(Path(folder)), now, Weights(*now.training[1:3]))
        ...     load_progress(Run(Path(folder)), like=now).training.params
        {'w': tensor([1.])}
    """
    # JSON writes a float so that the same float is read back.
    plain = progress._replace(history=json.dumps(progress.history))  # pyright: ignore[reportArgumentType]
    checkpoint.save(run.last, {"config": run.bound, "progress": plain, "weights": weights})


def load_progress(run: Run, like: Progress) -> Progress:
    """Load last.pt, to continue from there.

    Args:
        run: The run.
        like: The initial progress of a new run with the same settings.

    Returns:
        The saved progress.

    Raises:
        CheckpointError: The file is damaged, or from a different model, optimizer or version.
        RunError: The file was written with another config.json.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> start = new_progress(TrainState(0, (), (), ()), Generator())
        >>> now = start._replace(history=({"epoch": 1},))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_progress(Run(Path(folder)), now, Weights((), ()))
        ...     load_progress(Run(Path(folder)), like=start).history
        ({'epoch': 1},)
    """
    plain = like._replace(history="")  # pyright: ignore[reportArgumentType]
    loaded = _matched(run, "last", "progress", plain)
    return loaded._replace(history=tuple(json.loads(loaded.history)))


def save_best(run: Run, weights: Weights, row: Row) -> None:
    """Write best.pt.

    Args:
        run: The run.
        weights: The weights to use for prediction.
        row: The history row of the epoch.

    Raises:
        OSError: The file cannot be written; the old one is unchanged.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_best(Run(Path(folder)), Weights((), ()), {"epoch": 3})
        ...     load_weights(Run(Path(folder)), "best", like=Weights((), ()))
        Weights(params=(), state=())
    """
    checkpoint.save(run.best, {"config": run.bound, "weights": weights, "epoch": row})


def load_weights(run: Run, which: str, like: Weights) -> Weights:
    """Load the weights of a run.

    Args:
        run: The run.
        which: "last" or "best".
        like: Weights of the same network, for their structure and devices.

    Returns:
        The weights.

    Raises:
        ValueError: ``which`` is neither "last" nor "best".
        CheckpointError: The file is damaged, or from a different model or version.
        RunError: The file was written with another config.json.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> now = new_progress(TrainState(0, {"w": torch.ones(1)}, (), ()), Generator())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_progress(Run(Path(folder)), now, Weights({"w": torch.ones(1)}, ()))
        ...     load_weights(Run(Path(folder)), "last", like=Weights({"w": torch.zeros(1)}, ()))
        Weights(params={'w': tensor([1.])}, state=())
    """
    if which not in ("last", "best"):
        raise ValueError(f'which must be "last" or "best", got {which!r}')
    return _matched(run, which, "weights", like)


def _matched(run: Run, which: str, part: str, like: Tree) -> Tree:
    path = run.last if which == "last" else run.best
    saved = checkpoint.load(path)
    try:
        _check_config(run, path, saved["config"])
        return checkpoint.match(saved[part], like)
    except (CheckpointError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is from a different model or version of minicnn: {error}"
        ) from None


def _check_config(run: Run, path: Path, saved: str) -> None:
    """Check that a checkpoint was written with the config.json that the run has now."""
    if not (run.bound and saved):  # a program may keep checkpoints without a config.json
        return
    before, after = json.loads(saved), json.loads(run.bound)
    if before != after:
        name, then, now = first_difference(before, after)
        raise RunError(
            f"{path} was written with another {run.config.name}: {name} was {then!r}, and is now "
            f"{now!r}"
        )

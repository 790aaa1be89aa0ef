"""Training produces infinity or NaN."""

import re
from typing import Any
from unittest import mock

import torch

from examples import test_mnist
from minicnn import runs, tree
from minicnn.runs import checkpoint

from ..fault import fault
from ..stage import Seen, Stage


def check_last_good(stage: Stage, seen: Seen) -> None:
    """Check that the checkpoint that the message calls good is good."""
    last = checkpoint.load(stage.run_folder / "last.pt")
    named = re.search(r"last good checkpoint is runs/x/last.pt, from step (\d+)", seen.err)
    assert named
    assert int(named[1]) == last["progress"]["training"]["step"]
    leaves = (leaf for leaf in tree.leaves(last) if isinstance(leaf, torch.Tensor))
    assert runs.is_finite(tuple(leaves))
    assert stage.run(test_mnist.main, "runs/x").code == 0


@fault(
    "a weight is infinite", 1, "infinite or nan at step 1", "from step 0", "learning rate", "--lr"
)
def infinite_weight(stage: Stage) -> Seen:
    seen = stage.train("--lr", "1e40")
    check_last_good(stage, seen)
    return seen


@fault(
    "the learning rate is far too high",
    1,
    "the loss became",
    "at step",
    "(epoch",
    "learning rate",
    "good",
)
def high_rate(stage: Stage) -> Seen:
    seen = stage.train("--lr", "1e12")
    check_last_good(stage, seen)
    return seen


@fault(
    "the loss is NaN",
    1,
    "the loss became nan at step 7 (epoch 2)",
    "from step 6",
    "--lr",
)
def loss_is_nan(stage: Stage) -> Seen:
    after_step = runs.Session.after_step

    def spoil(session: Any, progress: Any, now: Any, logs: Any, rng: Any) -> Any:
        loss = torch.tensor(float("nan")) if now.step == 7 else logs["loss"]
        return after_step(session, progress, now, {**logs, "loss": loss}, rng)

    with mock.patch.object(runs.Session, "after_step", spoil):
        seen = stage.train()
    check_last_good(stage, seen)
    return seen

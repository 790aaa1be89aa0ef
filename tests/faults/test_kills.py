"""Runs that are killed and resumed; ``python -m tests.faults --kills 50`` repeats it 50 times."""

import random
from pathlib import Path

import pytest
import torch

from minicnn import runs
from minicnn.runs import checkpoint

from . import ends, kills
from .stage import Stage


@pytest.mark.slow
def test_a_run_that_is_killed_and_resumed_ends_the_same_to_the_last_bit(stage: Stage) -> None:
    killer = kills.Killer(stage.server, stage.folder, few_digits=True, rng=random.Random(0))
    killed = kills.kill_often(killer, 3, lambda kill: None, kills.VARIANTS[:2])
    assert len(killed) == 3
    assert [kill.different for kill in killed] == [(), (), ()]


def changed(stage: Stage, change) -> list[str]:
    """Change something in a copy of a run; return the differences found."""
    change(stage.copy(stage.whole))
    return ends.differences(stage.whole, stage.run_folder)


def test_a_difference_in_the_last_bit_is_found(stage: Stage) -> None:
    def change(folder: Path) -> None:
        contents = checkpoint.load(folder / "last.pt")
        bias = contents["progress"]["training"]["params"][0]["bias"]
        bias[:1] = bias[:1].nextafter(torch.tensor(2.0))
        checkpoint.save(folder / "last.pt", contents)

    assert changed(stage, change) == ["last.pt progress/training/params/0/bias"]


def test_a_difference_in_the_metrics_is_found_except_in_the_times(stage: Stage) -> None:
    def change(folder: Path) -> None:
        run = runs.Run(folder)
        first, second = runs.read_metrics(run)
        first |= {"elapsed_seconds": 7.0}
        second |= {"train_loss": 7.0}
        runs.write_metrics(run, [first, second])

    assert changed(stage, change) == ["metrics.csv row 1"]


def test_missing_and_leftover_files_are_found(stage: Stage) -> None:
    def change(folder: Path) -> None:
        (folder / "best.pt").unlink()
        (folder / ".minicnn-0123456789abcdef.tmp").touch()

    different = changed(stage, change)
    assert "leftover .minicnn-0123456789abcdef.tmp" in different
    assert "best.pt there" in different

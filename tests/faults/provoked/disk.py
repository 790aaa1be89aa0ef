"""The disk is full, read-only or gone."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import hooks
from ..fault import fault
from ..stage import OPTIONS, ImpossibleError, Seen, Stage

FULL = "No space left on device"


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of this size, which requires an administrator."""
    folder.mkdir(parents=True)
    size = f"size={kilobytes}k"
    try:
        mount("-t", "tmpfs", "-o", size, "none", str(folder))
    except (OSError, subprocess.CalledProcessError):
        raise ImpossibleError("only an administrator can mount a disk") from None
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@fault(
    "the disk is full when last.pt is written",
    1,
    FULL,
    "x/last.pt",
    "step 4",
    "--resume",
)
def full_at_last(stage: Stage) -> Seen:
    with hooks.disk_full("last.pt", after=5):
        seen = stage.train()
    stage.check_resumable()
    return seen


@fault(
    "the disk is full when best.pt is written",
    1,
    FULL,
    "x/best.pt",
    "step 7",
    "--resume",
)
def full_at_best(stage: Stage) -> Seen:
    with hooks.disk_full("best.pt", after=1):
        seen = stage.train()
    stage.check_resumable()
    return seen


@fault("the disk is full when metrics.csv is written", 1, FULL, "x/metrics.csv", "--resume")
def full_at_metrics(stage: Stage) -> Seen:
    with hooks.disk_full("metrics.csv"):
        seen = stage.train()
    stage.check_resumable()
    return seen


@fault("the disk is full when a figure is written", 1, FULL, "x/figures/curves.png", "--resume")
def full_at_figure(stage: Stage) -> Seen:
    stage.copy(stage.half)
    with hooks.disk_full("curves.png"):
        seen = stage.finish()
    stage.check_resumable()
    return seen


@fault("the disk is full when the report is written", 1, FULL, "x/report.html", "--resume")
def full_at_report(stage: Stage) -> Seen:
    stage.copy(stage.half)
    with hooks.disk_full("report.html"):
        seen = stage.finish()
    stage.check_resumable()
    return seen


@fault("the disk is really full", 1, FULL, "x/last.pt", "checkpoint is from step 0", "--resume")
def really_full(stage: Stage) -> Seen:
    with small_disk(stage.folder / "runs", kilobytes=2000):  # has room for one last.pt, not for two
        seen = stage.train()
        mount("-o", "remount,size=9000k", str(stage.folder / "runs"))
        stage.check_resumable()
    return seen


@fault("last.pt exceeds the file size limit", 1, "File too large", "x/last.pt")
def file_size_limit(stage: Stage) -> Seen:
    options = (*OPTIONS, "--out", "runs/x")
    seen = stage.server.run(stage.folder, *options, largest_file=100_000)
    stage.check_resumable()
    return seen


@fault("the disk is read-only", 1, "Read-only file system", "runs/x")
def read_only_at_first(stage: Stage) -> Seen:
    with small_disk(stage.folder / "runs", kilobytes=2000):
        mount("-o", "remount,ro", str(stage.folder / "runs"))
        return stage.train()


@fault("the disk becomes read-only", 1, "Read-only file system", "x/last.pt", "step 5", "--resume")
def read_only_later(stage: Stage) -> Seen:
    disk = str(stage.folder / "runs")
    with small_disk(stage.folder / "runs", kilobytes=9000):
        with hooks.at_step(6, lambda: mount("-o", "remount,ro", disk)):
            seen = stage.train()
        mount("-o", "remount,rw", disk)
        stage.check_resumable()
    return seen


@fault("the folder vanishes", 1, "error: runs/x was removed or exchanged during training")
def folder_vanishes(stage: Stage) -> Seen:
    with hooks.at_step(6, lambda: shutil.rmtree(stage.run_folder)):
        return stage.train()

"""A run that is killed repeatedly ends like an uninterrupted one, to the last bit.

Each run is killed at a random time, uniform over its usual duration: while it reads the digits, in
the middle of a step, while it writes a file, while it draws figures. Then it is resumed, or started
again if it had written nothing. With probability ½ it is killed again; at last it may finish. It is
not killed during the import of torch, when nothing has been written.
"""

import functools
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minicnn.runs import Run, checkpoint

from . import ends
from .stage import Server

COMMON = (
    *("--dataset", "sample", "--device", "cpu", "--save-every", "0"),
    *("--rotate", "5", "--elastic", "1", "--average", "0.2"),
)


class Variant(NamedTuple):
    """A way to train.

    Attributes:
        name: its name.
        options: the options of the command.
        figures: whether it draws figures.
    """

    name: str
    options: tuple[str, ...]
    figures: bool = False


VARIANTS = (
    Variant("lenet5", ("--model", "lenet5", "--epochs", "4")),
    Variant("mnist_deep: dropout, batch norm", ("--model", "mnist_deep", "--epochs", "2")),
    Variant("lenet5 and figures", ("--model", "lenet5", "--epochs", "4"), figures=True),
)


class Kill(NamedTuple):
    """One kill of a run.

    Attributes:
        variant: how the run was trained.
        moment: seconds from the start of the command.
        of: seconds that the command takes without interruption.
        found: what was in the folder afterwards.
        different: how the run finally differed from one that was not killed.
    """

    variant: str
    moment: float
    of: float
    found: str
    different: tuple[str, ...] = ()


class Undisturbed(NamedTuple):
    """How an uninterrupted run ends, and how long it takes."""

    end: dict[str, Any]
    seconds: float


class Killer(NamedTuple):
    """Everything needed to kill runs.

    Attributes:
        server: runs the commands.
        folder: the folder of the runs.
        few_digits: whether to use only a few digits.
        rng: determines when to kill.
    """

    server: Server
    folder: Path
    few_digits: bool
    rng: random.Random

    def start(self, variant: Variant, name: str, *argv: str) -> int:
        """Start a command; its output goes to a file named after the run."""
        text = f"{name}.txt"
        how = {"few_digits": self.few_digits, "figures": variant.figures}
        return self.server.start(self.folder, *argv, out=text, err=text, **how)

    def begin(self, variant: Variant, name: str) -> int:
        """Start a new run."""
        size = "60" if self.few_digits else "256"
        return self.start(
            variant, name, *COMMON, *variant.options, "--batch-size", size, "--out", name
        )


def kill_often(
    killer: Killer,
    count: int,
    tell: Callable[[Kill], object],
    variants: Sequence[Variant] = VARIANTS,
) -> list[Kill]:
    """Kill runs ``count`` times and return the kills.

    Args:
        killer: Kills the runs.
        count: The number of kills.
        tell: Is called with each kill when its run has ended.
        variants: Ways to train, which take turns.
    """
    kills = []
    undisturbed = functools.cache(functools.partial(run_undisturbed, killer))
    for number in range(10 * count):  # some runs finish before they are killed
        variant, name = variants[number % len(variants)], str(number)
        usual = undisturbed(variant)
        of_this_run = list(kill_run(killer, variant, name, usual.seconds))
        different = tuple(ends.compare(usual.end, end_of(killer.folder, name)))
        for kill in of_this_run[: count - len(kills)]:
            kills.append(kill._replace(different=different))
            tell(kills[-1])
        if len(kills) == count:
            break
    return kills


def run_undisturbed(killer: Killer, variant: Variant) -> Undisturbed:
    """Let a run come to its end, and time it."""
    name, began = f"undisturbed {variant.name}", time.perf_counter()
    killer.begin(variant, name)
    assert killer.server.wait() == 0, (killer.folder / f"{name}.txt").read_text()
    return Undisturbed(end_of(killer.folder, name), time.perf_counter() - began)


def kill_run(killer: Killer, variant: Variant, name: str, seconds: float) -> Iterator[Kill]:
    """Kill a run once or more, then let it finish."""
    run = Run(killer.folder / name)
    disturbed = True
    while True:
        if run.config.exists():
            process = killer.start(variant, name, "--resume", name)
        else:
            process = killer.begin(variant, name)
        moment = killer.rng.uniform(0, seconds)
        if disturbed:
            time.sleep(moment)
            os.kill(process, signal.SIGKILL)
        code = killer.server.wait()
        if code != -signal.SIGKILL:
            assert code == 0, (killer.folder / f"{name}.txt").read_text()
            return
        yield Kill(variant.name, moment, seconds, found_in(run))
        disturbed = killer.rng.random() < 0.5


def found_in(run: Run) -> str:
    """Return how far a run has got; all of its files must be intact."""
    if not run.config.exists():
        return "no run yet"
    ends.end_of(run)
    if not run.last.exists():
        return "no step yet"
    pictures = len(list(run.figures.glob("*.png")))
    drawn = f", {pictures} figures" if pictures else ""
    return f"step {checkpoint.load(run.last)['progress']['training']['step']}{drawn}"


def end_of(folder: Path, name: str) -> dict[str, Any]:
    """Return what a run left: its files, its test result and its figures."""
    run = Run(folder / name)
    said = re.findall("^Test, .*$", (folder / f"{name}.txt").read_text(), re.MULTILINE)
    drawn = {picture.name: picture.read_bytes() for picture in run.figures.glob("*.png")}
    return ends.end_of(run) | {"test": said[-1] if said else ""} | drawn

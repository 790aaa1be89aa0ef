"""Trials: put mutants into copies of the project, and see which test notices."""

import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import NamedTuple, Protocol

from .mutant import LIBRARY
from .process import Outcome, log, run

PROJECT = LIBRARY.parent
COPIED = ("minicnn", "tests", "examples", "docs", "pyproject.toml", "README.md")
# Not "mutants": its tests notice every change of the library's text, whether right or wrong.
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "mutants")


class Wrong(Protocol):
    """A mutant of either kind."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def stages(self) -> tuple[tuple[str, ...], ...]: ...
    def apply(self, source: str) -> str: ...


class Verdict(NamedTuple):
    """How a trial ended.

    Attributes:
        name: the mutant.
        killed_by: the test that noticed, "" if none did.
        how: the test "failed", "hung" or "crashed", or could not start, "unusable".
        seconds: how long it took to notice.
    """

    name: str
    killed_by: str
    how: str
    seconds: float


class Court:
    """Judges mutants by the tests in a snapshot of the project, taken when it is made.

    A test that fails without the mutant too proves nothing: it is left out, and listed in
    ``broken``.
    """

    def __init__(self, folder: Path, jobs: int, limit: float) -> None:
        self.limit = limit
        self.sound: set[Outcome] = set()
        self.broken: set[str] = set()
        self.right = _copy(folder / "right")
        self.free: SimpleQueue[Path] = SimpleQueue()
        for job in range(jobs):
            self.free.put(_copy(folder / f"wrong-{job}"))

    def judge(self, mutant: Wrong) -> Verdict:
        """Run the tests of one stage after the other until one notices the mutant."""
        root, start = self.free.get(), time.perf_counter()
        path = root / "minicnn" / mutant.file
        source = path.read_text(encoding="utf-8")
        try:
            path.write_text(mutant.apply(source), encoding="utf-8")
            outcomes = (self._first_failure(root, tests) for tests in mutant.stages)
            outcome = next((o for o in outcomes if o.how != "passed"), Outcome("passed"))
        finally:
            path.write_text(source, encoding="utf-8")
            self.free.put(root)
        return Verdict(mutant.name, outcome.test, outcome.how, time.perf_counter() - start)

    def _first_failure(self, root: Path, tests: tuple[str, ...]) -> Outcome:
        while True:
            outcome = run(root, tests, self.limit, skip=self.broken)
            if outcome.how == "passed" or self._is_sound(outcome):
                return outcome
            self.broken.add(outcome.test)

    def _is_sound(self, outcome: Outcome) -> bool:
        """Whether the test says something else of the right library."""
        if outcome in self.sound:
            return True
        without = run(self.right, [outcome.test], self.limit)
        if without.how == "unusable":
            raise ValueError(f"pytest cannot run {outcome.test}: {log(self.right)}")
        if without.how != "passed" and without.test == outcome.test:
            return False
        self.sound.add(outcome)
        return True


def judge_all(
    mutants: Iterable[Wrong],
    jobs: int,
    limit: float,
    show: Callable[[Verdict], None] = print,
) -> tuple[list[Verdict], set[str]]:
    """Judge the mutants, ``jobs`` at a time.

    Args:
        mutants: to judge.
        jobs: how many to judge at the same time.
        limit: seconds after which a test hangs.
        show: is called with each verdict as it is found.

    Returns:
        The verdicts in the order of the mutants, and the tests that fail without any mutant.
    """
    with TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        court = Court(Path(folder).resolve(), jobs, limit)
        futures = [pool.submit(court.judge, mutant) for mutant in mutants]
        for future in as_completed(futures):
            show(future.result())
        return [future.result() for future in futures], court.broken


def _copy(root: Path) -> Path:
    root.mkdir()
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=LEFT_OUT)
        elif source.exists():
            shutil.copy(source, root / name)
    return root

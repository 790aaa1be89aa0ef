"""Run tests in a process of their own, on a copy of the project, until the first one fails.

The process is forked from one that has imported torch already, which saves seconds for every
mutant, and nothing of minicnn, which it finds in the copy. (Forking needs Linux or macOS.)
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

fork = multiprocessing.get_context("forkserver")
fork.set_forkserver_preload(["torch", "hypothesis", "pytest"])


LOG = "log.txt"
GRACE = 10  # seconds to clean up in
OPTIONS = (
    "-x",
    "-n",
    "0",
    "-m",
    "slow or not slow",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class Outcome(NamedTuple):
    """What a run of tests came to.

    Attributes:
        how: "passed"; "failed", "hung" or "crashed" in a test; "unusable" if no test could start.
        test: the test in question, or the file where it did not come to a test.
    """

    how: str
    test: str = ""


def run(root: Path, tests: Iterable[str], limit: float, skip: Iterable[str] = ()) -> Outcome:
    """Run tests of the project's copy in ``root`` up to the first that fails.

    Args:
        root: the folder with ``minicnn`` and ``tests``.
        tests: files, folders or single tests, as one names them to pytest.
        limit: seconds after which a test hangs.
        skip: tests to leave out.

    Raises:
        RuntimeError: pytest itself fails, or modules of minicnn were imported from elsewhere.
    """
    tests = list(tests)
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=_run, args=(root, tests, list(skip), sender))
    process.start()
    pid = process.pid
    assert pid is not None  # it has started
    sender.close()
    current, collected, grace = tests[0], False, GRACE
    try:
        while receiver.poll(limit):
            news, what = receiver.recv()
            if news == "start":
                current = what
            elif news == "failed":
                return Outcome("failed", what)
            elif news == "imported":
                _require_the_copy(root, what)
                collected = True
            elif news == "end":
                usable = what in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
                return Outcome("passed") if usable else Outcome("unusable", current)
        grace = 0
        return Outcome("hung", current)
    except EOFError:
        if not collected:
            raise RuntimeError(f"pytest failed:\n{log(root)}") from None
        return Outcome("crashed", current)
    finally:
        process.join(grace)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        process.kill()
        process.join()
        receiver.close()


def log(root: Path) -> str:
    """Return the end of what the last run wrote."""
    return (root / LOG).read_text(encoding="utf-8")[-2000:]


def _require_the_copy(root: Path, files: list[str]) -> None:
    foreign = [file for file in files if not Path(file).is_relative_to(root)]
    if foreign or not files:
        raise RuntimeError(f"minicnn must be imported from {root}, but was from {foreign}")


def _run(root: Path, tests: list[str], skip: list[str], sender: Connection) -> None:
    """Run in the new process: the copy comes first on the path, and no bytecode is written."""
    os.setsid()  # so that the tests' own processes can be ended with it
    os.chdir(root)
    sys.path.insert(0, str(root))
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # the package that this file is in: the copy has one of that name
    sys.dont_write_bytecode = True
    os.environ["TMPDIR"] = str(root)  # to be deleted with it
    with open(LOG, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    skipped = [f"--deselect={test}" for test in skip]
    code = pytest.main([*OPTIONS, *skipped, *tests], plugins=[_Reporter(sender)])
    sender.send(("end", int(code)))


class _Reporter:
    """A plugin of pytest that sends news to the parent process."""

    def __init__(self, sender: Connection) -> None:
        self.sender = sender

    def pytest_sessionstart(self) -> None:
        """Find counterexamples, but do not shrink them: nobody is going to read them."""
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("unshrunk", settings(), phases=phases)
        settings.load_profile("unshrunk")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.sender.send(("failed", report.nodeid))

    def pytest_collection_finish(self) -> None:
        modules = [module for name, module in sys.modules.items() if name.startswith("minicnn")]
        self.sender.send(("imported", [str(module.__file__) for module in modules]))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.sender.send(("start", nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.sender.send(("failed", report.nodeid))

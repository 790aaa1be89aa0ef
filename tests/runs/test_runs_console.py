"""Output and errors of the commands: a helpful line, an exit code, and never a traceback."""

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicnn import data, parallel, runs
from minicnn.runs import (
    CommandError,
    StoppedError,
    alarm,
    complain,
    end_at_ctrl_c,
    run_command,
    say,
)


@pytest.fixture(autouse=True)
def script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["examples/train_mnist.py"])


class FullDisk(io.StringIO):
    """A stream that cannot be written, with a file descriptor that may be replaced."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        return self.descriptor


def failing(error: BaseException):
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize("result", [None, 1, {"test_loss": 0.1}])
def test_a_command_that_returns_has_succeeded(result: object, capsys) -> None:
    assert run_command(lambda: result) == 0
    assert capsys.readouterr() == ("", "")


def test_a_command_error_prints_no_further_message(capsys) -> None:
    assert run_command(failing(CommandError("two pictures were not read"))) == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("lr must be positive"),
        OSError("lr must be positive"),
        data.DataError("lr must be positive"),
        runs.RunError("lr must be positive"),
        runs.CheckpointError("lr must be positive"),
        parallel.ProcessLostError("lr must be positive"),
    ],
)
def test_an_error_that_the_user_can_fix_is_one_line(error: Exception, capsys) -> None:
    assert run_command(failing(error)) == 1
    assert capsys.readouterr() == ("", "train_mnist.py: error: lr must be positive\n")


def test_a_stopped_command_says_how_to_resume(capsys) -> None:
    assert run_command(failing(StoppedError("stopped. To resume: …"))) == 130
    assert capsys.readouterr().err == "train_mnist.py: stopped. To resume: …\n"


def test_an_interrupted_command_says_so(capsys) -> None:
    assert run_command(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "train_mnist.py: interrupted\n"


@pytest.mark.parametrize("error", [KeyError("bug"), AssertionError("bug"), SystemExit(2)])
def test_an_error_that_only_developers_can_fix_is_not_hidden(error: BaseException) -> None:
    with pytest.raises(type(error)):
        run_command(failing(error))


def test_messages_go_to_stdout_and_errors_to_stderr(capsys) -> None:
    say("Test, 97%")
    say("and", quiet=True)
    complain("not read")
    assert capsys.readouterr() == ("Test, 97%\n", "not read\n")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_command_continues_if_its_output_cannot_be_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "stream").open("w") as file:
        monkeypatch.setattr(sys, name, FullDisk(file.fileno()))
        say("heard by nobody")
        complain("heard by nobody")
        os.write(file.fileno(), b"nor what Python writes at its end")
    assert (tmp_path / "stream").read_bytes() == b""


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_command_runs_without_a_console(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, name, None)

    def command() -> None:
        say("heard by nobody")
        complain("heard by nobody")

    assert run_command(command) == 0
    getattr(sys, name).close()


def test_a_character_that_the_console_cannot_show_is_a_question_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="ascii"))
    assert run_command(lambda: say("28 × 28")) == 0
    assert console.getvalue() == b"28 ? 28\n"


def test_an_alarm_is_printed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "stream").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        alarm("Stopping")
        assert (tmp_path / "stream").read_text() == "\nStopping\n"


def test_an_alarm_that_cannot_be_printed_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(sys, "stderr", FullDisk(writer))
    alarm("Stopping")
    os.close(writer)
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # as a notebook has it
    alarm("Stopping")


@pytest.fixture
def usual_ctrl_c() -> Iterator[None]:
    """A shell that starts pytest in the background makes it ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_ctrl_c")
def test_while_a_program_starts_ctrl_c_ends_it_at_once(capfd, monkeypatch) -> None:
    killed = []
    monkeypatch.setattr(os, "kill", lambda *call: killed.append(call))
    end_at_ctrl_c()
    signal.raise_signal(signal.SIGINT)
    assert killed == [(os.getpid(), signal.SIGINT)]  # as the system ends a program
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert capfd.readouterr() == ("", "\ninterrupted\n")


@pytest.mark.usefixtures("usual_ctrl_c")
def test_a_background_job_continues_to_ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_at_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.usefixtures("usual_ctrl_c")
def test_once_a_command_runs_ctrl_c_is_an_exception_again() -> None:
    end_at_ctrl_c()
    assert run_command(lambda: signal.raise_signal(signal.SIGINT)) == 130


def test_the_start_of_a_program_does_not_import_torch() -> None:
    program = "import minicnn.runs.console, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    "bug", [TypeError, KeyError, IndexError, AttributeError, RecursionError, AssertionError]
)
def test_a_bug_is_not_reported_as_a_user_error(bug: type[Exception]) -> None:
    with pytest.raises(bug):
        run_command(failing(bug("bug")))

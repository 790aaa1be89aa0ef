"""How the commands speak and fail: a line that helps, an exit code, and never a traceback."""

import errno
import io
import os
import sys
from pathlib import Path

import commands
import ctrl_c
import pytest
from commands import StoppedError, alarm, complain, run_command, say

from minicnn import data, parallel, runs


@pytest.fixture(autouse=True)
def script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["examples/train_mnist.py"])


class FullDisk(io.StringIO):
    """A stream that takes nothing, and has a place in the system that may be given away."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        return self.descriptor


def failing(error: BaseException):
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize("code", [0, 1])
def test_a_command_that_ends_has_its_own_exit_code(code: int, capsys) -> None:
    assert run_command(lambda: code) == code
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
def test_an_error_that_a_user_can_help_is_one_line(error: Exception, capsys) -> None:
    assert run_command(failing(error)) == 1
    assert capsys.readouterr() == ("", "train_mnist.py: error: lr must be positive\n")


def test_a_stopped_command_says_how_to_go_on(capsys) -> None:
    assert run_command(failing(StoppedError("stopped. To go on: …"))) == 130
    assert capsys.readouterr().err == "train_mnist.py: stopped. To go on: …\n"


def test_an_interrupted_command_says_so(capsys) -> None:
    assert run_command(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "train_mnist.py: interrupted\n"


@pytest.mark.parametrize("error", [KeyError("bug"), AssertionError("bug"), SystemExit(2)])
def test_an_error_that_only_we_can_help_is_not_hidden(error: BaseException) -> None:
    with pytest.raises(type(error)):
        run_command(failing(error))


def test_what_is_said_goes_to_stdout_and_complaints_to_stderr(capsys) -> None:
    say("Test, 97%")
    say("and", quiet=True)
    complain("not read")
    assert capsys.readouterr() == ("Test, 97%\n", "not read\n")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_command_goes_on_when_nobody_can_read_it(
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

    def command() -> int:
        say("heard by nobody")
        complain("heard by nobody")
        return 0

    assert run_command(command) == 0
    getattr(sys, name).close()


def test_a_letter_that_the_console_cannot_show_is_a_question_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="ascii"))
    assert run_command(lambda: say("28 × 28") or 0) == 0
    assert console.getvalue() == b"28 ? 28\n"


def test_an_alarm_is_heard_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "stream").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        alarm("Stopping")
        assert (tmp_path / "stream").read_text() == "\nStopping\n"


def test_an_alarm_that_nobody_hears_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(sys, "stderr", FullDisk(writer))
    alarm("Stopping")
    os.close(writer)
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # as a notebook has it
    alarm("Stopping")


def test_only_ctrl_c_loses_its_traceback_while_a_command_starts(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(sys, "__excepthook__", lambda *error: shown.append(error))
    ctrl_c.hook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == "interrupted\n"
    assert shown == []
    error = ImportError("no torch")
    ctrl_c.hook(ImportError, error, None)
    assert shown == [(ImportError, error, None)]


def test_the_list_of_expected_errors_has_no_bug_in_it() -> None:
    bugs = (TypeError, KeyError, IndexError, AttributeError, RecursionError, AssertionError)
    assert not any(issubclass(bug, commands.EXPECTED) for bug in bugs)

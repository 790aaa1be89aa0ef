"""Output and errors of the commands: a helpful line, an exit code, and never a traceback."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

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
from minicnn.runs.console import STOPS


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
    assert capfd.readouterr() == ("", "\ntrain_mnist.py: interrupted\n")


@pytest.mark.usefixtures("usual_ctrl_c")
def test_a_background_job_continues_to_ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_at_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


STOPPED_COMMAND = """
import signal, sys
from minicnn import runs
runs.end_at_ctrl_c()
def command():
    try:
        signal.raise_signal({number})
    finally:
        print("cleaned up")
sys.argv = ["train_mnist.py"]
sys.exit(runs.run_command(command))
"""


def slow(name: str) -> Any:
    """A signal that is tried with the slow tests: each takes a process of its own."""
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.skipif(os.name != "posix", reason="other systems end programs differently")
@pytest.mark.parametrize(
    "name", ["SIGINT", "SIGTERM", *map(slow, ["SIGHUP", "SIGXCPU", "SIGUSR1", "SIGUSR2"])]
)
def test_a_signal_lets_the_command_clean_up_and_then_ends_it(name: str) -> None:
    number = getattr(signal, name)
    program = STOPPED_COMMAND.format(number=int(number))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == -number  # as without a handler, which is how a shell sees it
    assert (run.stdout, run.stderr) == ("cleaned up\n", "train_mnist.py: interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="other systems end programs differently")
@pytest.mark.parametrize("name", ["SIGHUP", *map(slow, ["SIGINT", "SIGTERM"])])
def test_a_signal_that_is_ignored_stays_ignored(name: str) -> None:
    number = int(getattr(signal, name))
    program = f"import signal; signal.signal({number}, signal.SIG_IGN)\n"
    program += STOPPED_COMMAND.format(number=number)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "cleaned up\n", "")


@pytest.mark.usefixtures("usual_ctrl_c")
def test_after_a_command_the_old_handlers_are_back() -> None:
    before = [signal.getsignal(number) for number in STOPS]
    during = []
    run_command(lambda: during.extend(map(signal.getsignal, STOPS)))
    assert not {id(handler) for handler in during} & {id(signal.default_int_handler)}
    assert [signal.getsignal(number) for number in STOPS] == before


def test_in_a_thread_a_command_leaves_the_signals_alone() -> None:
    codes = []
    thread = threading.Thread(target=lambda: codes.append(run_command(lambda: None)))
    thread.start()
    thread.join()
    assert codes == [0]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), ""),
        (torch.OutOfMemoryError("CUDA out of memory.\nTried"), "CUDA out of memory."),
        (
            RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            "[enforce fail] . DefaultCPUAllocator: can't allocate memory: 9 bytes",
        ),
    ],
)
def test_too_little_memory_is_one_line(error: Exception, told: str, capsys) -> None:
    assert run_command(failing(error)) == 1
    line = f"train_mnist.py: error: not enough memory; smaller batches may help. {told}"
    assert capsys.readouterr() == ("", line.rstrip() + "\n")


def test_torch_itself_reports_too_little_memory_in_this_way(capsys) -> None:
    assert run_command(lambda: torch.empty(2**55)) == 1
    assert "error: not enough memory; smaller batches may help. " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("seven.png", "seven.png"),
        ("sieben²/七.png", "sieben²/七.png"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x07\x7f\x9b", "a\\rb\\x07\\x7f\\x9b"),
        ("left\u202eright\u2028", "left\\u202eright\\u2028"),
        (os.fsdecode(b"caf\xe9.png"), "caf\\udce9.png"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_is_printed_is_plain_text(name: str, shown: str, capsys) -> None:
    say(name)
    complain(name)
    assert capsys.readouterr() == (f"{shown}\n", f"{shown}\n")


def test_the_start_of_a_program_does_not_import_torch() -> None:
    program = "import minicnn.runs.console, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    "bug", [TypeError, KeyError, IndexError, AttributeError, RecursionError, AssertionError]
)
def test_a_bug_is_not_reported_as_a_user_error(bug: type[Exception]) -> None:
    with pytest.raises(bug):
        run_command(failing(bug("bug")))


def test_one_line_has_no_newline_and_changes_nothing_else() -> None:
    assert runs.one_line("a\nb\n\u00e9\t") == "a\\nb\\n\u00e9\t"

"""Whatever a submission does to end, to fool or to hold the grader, it is not right."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn.exercises import submission
from minicnn.exercises.__main__ import main
from minicnn.exercises.calls import Outcome
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.check import check_file
from minicnn.exercises.report import report
from minicnn.exercises.submission import BROKE, LATE, Submission, UnreadableError

from .grading import hand_in, own_words
from .wrong import WRONG_ANSWERS
from .wrong.wrong_answer import right_answer

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and process groups")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

# --- The grader's side, with a process that starts at once --------------------------------------

STAND_IN = """
import json, os, signal, sys, time
def reply(**data):
    sys.stdout.buffer.write(json.dumps(data).encode() + b"\\n")
    sys.stdout.buffer.flush()
for line in sys.stdin.buffer:
    request = json.loads(line)
    if request["do"] == WHEN:
        ACTION
    right = {"got": 1, "fault": None, "after": {}, "seconds": 0.0}
    reply(id=request["id"], names=["relu_backward", "output_size"], printed="", **right)
"""

started: list["subprocess.Popen[bytes]"] = []


def replace_process(monkeypatch: pytest.MonkeyPatch, when: str, action: str) -> None:
    """Replace the process by one that takes an action at a request, else answers 1."""
    code = STAND_IN.replace("WHEN", repr(when)).replace("ACTION", action)

    def start() -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        command = [sys.executable, "-S", "-c", code]
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True))
        return started[-1]

    monkeypatch.setattr(submission, "_start", start)
    monkeypatch.setattr(submission, "SECONDS", 1.0)
    monkeypatch.setattr(submission, "GRACE", 0.0)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    started.clear()
    return partial(replace_process, monkeypatch)


def first_answer() -> Outcome:
    with Submission() as process:
        process.load(Path("mine.py"), "", EXERCISES)
        return process.answers("output_size")({"size": 3})


def test_the_stand_in_answers(stand_in) -> None:
    stand_in("never", "pass")
    outcome = first_answer()
    assert (outcome.got, outcome.fault) == (1, None)


def by_signal(number: int) -> str:
    return f"ended Python by signal {number} ({signal.strsignal(number)})."


ENDS = [
    pytest.param("os._exit(0)", "ended Python (exit code 0).", id="exit 0"),
    pytest.param("os._exit(7)", "ended Python (exit code 7).", id="exit 7"),
    pytest.param("sys.exit()", "ended Python (exit code 0).", id="sys.exit"),
    pytest.param("os.kill(os.getpid(), 9)", by_signal(9), id="SIGKILL", marks=posix),
    pytest.param("os.kill(os.getpid(), 15)", by_signal(15), id="SIGTERM", marks=posix),
    pytest.param("os.kill(os.getpid(), 11)", by_signal(11), id="a crash", marks=posix),
    pytest.param("os.killpg(0, 9)", by_signal(9), id="its own group", marks=posix),
    pytest.param("os.close(1); time.sleep(60)", BROKE, id="a closed pipe"),
    pytest.param("os.write(1, b'{}\\n')", BROKE, id="an empty reply"),
    pytest.param("os.write(1, b'\\n')", BROKE, id="an empty line"),
    pytest.param("os.write(1, b'null\\n')", BROKE, id="null"),
    pytest.param("os.write(1, b'right\\n')", BROKE, id="no JSON"),
    pytest.param("os.write(1, b'\\xff\\n')", BROKE, id="no text"),
    pytest.param("os.write(1, b'[' * 60000 + b'\\n')", BROKE, id="deep JSON"),
    pytest.param("reply(id=99)", BROKE, id="a reply to no request"),
    pytest.param("reply(id=request['id'])", BROKE, id="an incomplete reply"),
    pytest.param("reply(id=request['id'], names=3, printed=4)", BROKE, id="wrong types"),
    pytest.param(
        'os.write(1, b\'{"id": 3, "got": 1\'); os._exit(0)',
        "ended Python (exit code 0).",
        id="half a reply",
    ),
    pytest.param("while True: os.write(1, b'x' * 65536)", BROKE, id="no end of a reply"),
]


@pytest.mark.parametrize(("action", "words"), ENDS)
def test_every_end_of_a_call_is_a_fault_and_the_process_is_gone(action, words, stand_in) -> None:
    stand_in("call", action)
    outcome = first_answer()
    assert outcome.got is None
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.words) == ("ended", f"It {words}")
    assert [process.poll() is not None for process in started] == [True]


@pytest.mark.parametrize(("action", "words"), ENDS)
def test_every_end_of_the_import_makes_a_file_unreadable(action, words, stand_in) -> None:
    stand_in("load", action)
    with pytest.raises(UnreadableError) as error:
        first_answer()
    assert str(error.value) == f"Importing the file {words}"
    assert [process.poll() is not None for process in started] == [True]


@pytest.mark.slow
def test_silence_is_a_fault(stand_in) -> None:
    stand_in("call", "time.sleep(60)")
    outcome = first_answer()
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.words) == ("time", LATE.format(1.0))
    stand_in("load", "time.sleep(60)")
    words = "did not finish within 1 seconds and cannot be interrupted"
    with pytest.raises(UnreadableError, match=words):
        first_answer()
    assert [process.poll() is not None for process in started] == [True, True]


def test_a_second_reply_is_not_taken_for_the_next_one(stand_in) -> None:
    two = {"got": 2, "fault": None, "after": {}, "printed": "", "seconds": 0.0}
    stand_in("call", f"reply(id=request['id'], **{two})")
    with Submission() as process:
        process.load(Path("mine.py"), "", EXERCISES)
        answer = process.answers("output_size")
        assert answer({}).got == 2
        second = answer({})
    assert second.got is None
    assert second.fault is not None
    assert second.fault.words == f"It {BROKE}"


def test_a_process_that_does_not_start_is_reported(stand_in) -> None:
    stand_in("start", "os._exit(1)")
    with pytest.raises(UnreadableError, match=r"^Python could not be started for the file.$"):
        first_answer()


@pytest.mark.parametrize("names", ["[]", "{}", "''", "['other']", "[1]"])
def test_a_file_that_claims_no_exercise_is_not_right(names, stand_in, capsys, tmp_path) -> None:
    stand_in("load", f"reply(id=request['id'], names={names}, printed=''); continue")
    (tmp_path / "mine.py").write_text("")
    assert main(["check", str(tmp_path / "mine.py")]) == 2
    assert capsys.readouterr().out == f"{tmp_path / 'mine.py'}: It has no exercise.\n"


def test_only_the_head_of_a_message_is_not_indented(stand_in) -> None:
    text = "no\\n\\nrelu_backward: right. 80 cases\\x1b[2K"
    stand_in("load", f"reply(id=request['id'], printed='1 of 1 right', unreadable='{text}')")
    with pytest.raises(UnreadableError) as error:
        first_answer()
    assert str(error.value).splitlines() == [
        "no",
        "  ",
        "  relu_backward: right. 80 cases?[2K",
        "  It printed:",
        "  1 of 1 right",
    ]


def test_after_an_end_later_calls_have_the_same_fault_and_the_next_exercise_starts_anew(
    stand_in,
) -> None:
    stand_in("call", "if request['name'] == 'relu_backward': os._exit(0)")
    with Submission() as process:
        names, _ = process.load(Path("mine.py"), "", EXERCISES)
        assert names == ["output_size", "relu_backward"]
        answer = process.answers("relu_backward")
        faults = [answer({}).fault for _ in range(3)]
        assert len(started) == 1
        assert faults[0] is not None
        assert faults == [faults[0]] * 3
        assert process.answers("output_size")({}).got == 1
        assert len(started) == 2


def test_after_a_silence_the_next_exercise_starts_anew(stand_in) -> None:
    stand_in("call", "if request['name'] == 'relu_backward': time.sleep(60)")
    with Submission() as process:
        process.load(Path("mine.py"), "", EXERCISES)
        fault = process.answers("relu_backward")({}).fault
        assert fault is not None
        assert fault.kind == "time"
        assert started[0].poll() is not None
        assert process.answers("output_size")({}).got == 1


def test_all_calls_together_have_a_limit(stand_in, monkeypatch) -> None:
    monkeypatch.setattr(submission, "TOTAL_SECONDS", 0.5)
    stand_in("call", "time.sleep(0.3)")
    with Submission() as process:
        process.load(Path("mine.py"), "", EXERCISES)
        answer = process.answers("output_size")
        outcomes = [answer({}) for _ in range(4)]
        assert [outcome.got for outcome in outcomes] == [1, 1, None, None]
        assert outcomes[-1].fault is not None
        words = "All its calls together took more than 0 seconds."
        assert (outcomes[-1].fault.kind, outcomes[-1].fault.words) == ("time", words)
        assert process.answers("relu_backward")({}).got == 1  # each exercise has its own time


def test_an_interruption_ends_the_process(stand_in) -> None:
    stand_in("never", "pass")
    with pytest.raises(KeyboardInterrupt), Submission():
        raise KeyboardInterrupt
    assert started[0].poll() is not None


def test_an_interruption_while_a_thread_starts_ends_the_process(stand_in, monkeypatch) -> None:
    def interrupt(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    stand_in("never", "pass")
    with Submission() as process:
        process.start()
        monkeypatch.setattr(threading.Thread, "start", interrupt)
        with pytest.raises(KeyboardInterrupt):
            process.start()
    assert started[0].poll() is not None
    for pipe in (started[0].stdin, started[0].stdout):
        assert pipe is not None
        assert pipe.closed


@settings(max_examples=10)
@given(st.binary(max_size=50))
def test_no_bytes_are_a_right_answer(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        replace_process(patch, "call", f"os.write(1, {content!r} + b'\\n'); os._exit(0)")
        outcome = first_answer()
    assert outcome.got is None
    assert outcome.fault is not None
    assert outcome.fault.words == f"It {BROKE}"


# --- Real submissions ---------------------------------------------------------------------------

SIGNATURE = "def relu_backward(grad, input):\n"
ANSWER = f"{SIGNATURE}    return grad * (input > 0)\n"
ID = f"{SIGNATURE}    return grad\n"  # wrong
FAKE = "relu_backward: right. 80 cases agree with torch."


def ends(head: str) -> str:
    return f"{head}\n{ANSWER}"


def inside(line: str) -> str:
    return f"import os, signal, time\n{SIGNATURE}    {line}\n    return grad\n"


HOSTILE = {
    "exits when it is imported": ends("import os; os._exit(0)"),
    "exits by an exception when it is imported": ends("raise SystemExit(0)"),
    "exits at once in another thread": ends(
        "import os, threading; threading.Thread(target=os._exit, args=(0,)).start()\n"
        "import time; time.sleep(9)"
    ),
    "exits in a call": inside("os._exit(0)"),
    "raises SystemExit": inside("raise SystemExit(0)"),
    "raises KeyboardInterrupt": inside("raise KeyboardInterrupt"),
    "kills its group": inside("os.killpg(0, signal.SIGKILL)"),
    "crashes": inside("import ctypes; ctypes.string_at(0)"),
    "prints a verdict and exits": inside(f"print({FAKE!r}, flush=True); os._exit(0)"),
    "writes a verdict to every file": "import os\nfrom contextlib import suppress\n"
    f"{SIGNATURE}    for fd in range(200):\n        with suppress(OSError):\n"
    f"            os.write(fd, b'\\n{FAKE}\\n')\n    return grad\n",
    "replaces sys.stdout": "import sys\nsys.stdout = sys.stderr = sys.__stderr__\n"
    f"print({FAKE!r})\n{ID}",
    "opens the terminal": f"try: print({FAKE!r}, file=open('/dev/tty', 'w'))\n"
    f"except OSError: pass\n{ID}",
    "closes every file": f"import os\nos.closerange(0, 200)\n{ANSWER}",
    "closes every file in a call": inside("os.closerange(0, 200)"),
    "patches torch": "import torch\ntorch.isclose = lambda *a, **k: torch.tensor(True)\n"
    "torch.Tensor.equal = lambda *a: True\n"
    f"torch.Tensor.nonzero = lambda x: torch.zeros(0, 1)\n{ID}",
    "patches the grader": "import sys\nfor name, module in list(sys.modules.items()):\n"
    "    if name.startswith('minicnn'):\n"
    "        for key in ('compare', 'near', 'try_case', 'judge', 'report', '_changed'):\n"
    "            if hasattr(module, key): setattr(module, key, lambda *a, **k: None)\n"
    "import minicnn.exercises.judge, minicnn.exercises.compare\n"
    "minicnn.exercises.compare.compare = lambda *a: None\n"
    f"minicnn.exercises.judge.Verdict.right = True\n{ID}",
    "patches json": f"import json\njson.dumps = lambda data: '{{}}'\n{ANSWER}",
    "patches the wire": "import sys\nsys.modules['__main__'].encode_outcome = "
    f"lambda outcome: {{'right': True, 'verdict': 'right'}}\n{ANSWER}",
    "returns what equals everything": "import torch\nclass Any(torch.Tensor):\n"
    "    def __eq__(self, other): return torch.tensor(True)\n"
    "    def __torch_function__(self, *a, **k): return torch.tensor(True)\n"
    f"{SIGNATURE}    return Any()\n",
    "answers twice": inside("os.fork()").replace("return grad", "return grad * (input > 0)"),
    "is without end": "while True:\n    try:\n        while True: pass\n"
    f"    except BaseException: pass\n{ANSWER}",
    "stops": inside("os.kill(os.getpid(), signal.SIGSTOP)"),
    "eats memory": inside("x = [bytearray(2**33) for _ in range(99)]"),
    "empties the environment": f"import os, sys\nos.environ.clear()\nsys.path.clear()\n{ID}",
    "changes the folder": f"import os\nos.chdir('/')\n{ID}",
    "raises the limit of the recursion": "import sys\nsys.setrecursionlimit(10**9)\n"
    f"{SIGNATURE}    return relu_backward(grad, input)\n",
}


@pytest.mark.slow
@linux
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_submission_does_is_a_pass(name, tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(submission, "GRACE", 0.5)
    path = tmp_path / "mine.py"
    path.write_text(HOSTILE[name], encoding="utf-8")
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    before = dict(os.environ)
    code = main(["check", str(path)])
    out, err = capfd.readouterr()
    assert code in (1, 2), out
    assert err == ""
    assert "Traceback" not in out
    heads = [line for line in out.splitlines() if line and not line.startswith("  ")]
    assert heads
    for head in heads:
        assert head.startswith((f"{path}: ", "relu_backward: not right yet.", "The file printed:"))
    assert dict(os.environ) == before
    assert Path.cwd() != Path("/")
    assert torch.isclose(torch.ones(1), torch.zeros(1)).tolist() == [False]


@pytest.mark.slow
@linux
@pytest.mark.parametrize(
    "line",
    [
        "os.kill(os.getppid(), signal.SIGKILL)",
        "os.kill(os.getppid(), signal.SIGTERM)",
        "os.kill(os.getppid(), signal.SIGINT)",
        "os._exit(0)",
    ],
)
def test_the_command_does_not_exit_with_0(line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(inside(f"{line}; time.sleep(1)"))
    run = subprocess.run(
        [sys.executable, "-m", "minicnn.exercises", "check", "mine.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert run.returncode != 0
    assert "right." not in run.stdout


@pytest.mark.slow
@linux
def test_what_a_submission_has_started_is_ended_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    path = tmp_path / "mine.py"
    path.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n{ANSWER}"
    )
    assert [verdict.right for verdict in check_file(path, lambda text: None)] == [True]
    status = Path("/proc") / note.read_text() / "stat"
    until = time.monotonic() + 5
    while status.exists() and status.read_text().split()[2] != "Z":  # Z: ended, not yet reaped
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
@linux
def test_memory_that_is_not_there_is_an_error_of_the_function(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(inside("x = bytearray(2**33)"))
    shown: list[str] = []
    check_file(path, shown.append)
    assert "It raised MemoryError" in shown[0]


@pytest.mark.slow
def test_the_other_exercises_are_judged_after_one_that_ends_its_process(tmp_path, capsys) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import os\ndef relu_backward(grad, input):\n    os._exit(0)\n"
        "def conv2d_grad_bias(grad):\n    return grad.sum((0, 2, 3))\n"
        + right_answer("log_softmax"),
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "conv2d_grad_bias: right." in out
    assert "  It ended Python (exit code 0).\n" in out
    assert "log_softmax: right." in out
    assert out.endswith("2 of 3 right.\n")


@pytest.mark.slow
def test_what_the_file_prints_is_quoted(tmp_path: Path, capfd) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"import os, sys\nprint({FAKE!r}); print('x\\ry', file=sys.stderr)\n{ID}")
    assert main(["check", str(path)]) == 1
    out, err = capfd.readouterr()
    printed = f"The file printed:\n    {FAKE}\n    x\n    y\n\n"
    assert out.startswith(f"{printed}relu_backward: not right yet.")
    assert err == ""


@pytest.mark.slow
def test_in_its_own_process_every_answer_has_the_same_verdict_as_here(tmp_path: Path) -> None:
    path = tmp_path / "all.py"
    path.write_text("\n\n".join(right_answer(name) for name in EXERCISES), encoding="utf-8")
    shown: list[str] = []
    verdicts = check_file(path, shown.append)
    assert [verdict.exercise.name for verdict in verdicts] == list(EXERCISES)
    reports, times = shown[: len(EXERCISES)], shown[len(EXERCISES) :]
    assert [text for text in reports if ": right. " not in text] == []
    assert [text.startswith("The time of a call:\n") for text in times] in ([], [True])
    wrong = {answer.exercise: answer for answer in WRONG_ANSWERS[::15]}
    path.write_text("\n\n".join(answer.file for answer in wrong.values()), encoding="utf-8")
    for verdict in check_file(path, lambda text: None):
        name = verdict.exercise.name
        here = hand_in(name, wrong[name].file, tmp_path)
        assert own_words(report(verdict)) == own_words(report(here))


def test_a_file_that_is_not_there_is_reported_without_a_wait(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(UnreadableError, match=r"^The file does not exist.$"):
        check_file(tmp_path / "none.py")
    assert time.monotonic() - begin < 1


@posix
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo] if hasattr(os, "mkfifo") else [os.mkdir])
def test_what_is_no_file_is_reported_and_not_waited_for(make, tmp_path, capsys) -> None:
    path = tmp_path / "mine.py"
    make(path)
    assert main(["check", str(path)]) == 2
    words = f"{path}: The file cannot be read as Python: {path} is not a file\n"
    assert capsys.readouterr().out == words


@posix
def test_the_name_of_a_file_does_not_look_like_a_verdict(tmp_path: Path, capsys) -> None:
    assert main(["check", f"{tmp_path}/a\n{FAKE}"]) == 2
    assert capsys.readouterr().out == f"{tmp_path}/a?{FAKE}: The file does not exist.\n"

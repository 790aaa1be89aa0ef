"""A learner's files in a process of their own, which is asked for one result after another."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicnn.exercises.deadline import GRACE, SECONDS

if TYPE_CHECKING:
    from minicnn.exercises.calls import Answer, Outcome

START_SECONDS = 120.0  # for Python to start and to import torch
TOTAL_SECONDS = 120.0  # for all calls of one function
MOST_BYTES = 2**24  # in a reply
BROKE = "broke the connection to the grader."
LATE = (
    "It did not return within {:.0f} seconds and cannot be interrupted.\n"
    "Is there a bare `except:` that catches everything, or does it wait for input?"
)


class UnreadableError(Exception):
    """A file without a usable exercise; the message is for the learner."""


class EndedError(Exception):
    """The process has ended without a reply; the message says how, to follow "It "."""


class LateError(Exception):
    """The process has not replied in time, and was ended."""


class Submission:
    """The process of a learner's files (`minicnn.exercises.runner`).

    A file cannot change what the grader does: it runs in another process and in another process
    group, without the terminal, and only the numbers that its functions return come back. Every
    way to end the process, every silence and every reply that is none is a fault.

    Two things this cannot do. It does not protect the computer: the file runs with the rights of
    whoever checks it, and could change minicnn itself on the disk. And whether a function uses
    ready-made ones is seen only in the file's own process, which can be kept from seeing it.

    Example:
        >>> with Submission() as submission:
        ...     text = "import os; relu_backward = lambda grad, input: os._exit(0)"
        ...     submission.load(Path("mine.py"), text, ["relu_backward"])
        ...     answer = submission.answers("relu_backward")
        ...     answer({"grad": 1, "input": 2}).fault.words
        (['relu_backward'], '')
        'It ended Python (exit code 0).'
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._files: list[dict[str, Any]] = []  # as they were loaded, to load them again
        self._requests = 0
        self._exchanged = threading.Event()  # no thread waits for a reply
        self._exchanged.set()

    def __enter__(self) -> "Submission":
        self._process = _start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def load(self, path: Path, text: str, names: Iterable[str]) -> tuple[list[str], str]:
        """Run a file, beside those that were loaded before.

        Args:
            path: where it is.
            text: its content.
            names: the names of the exercises to look for.

        Returns:
            The names that it defines, and what it printed.

        Raises:
            UnreadableError: it cannot be run, does not end, or defines none of the names.
        """
        from minicnn.exercises.wire import plain

        file = {"path": str(path), "text": text, "names": list(names)}
        self.start()
        try:
            reply = self._ask({"do": "load", **file}, SECONDS + GRACE)
            printed = plain(reply["printed"])
            why = plain(reply["unreadable"]) if "unreadable" in reply else ""
            found = [] if why else [name for name in file["names"] if name in reply["names"]]
        except EndedError as error:
            raise UnreadableError(f"Importing the file {error}") from None
        except LateError:
            seconds = f"{SECONDS + GRACE:.0f} seconds"
            raise UnreadableError(
                f"Importing the file did not finish within {seconds} and cannot be interrupted."
            ) from None
        except Exception:  # whatever the file has sent in place of a reply
            raise UnreadableError(f"Importing the file {BROKE}") from None
        if not found:
            quoted = f"\nIt printed:\n{printed}" if printed else ""
            raise UnreadableError(_indented((why or "It has no exercise.") + quoted))
        self._files.append({**file, "names": found})
        return found, printed

    def start(self) -> None:
        """Wait until the process answers; if it has ended, start it and load its files again.

        Raises:
            UnreadableError: it does not start, or the files cannot be run a second time.
        """
        files: list[dict[str, Any]] = []
        if self._process is None:
            self._process, files, self._files = _start(), self._files, []
        try:
            self._ask({"do": "start"}, START_SECONDS)
        except (EndedError, LateError):
            raise UnreadableError("Python could not be started for the file.") from None
        for file in files:
            self.load(Path(file["path"]), file["text"], file["names"])

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return the reply, which is data from the learner's process.

        Raises:
            EndedError: the process has ended, or has sent something that is no reply.
            LateError: it has not replied in this time, and was ended.
        """
        if self._process is None:
            raise EndedError(BROKE)
        try:
            return self._ask(request, seconds)
        except (EndedError, LateError):
            raise
        except Exception:  # whatever the file has sent in place of a reply
            self._end()
            raise EndedError(BROKE) from None

    def answers(
        self,
        name: str,
        seconds: float | None = None,
        grace: float | None = None,
        watched: bool = True,
    ) -> "Answer":
        """Return a function that asks for the outcome of a call of the function of this name.

        If the process has ended, it is started anew. When it ends during a call, this call and all
        later ones have the same fault.

        Args:
            name: the name of the function.
            seconds: the time for a call; by default a few.
            grace: further seconds until its process is killed; by default a few.
            watched: whether to look for ready-made functions, which makes a call slower.

        Raises:
            UnreadableError: the file could be run before, but not again.
        """
        # Imported here, as it imports torch, and the process should have started before.
        from minicnn.exercises.calls import Outcome
        from minicnn.exercises.compare import Fault
        from minicnn.exercises.wire import decode_outcome, encode

        if self._process is None:
            self.start()
        limit = seconds or SECONDS
        patience = limit + (GRACE if grace is None else grace)
        request = {"do": "call", "name": name, "seconds": limit, "watched": watched}
        total = 10 * seconds if seconds else TOTAL_SECONDS
        until = time.monotonic() + total
        fault: Fault | None = None

        def answer(arguments: dict[str, Any]) -> "Outcome":
            nonlocal fault
            if fault is None and time.monotonic() > until:
                words = f"All its calls together took more than {total:.0f} seconds."
                fault = Fault("time", words)
            if fault:
                return Outcome(None, fault, arguments)
            data = {key: encode(value) for key, value in arguments.items()}
            try:
                reply = self._ask({**request, "arguments": data}, patience)
                return decode_outcome(reply)
            except LateError:
                fault = Fault("time", LATE.format(patience))
            except EndedError as error:
                fault = Fault("ended", f"It {error}")
            except Exception:  # whatever the file has sent in place of a reply
                self._end()
                fault = Fault("ended", f"It {BROKE}")
            return Outcome(None, fault, arguments)

        return answer

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return the reply.

        A thread waits for it, because not every system can wait for a pipe for a limited time. An
        event says that it is done, not the thread: Ctrl-C may come while the thread is starting.
        """
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests += 1
        line = json.dumps({**request, "id": self._requests}).encode() + b"\n"
        send, receive = process.stdin, process.stdout
        replies: list[bytes] = []

        def exchange() -> None:
            try:
                send.write(line)
                send.flush()
                replies.append(receive.readline(MOST_BYTES))
            except (OSError, ValueError):
                pass  # the process has ended
            finally:
                exchanged.set()

        self._exchanged = exchanged = threading.Event()
        thread = threading.Thread(target=exchange, daemon=True)
        try:
            thread.start()
        finally:
            if thread.ident is None:  # interrupted before it began
                exchanged.set()
        if not exchanged.wait(seconds):
            self._end()
            raise LateError
        if not replies or not replies[0].endswith(b"\n"):
            raise EndedError(self._how_it_ended())
        reply = json.loads(replies[0])
        if reply["id"] != self._requests:
            raise ValueError(f"the reply must be to {self._requests}, got {reply['id']}")
        return reply

    def _how_it_ended(self) -> str:
        """Say how the process ended after its last reply, to follow "It "."""
        assert self._process is not None
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:  # it still runs, and has closed its pipe
            return BROKE
        finally:
            self._end()
        if code >= 0:
            return f"ended Python (exit code {code})."
        return f"ended Python by signal {-code} ({signal.strsignal(-code)})."

    def _end(self) -> None:
        """Kill the process, if it runs, and those that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if self._exchanged.wait(1):  # else a process that left the group has the pipe
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(OSError):
                    pipe.close()
        process.wait()


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "minicnn.exercises.runner"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # where minicnn is
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # no terminal to write to, and a group that can be killed
    )


def _indented(text: str) -> str:
    """Indent a learner's text from its second line on: only the grader's own begins a line."""
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"  {line.strip()}" for line in rest)])

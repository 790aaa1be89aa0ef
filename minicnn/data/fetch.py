"""The download process: torchvision's download, with a watchdog that ends a stalled one.

``minicnn.data.download`` starts it as ``python -m minicnn.data.fetch JOB``. It is a separate
process because a download that hangs, for example in the system's name resolution, cannot be
interrupted from within Python: only a whole process can be terminated.
"""

import json
import os
import re
import socket
import sys
import threading
import time
from collections import deque
from typing import Any

LEAST_RATE = 1000  # bytes per second, which an old modem reaches


def fetch(
    dataset: str,
    folder: str,
    stall_seconds: float,
    mirrors: list[str] | None,
    resources: list[tuple[str, str]] | None,
) -> None:
    """Download a torchvision dataset into ``folder``; see ``download`` for the arguments."""
    from torchvision import datasets

    source = getattr(datasets, dataset)
    source.mirrors = mirrors or source.mirrors
    source.resources = resources or source.resources
    end_when_slow(stall_seconds)
    options = {"split": "letters"} if dataset == "EMNIST" else {}  # any: one archive has them all
    source(folder, **options, download=True)


def end_when_slow(seconds: float) -> None:
    """End this process when less than ``LEAST_RATE`` · ``seconds`` bytes came within ``seconds``.

    This holds for every period of that length, connecting included. So a server can neither be
    silent for longer, nor hold the process for ever with a byte now and then: n bytes take at most
    about n / ``LEAST_RATE`` seconds.

    Every response is read through ``SocketIO.readinto``, so data is noticed there. The files are
    not enough: torchvision writes them in chunks of 32 KiB, and a connection that is slow to fill
    one has not stalled.
    """
    received = 0
    read = socket.SocketIO.readinto

    def readinto(self: socket.SocketIO, b: Any) -> int | None:
        nonlocal received
        count = read(self, b)
        received += count or 0
        return count

    def watch() -> None:
        marks = deque([(time.monotonic(), 0)])  # when, and the bytes received until then
        while True:
            time.sleep(seconds / 20)
            marks.append((time.monotonic(), received))
            while marks[-1][0] - marks[1][0] >= seconds:
                marks.popleft()
            count = marks[-1][1] - marks[0][1]
            if marks[-1][0] - marks[0][0] >= seconds and count < LEAST_RATE * seconds:
                break
        print(file=sys.stderr)  # an interrupted progress bar has no final newline
        if count:
            least = f"expected at least {LEAST_RATE * seconds:,.0f}"
            print(f"only {count:,} bytes received in {seconds:g} s, {least}", flush=True)
        else:
            print(f"no data received for {seconds:g} s", flush=True)
        os._exit(1)  # sys.exit would end only this thread

    socket.SocketIO.readinto = readinto
    threading.Thread(target=watch, daemon=True).start()


def reason(error: Exception) -> str:
    """Return the reason for a failed download in one line.

    torchvision lists "Tried <mirror>, got:" and the error for each mirror, often the same error.

    Example:
        >>> reason(RuntimeError("Error:\\nTried a, got:\\n<urlopen error timed out>\\n"))
        'timed out'
    """
    got = re.findall(r"got:\n(?:<urlopen error )?(.*?)>?\n", str(error))
    return "; ".join(dict.fromkeys(got)) or " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    try:
        fetch(**json.loads(sys.argv[1]))
    except Exception as error:
        print(reason(error))  # the parent process reads the last line of stdout
        sys.exit(1)

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
from typing import Any


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
    end_when_silent(stall_seconds)
    source(folder, download=True)


def end_when_silent(seconds: float) -> None:
    """End this process when the network has sent no data for ``seconds``.

    Every response is read through ``SocketIO.readinto``, so data is noticed there. The files are
    not enough: torchvision writes them in chunks of 32 KiB, and a connection that is slow to fill
    one has not stalled.
    """
    last = time.monotonic()
    read = socket.SocketIO.readinto

    def readinto(self: socket.SocketIO, b: Any) -> int | None:
        nonlocal last
        count = read(self, b)
        last = time.monotonic()
        return count

    def watch() -> None:
        while time.monotonic() - last < seconds:
            time.sleep(0.05)
        print(file=sys.stderr)  # an interrupted progress bar has no final newline
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

"""The process that downloads: torchvision's own download, under a watch that ends a silent one.

``minicnn.data.download`` starts it as ``python -m minicnn.data.fetch JOB``. It is a process of its
own because a download that hangs, in the system's name look-up for example, cannot be interrupted
from within Python: only a whole process can be given up on.
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
    """Download a dataset of torchvision's into ``folder``; ``download`` has the arguments."""
    from torchvision import datasets

    source = getattr(datasets, dataset)
    source.mirrors = mirrors or source.mirrors
    source.resources = resources or source.resources
    end_when_silent(stall_seconds)
    source(folder, download=True)


def end_when_silent(seconds: float) -> None:
    """End this process as soon as the network has sent no byte for ``seconds``.

    Every answer is read through ``SocketIO.readinto``, so that is where bytes are noticed. The
    files would tell too little: torchvision writes them in pieces of 32 KiB, and a slow line that
    takes long to fill one does not hang.
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
        print(file=sys.stderr)  # a progress bar that is cut short ends in no newline
        print(f"no byte came for {seconds:g} s", flush=True)
        os._exit(1)  # sys.exit would end this thread only

    socket.SocketIO.readinto = readinto
    threading.Thread(target=watch, daemon=True).start()


def reason(error: Exception) -> str:
    """Say in one line why a download failed.

    torchvision lists a "Tried <mirror>, got:" and the error for each mirror: often the same error.

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
        print(reason(error))  # the last line on stdout is the answer to the waiting process
        sys.exit(1)

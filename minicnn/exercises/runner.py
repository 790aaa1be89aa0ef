"""The process that a learner's file runs in: it loads the file and calls its functions.

The grader starts it as ``python -m minicnn.exercises.runner`` and sends requests, a line of JSON
each, which are answered in the same way. The results are compared in the grader's process. So a
file can break only its own process here: it can end it, but not change a verdict.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, BinaryIO

import torch

from minicnn.exercises.calls import call
from minicnn.exercises.deadline import SECONDS, Watchman
from minicnn.exercises.learner import exercises_in, load
from minicnn.exercises.submission import UnreadableError
from minicnn.exercises.trainer import REQUESTS, Trainer
from minicnn.exercises.wire import MOST_TEXT, decode, encode_outcome

MEMORY = 4 * 2**30  # bytes that a learner's file may use


def main() -> None:
    """Answer requests until there are no more."""
    requests, replies = pipes()
    torch.set_num_threads(1)
    torch.manual_seed(0)  # a function that draws random numbers fails in the same way each time
    limit_memory()
    functions: dict[str, Callable[..., Any]] = {}
    trainer = Trainer(functions)
    with Watchman() as watchman:
        for line in requests:
            request = json.loads(line)
            watchman.seconds = request.get("seconds", SECONDS)
            if request["do"] == "call":
                arguments = {name: decode(value) for name, value in request["arguments"].items()}
                function, watched = functions[request["name"]], request["watched"]
                reply = encode_outcome(call(function, arguments, watchman, watched))
            elif request["do"] == "load":
                reply = load_file(request, watchman, functions)
            elif request["do"] in REQUESTS:
                reply = trainer.reply(request)
            else:
                reply = {}
            replies.write(json.dumps({**reply, "id": request["id"]}).encode() + b"\n")
            replies.flush()


def load_file(
    request: dict[str, Any], watchman: Watchman, functions: dict[str, Callable[..., Any]]
) -> dict[str, Any]:
    """Load a file into ``functions``; return their names, or why that is not possible."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            module = load(Path(request["path"]), request["text"], watchman)
        functions.update(exercises_in(module, request["names"]))
    except UnreadableError as error:
        return {"unreadable": str(error), "printed": printed.getvalue()[:MOST_TEXT]}
    return {"names": list(functions), "printed": printed.getvalue()[:MOST_TEXT]}


def pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for requests and replies; what prints or reads there finds nothing."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    return requests, replies


def limit_memory() -> None:
    """On Linux, let an allocation of too much memory fail, before the machine runs out of it."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()

"""Ctrl-C while a command still imports its parts, which takes seconds: a word, and no traceback.

To be imported before them. Later on `commands` takes care.
"""

import sys
from types import TracebackType


def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say that somebody has interrupted the command; show any other error as usual."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = hook

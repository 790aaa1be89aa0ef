"""Crash-safe, resumable runs of training: a run is a folder.

settings    what a program can be told: options, config.json and resuming, from one declaration
console     how a command prints, fails and ends
session     what is saved while training, and when; what the user is told if it is cut off
folder      the names of a run's files; to begin a run and to find it again
config      config.json: all that is needed to repeat the run
history     metrics.csv
progress    last.pt and best.pt
trained     a trained network, read from its run
interrupt   Ctrl-C, once and twice
checkpoint  a tree in a file
atomic      files that are written whole or not at all
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.runs.names import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import torch only when a name is used: `console` is for the seconds before."""
    return getattr(importlib.import_module("minicnn.runs.names"), name)

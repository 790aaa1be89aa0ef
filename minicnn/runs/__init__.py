"""Crash-safe, resumable training runs: a run is a folder.

settings    the options of a program: command line, config.json and resuming from one declaration
console     printing, errors and exit codes of a command
session     what is saved during training, and when; the message if training is interrupted
folder      the files of a run; starting a run and finding it again
config      config.json: everything needed to repeat the run
history     metrics.csv
progress    last.pt and best.pt
alike       processes that train together compare what they are about to train
trained     a trained network, loaded from its run
interrupt   Ctrl-C, once and twice
checkpoint  a tree in a file
atomic      files that are written completely or not at all
"""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.runs.names import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Import torch only when a name is used: `console` must work before that."""
    if importlib.util.find_spec(f"{__name__}.{name}"):
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module("minicnn.runs.names"), name)

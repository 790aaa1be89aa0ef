"""Runs of training that nothing can spoil: a folder each, from which they can go on at any time.

folder      the names of its files, how it begins, how it is found again
config      what a run has to remember to be repeated
history     metrics.csv
progress    last.pt and best.pt
interrupt   Ctrl-C, once and twice
"""

from minicnn.runs.checkpoint import CheckpointError
from minicnn.runs.config import describe, digest, read_description
from minicnn.runs.folder import Run, RunError, begin, find, read_config, sweep
from minicnn.runs.history import read_metrics, write_metrics
from minicnn.runs.interrupt import interruptible
from minicnn.runs.progress import (
    Progress,
    Weights,
    is_finite,
    load,
    load_weights,
    save,
    save_best,
    start,
)

__all__ = [
    "CheckpointError",
    "Progress",
    "Run",
    "RunError",
    "Weights",
    "begin",
    "describe",
    "digest",
    "find",
    "interruptible",
    "is_finite",
    "load",
    "load_weights",
    "read_config",
    "read_description",
    "read_metrics",
    "save",
    "save_best",
    "start",
    "sweep",
    "write_metrics",
]

"""The public names of `minicnn.runs`."""

from minicnn.runs import atomic, checkpoint
from minicnn.runs.alike import check_alike
from minicnn.runs.checkpoint import CheckpointError
from minicnn.runs.config import check_data, describe, digest, read_description
from minicnn.runs.console import (
    CommandError,
    StoppedError,
    alarm,
    complain,
    end_at_ctrl_c,
    one_line,
    run_command,
    say,
)
from minicnn.runs.folder import (
    Run,
    RunError,
    begin,
    dated_folder,
    find,
    read_config,
    save_figures,
    show_figures,
    sweep,
)
from minicnn.runs.history import read_metrics, write_metrics
from minicnn.runs.interrupt import interruptible
from minicnn.runs.progress import (
    Progress,
    Weights,
    is_finite,
    load_progress,
    load_weights,
    new_progress,
    save_best,
    save_progress,
)
from minicnn.runs.session import DivergedError, Session, begin_or_resume
from minicnn.runs.settings import Settings, setting
from minicnn.runs.trained import Trained, initial_weights, load_trained

__all__ = [
    "CheckpointError",
    "CommandError",
    "DivergedError",
    "Progress",
    "Run",
    "RunError",
    "Session",
    "Settings",
    "StoppedError",
    "Trained",
    "Weights",
    "alarm",
    "atomic",
    "begin",
    "begin_or_resume",
    "check_alike",
    "check_data",
    "checkpoint",
    "complain",
    "dated_folder",
    "describe",
    "digest",
    "end_at_ctrl_c",
    "find",
    "initial_weights",
    "interruptible",
    "is_finite",
    "load_progress",
    "load_trained",
    "load_weights",
    "new_progress",
    "one_line",
    "read_config",
    "read_description",
    "read_metrics",
    "run_command",
    "save_best",
    "save_figures",
    "save_progress",
    "say",
    "setting",
    "show_figures",
    "sweep",
    "write_metrics",
]

"""minicnn: convolutional networks from scratch, in functional PyTorch, small enough to read.

functional  the maths, forward and backward, by hand; a twin of torch.nn.functional
layers      a layer is two functions: init and apply
models      ready-made networks
optim       an optimizer is two functions: init and update
train       training as a function from state to state
data        MNIST in memory, batches, augmentation
runs        a run is a folder, from which training can go on at any time
parallel    several processes that train one network
insight     seeing inside a trained network: saliency, calibration, principal components
viz         figures
report      a page about a run
"""

import importlib
from typing import TYPE_CHECKING, Any

from minicnn import (
    atomic,
    checkpoint,
    data,
    functional,
    init,
    insight,
    layers,
    metrics,
    models,
    naive,
    optim,
    parallel,
    runs,
    schedules,
    train,
    tree,
)
from minicnn.summaries import summary

if TYPE_CHECKING:
    from minicnn import report, viz

__all__ = [
    "atomic",
    "checkpoint",
    "data",
    "functional",
    "init",
    "insight",
    "layers",
    "metrics",
    "models",
    "naive",
    "optim",
    "parallel",
    "report",
    "runs",
    "schedules",
    "summary",
    "train",
    "tree",
    "viz",
]

DRAWING = ("report", "viz")  # imported when they are first used: matplotlib takes a while


def __getattr__(name: str) -> Any:
    if name in DRAWING:
        return importlib.import_module(f"minicnn.{name}")
    raise AttributeError(f"module 'minicnn' has no attribute {name!r}")

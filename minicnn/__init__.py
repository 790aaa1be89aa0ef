"""minicnn: convolutional networks from scratch, in functional PyTorch, small enough to read.

functional  the maths, forward and backward, by hand; a twin of torch.nn.functional
naive       the same as loops and by the definition: the place to start reading
layers      a layer is two functions: init and apply
models      ready-made networks
init        initial weights
optim       an optimizer is two functions: init and update; learning-rate schedules
train       training as a function from state to state
metrics     accuracy, the confusion matrix
tree        nested tuples and dicts of tensors
data        images in memory, batches, augmentation
runs        a run is a folder, from which training can resume at any step
parallel    several processes that train one network
insight     numbers about a trained network: saliency, calibration, principal components
viz         figures
pages       HTML: the report of a run
exercises   tasks that grade themselves
testing     hypothesis strategies, and the comparison of a function with its torch twin
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn import (
        data,
        functional,
        init,
        insight,
        layers,
        metrics,
        models,
        naive,
        optim,
        pages,
        parallel,
        runs,
        train,
        tree,
        viz,
    )
    from minicnn.layers import summary

    __version__: str

__all__ = [
    "data",
    "functional",
    "init",
    "insight",
    "layers",
    "metrics",
    "models",
    "naive",
    "optim",
    "pages",
    "parallel",
    "runs",
    "summary",
    "train",
    "tree",
    "viz",
]


def __getattr__(name: str) -> Any:
    """Look a name up when it is first used: to import torch and matplotlib takes seconds."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("minicnn")
    if name == "summary":
        return importlib.import_module("minicnn.layers").summary
    if name in __all__:
        return importlib.import_module(f"minicnn.{name}")
    raise AttributeError(f"module 'minicnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Whether two runs have ended the same, to the last bit."""

import json
from pathlib import Path
from typing import Any

import torch

from minicnn import runs, tree
from minicnn.runs import Run, atomic, checkpoint

TIMES = ("images_per_second", "elapsed_seconds", "seconds")  # which differ in every run


def differences(first: Path, second: Path) -> list[str]:
    """Return the names of what differs between two runs, except their times."""
    return compare(end_of(Run(first)), end_of(Run(second)))


def compare(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Return the names of the parts in which two ends differ."""
    parts = sorted(first.keys() | second.keys())
    return [part for part in parts if not same(first.get(part), second.get(part))]


def end_of(run: Run) -> dict[str, Any]:
    """Read everything that training left in a folder except figures, and any leftover files."""
    end = {f"metrics.csv row {i}": timeless(row) for i, row in enumerate(runs.read_metrics(run))}
    for file in (run.last, run.best):
        contents: Any = checkpoint.load(file) if file.exists() else {"there": False}
        if "progress" in contents:
            contents["progress"]["history"] = tuple(json.loads(contents["progress"]["history"]))
        leaves = zip(tree.paths(contents), tree.leaves(contents), strict=True)
        end |= {f"{file.name} {path}": leaf for path, leaf in leaves}
    for folder in (run.folder, run.figures):
        end |= {f"leftover {path.name}": True for path in atomic.leftovers(folder)}
    return timeless(end)


def timeless(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values without the times; the paths of leaves end with the same names."""
    return {key: value for key, value in values.items() if not key.endswith(TIMES)}


def same(a: Any, b: Any) -> bool:
    """Return whether tensors, numbers or rows of numbers are equal to the last bit."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return (
            a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
        )
    return type(a) is type(b) and repr(a) == repr(b)

"""Whether two runs have come to the same end, to the last bit."""

import json
from pathlib import Path
from typing import Any

import torch

from minicnn import runs, tree
from minicnn.runs import Run, atomic, checkpoint

TIMES = ("images_per_second", "elapsed_seconds", "seconds")  # of which no two are the same


def differences(first: Path, second: Path) -> list[str]:
    """Name what differs between two runs, but for how long they took."""
    return compare(end_of(Run(first)), end_of(Run(second)))


def compare(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Name the parts of two ends that differ."""
    parts = sorted(first.keys() | second.keys())
    return [part for part in parts if not same(first.get(part), second.get(part))]


def end_of(run: Run) -> dict[str, Any]:
    """Read all that training has left in a folder, but figures; and what should not be there."""
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
    """Leave out the times; the paths of leaves end with the same names."""
    return {key: value for key, value in values.items() if not key.endswith(TIMES)}


def same(a: Any, b: Any) -> bool:
    """Compare tensors, numbers and rows of numbers, to the last bit."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return (
            a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
        )
    return type(a) is type(b) and repr(a) == repr(b)

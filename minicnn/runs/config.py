"""What is needed to repeat a run: settings, versions, data, command."""

import hashlib
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

import torch

from minicnn import layers
from minicnn.data import Split
from minicnn.layers import Layer
from minicnn.runs.folder import Run, RunError, read_config


def describe(
    settings: dict[str, Any],
    splits: Sequence[Split],
    net: Layer,
    tested_net: Layer | None = None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return what is needed to repeat a run, as plain data.

    Args:
        settings: The settings by name; each a number, a string, a bool or None.
        splits: The data that the run uses.
        net: The network.
        tested_net: The network used for testing, if it differs.
        command: The command line; by default that of this program.

    Returns:
        A dict for JSON: settings, network, tested_network, in_shape, dataset (names, numbers of
        images, names of the classes, digest), versions, command, start time.

    Example:
        >>> from minicnn import data, models
        >>> about = describe({"lr": 0.01}, data.load_sample(), models.lenet5())
        >>> about["in_shape"], about["dataset"]["images"]
        ([1, 28, 28], {'sample train': 4000, 'sample test': 1000})
    """
    return {
        "settings": settings,
        "network": layers.describe(net),
        "tested_network": layers.describe(tested_net or net),
        "in_shape": list(splits[0].images.shape[1:]),
        "dataset": {
            "images": {split.name: len(split.labels) for split in splits},
            "class_names": class_names(splits),
            "digest": digest(splits),
        },
        "versions": {
            "minicnn": version("minicnn"),
            "torch": torch.__version__,
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "command": shlex.join(command or [sys.orig_argv[0], *sys.argv]),
        "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def read_description(run: Run) -> dict:
    """Read the config of a run, and check that it has everything that ``describe`` returns.

    Args:
        run: The run.

    Returns:
        The dict that ``describe`` returned.

    Raises:
        RunError: The file is damaged or incomplete.
        OSError: It cannot be read.

    Example:
        >>> import tempfile
        >>> from minicnn import data, models, runs
        >>> about = describe({"lr": 0.01}, data.load_sample(), models.lenet5())
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     read_description(runs.begin(f"{parent}/run", about)) == about
        True
    """
    about = read_config(run)
    dataset = about.get("dataset")
    shape = about.get("in_shape")
    parts = {
        "network": isinstance(about.get("network"), dict),
        "tested network": isinstance(about.get("tested_network"), dict),
        "image shape": isinstance(shape, list) and all(type(n) is int for n in shape),
        "settings": _is_dict(about.get("settings"), (int, float, str, bool, type(None))),
        "dataset": isinstance(dataset, dict) and isinstance(dataset.get("digest"), str),
        "numbers of images": isinstance(dataset, dict) and _is_dict(dataset.get("images"), int),
        "names of the classes": not isinstance(dataset, dict)
        or _are_names(dataset.get("class_names")),
        "versions": _is_dict(about.get("versions"), str),
        "command": isinstance(about.get("command"), str),
        "date": isinstance(about.get("begun"), str),
    }
    if missing := [name for name, there in parts.items() if not there]:
        raise RunError(f"{run.config} is damaged: missing or invalid {', '.join(missing)}")
    return about


def _is_dict(part: Any, kinds: Any) -> bool:
    return isinstance(part, dict) and all(isinstance(value, kinds) for value in part.values())


def _are_names(part: Any) -> bool:
    return part is None or (isinstance(part, list) and all(isinstance(name, str) for name in part))


def first_difference(first: Any, second: Any, name: str = "") -> tuple[str, Any, Any]:
    """Find the first value that differs between two trees of plain data, which must differ.

    Args:
        first, second: Dicts and lists, nested to any depth.
        name: The name of the trees themselves.

    Returns:
        The name of the value, such as "settings.lr", and the two values; "missing" for none.

    Example:
        >>> first_difference({"settings": {"lr": 0.1}}, {"settings": {"lr": 0.2}})
        ('settings.lr', 0.1, 0.2)
    """
    if isinstance(first, list) and isinstance(second, list):
        first, second = dict(enumerate(first)), dict(enumerate(second))
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return name, first, second
    keys = dict.fromkeys((*first, *second))
    for key in keys:
        one, another = first.get(key, "missing"), second.get(key, "missing")
        if one != another:
            return first_difference(one, another, f"{name}.{key}".lstrip("."))
    raise ValueError("the trees are equal")


def check_data(run: Run, splits: Sequence[Split]) -> None:
    """Check that these are the data that a run was begun with.

    Args:
        run: The run.
        splits: The data, in the same order as for ``describe``.

    Raises:
        RunError: They differ, or config.json is damaged.
        OSError: config.json cannot be read.

    Example:
        >>> import tempfile
        >>> from minicnn import data, models, runs
        >>> about = describe({"lr": 0.01}, data.load_sample(), models.lenet5())
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     check_data(runs.begin(f"{parent}/run", about), data.load_sample()) is None
        True
    """
    before = read_description(run)["dataset"]
    if (digest(splits), class_names(splits)) != (before["digest"], before.get("class_names")):
        names = " and ".join(split.name for split in splits)
        raise RunError(f"the images or labels of {names} are not those of {run.folder}")


def class_names(splits: Sequence[Split]) -> list[str] | None:
    """Return the names of the classes as plain data, which JSON gives back as it is."""
    return None if splits[0].class_names is None else list(splits[0].class_names)


def digest(splits: Sequence[Split]) -> str:
    """Compute the SHA-256 digest of all images and labels.

    Args:
        splits: The data.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> from minicnn import data
        >>> train, test = data.load_sample()
        >>> digest([train, test]) == digest([train, test]), digest([train]) == digest([test])
        (True, False)
    """
    total = hashlib.sha256()
    for split in splits:
        # A name may hold surrogates, which stand for bytes of a folder's name that are not UTF-8.
        header = f"{split.name} {tuple(split.images.shape)}"
        total.update(header.encode("utf-8", "surrogatepass"))
        for part in (split.images, split.labels):
            total.update(part.cpu().contiguous().view(torch.uint8).numpy().data)
    return total.hexdigest()

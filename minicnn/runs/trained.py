"""A trained network, loaded from the folder of its run."""

from pathlib import Path
from typing import Any, NamedTuple

import torch

from minicnn import checks, data, layers, tree
from minicnn.data import Split
from minicnn.layers import Layer
from minicnn.runs.config import check_data, read_description
from minicnn.runs.folder import Run, RunError, find
from minicnn.runs.progress import Weights, load_weights
from minicnn.tree import Tree


class Trained(NamedTuple):
    """A network with the weights trained by a run.

    Attributes:
        run: The run.
        settings: The settings of the run by name.
        in_shape: The shape of one image, (C, H, W).
        class_names: The names of the classes; None: they are only numbers.
        net: The network.
        tested_net: The network used for testing, which may average several views of each image.
        initial: The weights before training.
        weights: The trained weights.
    """

    run: Run
    settings: dict[str, Any]
    in_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None
    net: Layer
    tested_net: Layer
    initial: Weights
    weights: Weights

    def setting(self, name: str) -> Any:
        """Return one of the settings of the run.

        Args:
            name: Of the setting.

        Raises:
            RunError: config.json does not have it.
        """
        return _setting(self.run, self.settings, name)

    def load_data(self, root: str | Path | None = None) -> tuple[Split, Split]:
        """Load the data that the run was trained and tested with.

        Args:
            root: The data folder, as for `data.load`.

        Returns:
            The training split and the test split.

        Raises:
            RunError: The data are no longer the same, or config.json is damaged.
            DataError: They are missing, or damaged.
        """
        splits = data.load(
            self.setting("dataset"),
            root,
            size=self.settings.get("size"),
            skip_unreadable=self.settings.get("skip_unreadable", False),
        )[:2]
        check_data(self.run, splits)
        return splits


def load_trained(
    folder: str | Path, which: str = "last", device: torch.device | str = "cpu"
) -> Trained:
    """Load a trained network from the folder of its run: config.json has its layers and options.

    Args:
        folder: The folder of the run.
        which: "last" for the last weights, "best" for those with the best validation accuracy.
        device: The device for the weights.

    Returns:
        The network and its weights.

    Raises:
        RunError: The folder is not a run, it has no such weights yet, or its config.json is
            damaged.
        CheckpointError: The file of the weights is damaged, or from a different network.
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> from minicnn import data, models, runs, train
        >>> net = models.lenet5()
        >>> about = runs.describe({"seed": 0}, data.load_sample(), net)
        >>> weights = runs.initial_weights(net, (1, 28, 28), seed=0)
        >>> start = runs.new_progress(train.TrainState(0, *weights, ()), torch.Generator())
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     run = runs.begin(f"{parent}/run", about)
        ...     runs.save_progress(run, start, weights)
        ...     load_trained(run.folder).net == net
        True
    """
    run = find(folder)
    about = read_description(run)
    seed = _setting(run, about["settings"], "seed")
    try:
        net = layers.from_description(about["network"])
        tested_net = layers.from_description(about["tested_network"])
        initial = initial_weights(net, about["in_shape"], seed, device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise RunError(f"{run.config} is damaged: {error}") from None
    path = run.best if which == "best" else run.last
    if not path.exists():
        raise RunError(f"{run.folder} has no {path.name} yet")
    weights = load_weights(run, which, like=initial)
    names = about["dataset"].get("class_names")
    class_names = None if names is None else tuple(names)
    shape = tuple(about["in_shape"])
    return Trained(run, about["settings"], shape, class_names, net, tested_net, initial, weights)


def initial_weights(
    net: Layer, in_shape: tuple[int, ...], seed: int, device: torch.device | str = "cpu"
) -> Weights:
    """Draw the initial weights of a run from its seed; they do not depend on the device.

    Args:
        net: The network.
        in_shape: The shape of one image, (C, H, W).
        seed: The seed of the run.
        device: The device for the weights.

    Raises:
        TypeError, ValueError: ``seed`` is not an integer in [0, 2³²).

    Example:
        >>> initial_weights(layers.linear(2), (3,), seed=0).params["bias"].shape
        torch.Size([2])
    """
    rng = torch.Generator().manual_seed(checks.seed("seed", seed))
    params, state, _ = net.init(rng, tuple(in_shape))

    def move(part: Tree) -> Tree:
        return tree.map(lambda x: x.to(device), part)

    return Weights(move(params), move(state))


def _setting(run: Run, settings: dict[str, Any], name: str) -> Any:
    if name not in settings:
        raise RunError(f"{run.config} is damaged: missing settings: {name}")
    return settings[name]

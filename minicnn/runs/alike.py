"""Processes that train together compare what they are about to train."""

import json
from collections.abc import Sequence

from minicnn import parallel
from minicnn.data import Split
from minicnn.layers import Layer
from minicnn.parallel import Processes
from minicnn.runs.config import describe, first_difference
from minicnn.runs.settings import Settings


def check_alike(
    settings: Settings, splits: Sequence[Split], net: Layer, processes: Processes
) -> None:
    """Check that all processes have the same settings, data, network, versions and kind of device.

    Otherwise they would train a mixture that is of no use, or wait for each other for ever. The
    settings that may change on resuming, such as the folder of the data, may differ.

    Args:
        settings: The settings of this process.
        splits: Its data.
        net: Its network.
        processes: The processes that train together.

    Raises:
        ValueError: They differ, and in what; the same error in every process.
        ProcessLostError: Another process does not respond.

    Example:
        >>> from minicnn import data, models
        >>> alone = Processes(rank=0, size=1)
        >>> check_alike(Settings(), data.load_sample(), models.lenet5(), alone) is None
        True
    """
    if processes.size == 1:
        return
    about = describe(settings.fixed(), splits, net)
    mine = {name: about[name] for name in ("settings", "dataset", "network", "versions")}
    mine |= {"device": processes.device.type, "resume": settings.resume is not None}
    first, *others = map(json.loads, parallel.gather(json.dumps(mine), processes))
    for rank, other in enumerate(others, 1):
        if other != first:
            name, one, another = first_difference(first, other)
            raise ValueError(
                "processes that train together must have the same settings and data: "
                f"{name} is {one} in process 0, and {another} in process {rank}"
            )

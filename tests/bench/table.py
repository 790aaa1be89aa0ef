"""The rows of the table, each with its goal."""

import re
from functools import partial

import torch

from minicnn import models
from tests.bench import memory, networks, ops, report, whole
from tests.bench.measure import Meter
from tests.bench.row import Measured, Row, UnmeasuredError, conclude, timed, try_to_measure
from tests.bench.steps import evaluation, steps, time_of_doublings, usual_net

TWIN = "its torch.nn twin"


def rows() -> list[Row]:
    """List all rows.

    Example:
        >>> len({row.what for row in rows()}) == len(rows())  # names do not repeat
        True
    """
    step = "training step of the default model, batch 256"
    return [
        Row(step, TWIN, 0.8, timed([steps(models.mnist_cnn, 256)])),
        Row(
            f"{step}, against channels-last",
            f"{TWIN} in channels-last",
            1.25,
            timed([steps(models.mnist_cnn, 256, torch.channels_last)]),
        ),
        Row(
            "training step of the usual script's network, batch 64",
            TWIN,
            1.1,
            timed([steps(usual_net, 64)]),
        ),
        Row("conv2d", "torch", 1.6, timed(ops.convolutions()), worst_goal=2.5),
        *(
            Row(
                f"conv2d, {name}",
                "our easy case of as many products",
                1.5,
                partial(ops.geometry_cost, name),
                length="long" if name == "all of these" else "short",
            )
            for name in ops.GENERAL
        ),
        *(
            Row(
                f"conv2d, {what}",
                "torch",
                goal,
                timed(networks.convolutions(shapes)),
                worst_goal=worst,
            )
            for what, shapes, goal, worst in (
                ("few images and many channels", networks.MANY_CHANNELS, 1.5, 2.0),
                ("2 to 32 groups of 128 channels", networks.GROUPS, 2.5, 2.5),
                ("depthwise", networks.DEPTHWISE, 4.0, 4.0),
            )
        ),
        *(
            Row(
                f"forward and backward of torchvision's {name}, batch 8, 64×64",
                "the same on torch's functions",
                goal,
                timed([networks.step(name)]),
                length="long",
            )
            for name, goal in (("resnet18", 1.5), ("mobilenet_v2", 2.0), ("convnext_tiny", 2.5))
        ),
        *(Row(pool.name, "torch", 1.0, timed([pool])) for pool in ops.pools()),
        *(
            Row(
                f"training step of the default model, its {name}",
                f"the same with torch's {name}",
                1.01,
                partial(ops.added_to_a_step, comparisons),
                slack=1.01,
            )
            for name, comparisons in (
                ("cross_entropy", [ops.cross_entropy()]),
                ("relu", ops.activations()),
            )
        ),
        Row("Adam on the default model", "torch.optim.Adam", 1.1, timed([ops.adam()])),
        Row("evaluation of 10,000 test digits", TWIN, 0.45, evaluation, length="long"),
        Row("peak memory of training, tensors", TWIN, 1.1, memory.tensor_memory),
        Row("peak memory of training, process", TWIN, 1.1, memory.process_memory, length="long"),
        Row(
            "time as the batch doubles, 64 to 4,096",
            "half the batch",
            2.1,
            time_of_doublings,
            worst_goal=2.1,
            length="long",
        ),
        Row(
            "memory as the batch doubles, 64 to 4,096",
            "half the batch",
            2.1,
            memory.memory_of_doublings,
            worst_goal=2.1,
            length="long",
        ),
        Row(
            f"whole process until {whole.TARGET:.1%}",
            "the usual script",
            0.03,
            whole.until_target,
            length="whole",
        ),
        Row(
            "whole process, default settings",
            "the usual script's 14 epochs",
            0.05,
            whole.default_settings,
            length="whole",
        ),
    ]


def choose(lengths: tuple[str, ...], pattern: str = "") -> list[Row]:
    """Choose the rows of some lengths whose name matches a regular expression.

    Example:
        >>> [row.what for row in choose(("short",), "adam")]
        ['Adam on the default model']
    """
    found = re.compile(pattern, re.IGNORECASE).search
    return [row for row in rows() if row.length in lengths and found(row.what)]


def measure_run(
    lengths: tuple[str, ...], pattern: str, meter: Meter
) -> list[Measured | UnmeasuredError]:
    """Measure all chosen rows in this process, and print each as soon as it is known."""
    measured = []
    for row in choose(lengths, pattern):
        measured.append(try_to_measure(row, meter))
        print(report.line(conclude(row, measured[-1:])), flush=True)
    return measured

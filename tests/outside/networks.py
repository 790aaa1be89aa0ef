"""torchvision's networks on the functions of minicnn: the same numbers as on torch's, and how fast.

    python -m tests.outside.networks                        print the table
    python -m tests.outside.networks --save docs/results    and write networks.md there

A network takes one training step's forward and backward pass, in float64, once on torch's functions
and once on ours. Compared are the scores, the gradients of all parameters, and batch norm's running
statistics. The time is that of forward and backward in float32.
"""

import argparse
import copy
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchvision import models

from minicnn.functional.layout import to_batch_last
from tests.bench.measure import Comparison, Function, Meter, interleave, prepare, spread

from .swap import Remaining, swapped

CLASSES = 10
SIZE = 64  # height and width of the images, where a network takes any
BATCH = 8
# Beyond this the two do not compute the same; below it they sum in another order.
EXACT = 1e-9


def _plain(name: str, size: int = SIZE, **options: Any) -> tuple[Callable[[], nn.Module], int]:
    return lambda: models.get_model(name, num_classes=CLASSES, **options), size


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "alexnet": _plain("alexnet"),
    "convnext_tiny": _plain("convnext_tiny"),
    "densenet121": _plain("densenet121"),
    "efficientnet_b0": _plain("efficientnet_b0"),
    "efficientnet_v2_s": _plain("efficientnet_v2_s"),
    "googlenet": _plain("googlenet", init_weights=False, aux_logits=False),
    "mnasnet0_5": _plain("mnasnet0_5"),
    "mnasnet1_0": _plain("mnasnet1_0"),
    "mobilenet_v2": _plain("mobilenet_v2"),
    "mobilenet_v3_large": _plain("mobilenet_v3_large"),
    "mobilenet_v3_small": _plain("mobilenet_v3_small"),
    "regnet_x_400mf": _plain("regnet_x_400mf"),
    "regnet_y_400mf": _plain("regnet_y_400mf"),
    "resnet18": _plain("resnet18"),
    "resnet34": _plain("resnet34"),
    "resnet50": _plain("resnet50"),
    "resnext50_32x4d": _plain("resnext50_32x4d"),
    "shufflenet_v2_x0_5": _plain("shufflenet_v2_x0_5"),
    "shufflenet_v2_x1_0": _plain("shufflenet_v2_x1_0"),
    "squeezenet1_0": _plain("squeezenet1_0"),
    "squeezenet1_1": _plain("squeezenet1_1"),
    "swin_t": _plain("swin_t"),
}


class Compared(NamedTuple):
    """The largest differences, each relative to the largest number of its kind.

    Attributes:
        value: of the scores.
        gradients: of the parameters' gradients.
        statistics: of the running statistics; None where the network has none.
        remaining: the functions that the network still takes from torch.
    """

    value: float
    gradients: float
    statistics: float | None
    remaining: tuple[str, ...]


def make(name: str) -> nn.Module:
    """Make a network with the same numbers in each call, in training mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NETWORKS[name][0]().train()


def images(name: str, batch: int, dtype: torch.dtype) -> Tensor:
    """Draw a batch of images, the same ones in each call."""
    size = NETWORKS[name][1]
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, 3, size, size, dtype=dtype, generator=generator)


def compare(name: str) -> Compared:
    """Compare a network on our functions with the same on torch's, in float64."""
    network = make(name).double()
    twin, x = copy.deepcopy(network), images(name, 2, torch.float64)
    remaining = Remaining()
    theirs = _pass(twin, x)
    with swapped(), remaining:
        ours = _pass(network, x)
    gradients = (
        [torch.zeros_like(p) if p.grad is None else p.grad for p in module.parameters()]
        for module in (network, twin)
    )
    statistics = (
        [s for s in module.buffers() if s.is_floating_point()] for module in (network, twin)
    )
    return Compared(
        _difference([ours], [theirs]),
        _difference(*gradients),
        _difference(*statistics) if _norms(network) else None,
        tuple(sorted(remaining.names)),
    )


def times(name: str) -> Comparison:
    """Compare the time of forward and backward in float32; our images are stored batch-last."""

    def sides() -> tuple[Function, Function]:
        network, x = make(name), images(name, BATCH, torch.float32)
        twin = copy.deepcopy(network)

        def ours() -> None:
            with swapped():
                _pass(network, to_batch_last(x))

        return ours, lambda: _pass(twin, x)

    return Comparison(name, sides)


def markdown(command: str, rows: dict[str, tuple[Compared, float]]) -> str:
    """Format the table."""
    lines = [
        "# torchvision's networks on minicnn's functions",
        "",
        "| network | value | gradients | running statistics | time | still torch's |",
        "|---|---|---|---|---|---|",
    ]
    for name, (compared, ratio) in rows.items():
        value, gradients, statistics, remaining = compared
        numbers = [f"{value:.0e}", f"{gradients:.0e}"]
        numbers.append("none" if statistics is None else f"{statistics:.0e}")
        lines.append(f"| {' | '.join([name, *numbers, f'{ratio:.2f}', _listed(remaining)])} |")
    return "\n".join(
        [
            *lines,
            "",
            "The first three are the largest differences from torch, relative to the largest",
            "number of their kind, in float64, for a batch of 2. The time is that of forward and",
            f"backward in float32, batch {BATCH}, ours / torch's, with {torch.get_num_threads()} "
            "thread(s) on a machine",
            "that was not quiet: processor time, the median of interleaved repetitions. Ours gets",
            "its images batch-last.",
            "",
            f"Measured by `{command}`, torch {torch.__version__}.",
            "",
        ]
    )


def main(argv: list[str]) -> int:
    """Compare all networks, print the table, write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.outside.networks", description=__doc__)
    parser.add_argument("--only", default="", help="the networks whose name has this in it")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="write networks.md there")
    parser.add_argument("--repetitions", type=int, default=3, help="of each time (3)")
    options = parser.parse_args(argv)
    prepare(1)
    meter = Meter(options.repetitions, sample_seconds=0.0, clock=time.process_time)
    rows: dict[str, tuple[Compared, float]] = {}
    for name in NETWORKS:
        if options.only in name:
            compared = compare(name)
            ratio = spread(interleave(times(name), meter).ratios).median
            rows[name] = compared, ratio
            print(name, *compared, f"{ratio:.2f}", flush=True)
    table = markdown(shlex.join(["python", "-m", "tests.outside.networks", *argv]), rows)
    print(table)
    if options.save:
        (options.save / "networks.md").write_text(table, encoding="utf-8")
    exact = all(max(c.value, c.gradients, c.statistics or 0) <= EXACT for c, _ in rows.values())
    return 0 if exact else 1


def _pass(network: nn.Module, x: Tensor) -> Tensor:
    """Compute scores, and the gradients of a loss; what is random is the same every time."""
    network.zero_grad()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        scores = network(x)
        labels = torch.arange(len(x)) % CLASSES
        nn.functional.cross_entropy(scores, labels).backward()
    return scores.detach()


def _norms(network: nn.Module) -> list[nn.Module]:
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def _difference(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """Return the largest difference relative to the largest number."""
    assert [x.shape for x in ours] == [x.shape for x in theirs]
    scale = max(float(x.abs().max()) for x in theirs)
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True)) / scale


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

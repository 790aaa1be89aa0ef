"""Networks' shapes: convolutions of few images and many channels, of groups, and whole networks.

A formulation that is fast for digits can fall off a cliff here: a product for each output row reads
a large weight again and again, and a product for each group has nothing to multiply. Images are
stored batch-last for ours and contiguous for torch's, as in ops.py.
"""

import copy
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as TF
from torch import Tensor, nn
from torchvision import models

from minicnn import functional as F
from minicnn.functional.layout import to_batch_last
from tests.bench.measure import Comparison, Function
from tests.bench.ops import forward_backward, random
from tests.outside.swap import swapped

CLASSES = 10
BATCH, SIZE = 8, 64  # images of a network's step, and their height and width


class Shape(NamedTuple):
    """A convolution in a network; padded so that stride 1 keeps the size."""

    batch: int
    channels: int
    size: int
    kernels: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1

    def __str__(self) -> str:
        images = f"{self.batch}×{self.channels}×{self.size}×{self.size}"
        kernel = f"{self.kernel}×{self.kernel}"
        extras = f", stride {self.stride}" * (self.stride > 1)
        extras += f", groups {self.groups}" * (self.groups > 1)
        return f"conv2d {images} → {self.kernels}, {kernel}{extras}"


MANY_CHANNELS = [
    Shape(1, 512, 7, 512),
    Shape(2, 512, 7, 512),
    Shape(1, 256, 14, 256),
    Shape(8, 256, 14, 256),
    Shape(8, 512, 7, 512),
    Shape(32, 64, 28, 64),
    Shape(32, 256, 14, 256),
    Shape(8, 64, 28, 256, kernel=1),
    Shape(8, 3, 112, 64, kernel=7, stride=2),
]
GROUPS = [Shape(8, 128, 14, 128, groups=groups) for groups in (2, 4, 8, 32)]
DEPTHWISE = [
    Shape(8, 128, 14, 128, groups=128),
    Shape(32, 32, 28, 32, groups=32),
    Shape(4, 96, 28, 96, kernel=7, groups=96),
]


def convolutions(shapes: list[Shape]) -> list[Comparison]:
    """Compare conv2d with torch's for these shapes, forward and backward."""
    return [Comparison(str(shape), partial(_convolution, shape)) for shape in shapes]


def step(name: str) -> Comparison:
    """Compare forward and backward of a network of torchvision on our functions and on torch's."""

    def make() -> tuple[Function, Function]:
        (images,) = random((BATCH, 3, SIZE, SIZE))
        labels = torch.arange(BATCH) % CLASSES
        network = _network(name)
        ours, theirs = partial(_step, network), partial(_step, copy.deepcopy(network))
        stored = to_batch_last(images)

        def our_step() -> None:
            with swapped():
                ours(stored, labels)

        return our_step, lambda: theirs(images, labels)

    return Comparison(f"step of {name}", make)


def _network(name: str) -> nn.Module:
    """Make a network; of convnext_tiny, whose later stages are the same with less to convolve,
    the first two.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = models.get_model(name, num_classes=CLASSES)
        if name == "convnext_tiny":
            stages = list(network.get_submodule("features").children())
            network = nn.Sequential(
                *stages[:4],  # stem, stage, downsampling, stage
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(192, CLASSES),
            )
    return network.train()


def _step(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    network.zero_grad()
    TF.cross_entropy(network(images), labels).backward()


def _convolution(shape: Shape) -> tuple[Function, Function]:
    batch, channels, size, kernels, kernel, stride, groups = shape
    image, weight, bias = random(
        (batch, channels, size, size), (kernels, channels // groups, kernel, kernel), (kernels,)
    )
    ours, theirs = (
        partial(f.conv2d, stride=stride, padding=kernel // 2, groups=groups) for f in (F, TF)
    )
    return (
        forward_backward(ours, to_batch_last(image), weight, bias),
        forward_backward(theirs, image, weight, bias),
    )

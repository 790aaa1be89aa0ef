"""Single operations, forward and backward, in the memory layout that they have in a network.

Ours get images batch-last and torch's get them contiguous; the gradient of a result has the layout
of the result. Backward means the gradients with respect to all inputs, images and parameters.

What stride, padding, dilation and groups cost a convolution is measured against an easy case, with
stride 1 and none of them, and as many products: all have outputs of 14 × 14 and 9,216 products at
each place. The number of *inputs* differs: with stride 2 four times as many are read, and written
in the backward pass; with four groups twice as many. This holds for torch's convolution too, so its
own ratio is noted beside ours.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as TF
from torch import Tensor

from minicnn import functional as F
from minicnn import models, optim, tree
from minicnn.functional.layout import to_batch_last
from tests.bench.measure import (
    Case,
    Comparison,
    Function,
    Meter,
    interleave,
    median_seconds,
    spread,
)
from tests.bench.row import Measured
from tests.bench.steps import IN_SHAPE, digit_batches, our_training

BATCH = 64
CONV_IMAGES = [  # channels, height = width, output channels
    (1, 28, 32),
    (16, 28, 32),
    (32, 28, 32),
    (64, 14, 64),
    (128, 14, 128),
]
CONV_KERNELS = (1, 3, 5)
KERNEL = 3  # of the convolutions below


class Geometry(NamedTuple):
    """A convolution: C channels of height and width, as many channels out, and its options."""

    channels: int
    size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1


EASY = Geometry(32, 16)
GENERAL = {
    "stride 2": Geometry(32, 29, stride=2),
    "padding 1": Geometry(32, 14, padding=1),
    "dilation 2": Geometry(32, 18, dilation=2),
    "groups 4": Geometry(64, 16, groups=4),
    "all of these": Geometry(64, 29, stride=2, padding=1, dilation=2, groups=4),
}


def convolutions() -> list[Comparison]:
    """Compare conv2d with torch's, for each of the images with each of the kernels."""
    return [
        Comparison(
            f"conv2d {channels}×{size}×{size} → {out}, {kernel}×{kernel}",
            partial(_conv, (BATCH, channels, size, size), (out, channels, kernel, kernel)),
        )
        for channels, size, out in CONV_IMAGES
        for kernel in CONV_KERNELS
    ]


def geometry_cost(name: str, meter: Meter) -> Measured:
    """Compare our convolution of a general geometry with our easy case, and torch's with torch's.

    Args:
        name: of the geometry.
        meter: how to measure.

    Returns:
        Our ratio; torch's is in the note.
    """
    general = GENERAL[name]
    ours, torchs = (
        interleave(Comparison(name, lambda call=call: (call(general), call(EASY))), meter)
        for call in (our_conv, torch_conv)
    )
    return Measured([ours], "torch's own ratio is {:.2f}", (spread(torchs.ratios).median,))


def our_conv(geometry: Geometry) -> Function:
    """Make a function that calls our convolution, forward and backward, on batch-last images."""
    (image, *parameters), options = _operands(geometry)
    return forward_backward(partial(F.conv2d, **options), to_batch_last(image), *parameters)


def torch_conv(geometry: Geometry) -> Function:
    """Make a function that calls torch's convolution, forward and backward."""
    operands, options = _operands(geometry)
    return forward_backward(partial(TF.conv2d, **options), *operands)


def pools() -> list[Comparison]:
    """Compare max and average pooling with torch's, on the default model's first feature maps."""

    def compare(name: str, kernel: int) -> Any:
        def make() -> tuple[Function, Function]:
            (image,) = random((256, 24, 24, 24))
            ours, theirs = (
                partial(getattr(f, name), kernel_size=kernel, stride=2) for f in (F, TF)
            )
            return forward_backward(ours, to_batch_last(image)), forward_backward(theirs, image)

        return make

    return [
        Comparison(f"{name} {kernel}×{kernel} stride 2", compare(name, kernel))
        for name in ("max_pool2d", "avg_pool2d")
        for kernel in (2, 3)
    ]


def cross_entropy() -> Comparison:
    """Compare cross_entropy with torch's: ten classes, batch of 256."""

    def make() -> tuple[Function, Function]:
        (scores,) = random((256, 10))
        labels = torch.randint(10, (256,), generator=torch.Generator().manual_seed(1))
        return (
            forward_backward(lambda x: F.cross_entropy(x, labels), scores),
            forward_backward(lambda x: TF.cross_entropy(x, labels), scores),
        )

    return Comparison("cross_entropy", make)


def activations() -> list[Comparison]:
    """Compare relu with torch's at each of its places in the default model, batch of 256."""

    def compare(shape: tuple[int, ...]) -> Callable[[], tuple[Function, Function]]:
        def make() -> tuple[Function, Function]:
            (x,) = random(shape)
            ours = to_batch_last(x) if x.ndim == 4 else x
            return forward_backward(F.relu, ours), forward_backward(TF.relu, x)

        return make

    shapes = (256, 24, 12, 12), (256, 32, 5, 5), (256, 256)
    return [Comparison(f"relu {'×'.join(map(str, shape))}", compare(shape)) for shape in shapes]


def added_to_a_step(comparisons: Sequence[Comparison], meter: Meter) -> Measured:
    """Compare a training step of the default model with one in which torch does these operations.

    A step is measured once, and each operation alone, since their difference in a step would be
    lost in its noise:

        ratio = (step + Σ (ours − torch's)) / step
    """
    training = our_training(models.mnist_cnn(), digit_batches(256))
    seconds = median_seconds(training, meter)
    operations = [interleave(comparison, meter) for comparison in comparisons]
    columns = zip(*(zip(case.ours, case.theirs, strict=True) for case in operations), strict=True)
    ours = tuple(seconds + sum(our - their for our, their in column) for column in columns)
    alone = sum(spread(case.ours).median for case in operations)
    torchs = sum(spread(case.theirs).median for case in operations)
    return Measured(
        [Case("a step", ours, (seconds,) * len(ours))],
        "{:.0f} µs, torch {:.0f} µs, of a step of {:.1f} ms",
        (1e6 * alone, 1e6 * torchs, 1e3 * seconds),
    )


def adam() -> Comparison:
    """Compare a step of Adam (new moments, updates, new parameters) on the default model."""

    def make() -> tuple[Function, Function]:
        params, _, _ = models.mnist_cnn().init(torch.Generator().manual_seed(0), IN_SHAPE)
        grads = tree.unflatten(params, random(*(p.shape for p in tree.leaves(params))))
        theirs = [p.clone().requires_grad_() for p in tree.leaves(params)]
        for p, g in zip(theirs, tree.leaves(grads), strict=True):
            p.grad = g.clone()
        optimizer, twin = optim.adam(), torch.optim.Adam(theirs)
        state = optimizer.init(params)

        def step() -> None:
            nonlocal params, state
            updates, state = optimizer.update(grads, state, params)
            params = optim.apply_updates(params, updates)

        return step, twin.step

    return Comparison("adam", make)


def forward_backward(f: Callable[..., Tensor], *inputs: Tensor) -> Function:
    """Make a function that calls ``f`` and computes its gradients with respect to all inputs."""
    inputs = tuple(x.detach().requires_grad_() for x in inputs)
    g = torch.ones_like(f(*inputs))  # in the result's layout, as from a network's next layer

    def call() -> tuple[Tensor, ...]:
        return torch.autograd.grad(f(*inputs), inputs, g)

    return call


def _conv(image_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> tuple[Function, Function]:
    image, weight, bias = random(image_shape, weight_shape, weight_shape[:1])
    return (
        forward_backward(F.conv2d, to_batch_last(image), weight, bias),
        forward_backward(TF.conv2d, image, weight, bias),
    )


def random(*shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Draw tensors of these shapes, the same ones in each call."""
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _operands(geometry: Geometry) -> tuple[tuple[Tensor, ...], dict[str, int]]:
    options = geometry._asdict()
    channels, size = options.pop("channels"), options.pop("size")
    weight = (channels, channels // geometry.groups, KERNEL, KERNEL)
    return random((BATCH, channels, size, size), weight, (channels,)), options

"""What strides, padding, dilation and groups cost a convolution, beside its easy case.

The easy case has stride 1 and no padding, dilation or groups, and as many products: every
convolution here has outputs of 14 × 14 and 9,216 products at each place. It does not have as many
*inputs*: with stride 2 four times as many are read, and written on the way back; with four groups
twice as many. Torch's convolution has to do that too, so its own ratio is noted beside ours.
"""

from functools import partial
from typing import NamedTuple

import torch.nn.functional as TF
from torch import Tensor

from minicnn import functional as F
from minicnn.functional.layout import to_batch_last
from tests.bench.measure import Comparison, Function, Meter, interleave
from tests.bench.ops import BATCH, forward_backward, random
from tests.bench.report import number
from tests.bench.row import Measured
from tests.bench.spread import spread

KERNEL = 3


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


def cost(name: str, meter: Meter) -> Measured:
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
        for call in (our_call, torch_call)
    )
    return Measured([ours], f"torch's own ratio is {number(spread(torchs.ratios).median)}")


def our_call(geometry: Geometry) -> Function:
    """Make a call of our convolution, forward and backward, on images stored batch-last."""
    (image, *parameters), options = _operands(geometry)
    return forward_backward(partial(F.conv2d, **options), to_batch_last(image), *parameters)


def torch_call(geometry: Geometry) -> Function:
    """Make a call of torch's convolution, forward and backward."""
    operands, options = _operands(geometry)
    return forward_backward(partial(TF.conv2d, **options), *operands)


def _operands(geometry: Geometry) -> tuple[tuple[Tensor, ...], dict[str, int]]:
    options = geometry._asdict()
    channels, size = options.pop("channels"), options.pop("size")
    weight = (channels, channels // geometry.groups, KERNEL, KERNEL)
    return random((BATCH, channels, size, size), weight, (channels,)), options

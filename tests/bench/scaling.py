"""The memory that a training step takes, and what it costs to double the batch."""

import sys
from collections.abc import Callable

from torch import Tensor

from minicnn import models
from minicnn.layers import Layer
from tests.bench import resident
from tests.bench.children import output_of
from tests.bench.digits import Batch, digit_batches
from tests.bench.measure import Case, Comparison, Function, Meter, interleave
from tests.bench.memory import peak_bytes
from tests.bench.row import Measured, UnmeasuredError
from tests.bench.steps import our_training, twin_training

SIZES = (64, 128, 256, 512, 1024, 2048, 4096)
STEPS = 3

Training = Callable[[Layer, list[Batch]], Callable[[], Tensor]]


def tensor_memory(meter: Meter) -> Measured:
    """Compare what the tensors of a training take: parameters, moments and three steps."""
    batches = digit_batches(resident.BATCH)
    sides = (_peak(training, batches) for training in (our_training, twin_training))
    ours, theirs = ((float(peak),) for peak in sides)
    return Measured(
        [Case("tensors", ours, theirs, "bytes")], "counted, not timed: the same every time"
    )


def process_memory(meter: Meter) -> Measured:
    """Compare by how much a fresh process grows while it trains."""
    if not sys.platform.startswith("linux"):
        raise UnmeasuredError("the peak of a process's memory is read from Linux's /proc")
    sides: dict[str, list[float]] = {side: [] for side in resident.TRAININGS}
    for repetition in range(meter.processes):
        for side in list(sides) if repetition % 2 == 0 else reversed(sides):
            sides[side].append(float(output_of(["-m", resident.__name__, side])))
    ours, theirs = (tuple(peaks) for peaks in sides.values())
    case = Case("process", ours, theirs, "bytes")
    return Measured([case], f"{meter.processes} processes of each")


def time_of_doublings(meter: Meter) -> Measured:
    """Compare the time of our step with that on half as many digits."""

    def compare(size: int) -> Callable[[], tuple[Function, Function]]:
        def training(count: int) -> Function:
            return our_training(models.mnist_cnn(), digit_batches(count, count=2))

        return lambda: (training(size), training(size // 2))

    comparisons = [Comparison(f"{size // 2:,} → {size:,}", compare(size)) for size in SIZES[1:]]
    return Measured([interleave(comparison, meter) for comparison in comparisons])


def memory_of_doublings(meter: Meter) -> Measured:
    """Compare what the tensors of our training take with that on half as many digits."""
    peaks = [float(_peak(our_training, digit_batches(size, count=1))) for size in SIZES]
    cases = [
        Case(f"{size // 2:,} → {size:,}", (peak,), (half,), "bytes")
        for size, peak, half in zip(SIZES[1:], peaks[1:], peaks, strict=False)
    ]
    return Measured(cases, "counted, not timed: the same every time")


def _peak(training: Training, batches: list[Batch]) -> int:
    def train() -> Function:
        step = training(models.mnist_cnn(), batches)
        for _ in range(STEPS):
            step()
        return step

    return peak_bytes(train)

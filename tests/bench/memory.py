"""The memory that training takes: counted in tensors, and measured on the whole process."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minicnn import models
from minicnn.layers import Layer
from tests.bench.measure import Case, Function, Meter, in_fresh_process
from tests.bench.row import Measured, UnmeasuredError
from tests.bench.steps import SIZES, Batch, digit_batches, our_training, twin_training

BATCH = 256
STEPS = 3

Training = Callable[[Layer, list[Batch]], Callable[[], Tensor]]


def peak_bytes(function: Callable[[], Any]) -> int:
    """Count the peak of the bytes in new tensors that are alive at the same time.

    Torch's profiler records every allocation and release of its CPU allocator; the peak is the
    maximum of the running sum. So this is exact and deterministic. It does not see what libraries
    below torch allocate themselves; `process_memory` does.

    Args:
        function: what to measure. It must not release tensors that existed before.

    Returns:
        Bytes.

    Example:
        >>> def two_then_one():
        ...     a, b = torch.zeros(1000), torch.zeros(1000)  # 4,000 bytes each
        ...     del a, b
        ...     c = torch.zeros(1000)
        >>> peak_bytes(two_then_one)
        8000
    """
    # Before its first use: otherwise the profiler's library reports every start and stop.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as recording:
        kept = function()  # until the recording ends, as a caller would keep it
    del kept
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        recording.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    events = sorted((e for e in events if e["name"] == "[memory]"), key=lambda e: e["ts"])
    return max(accumulate((e["args"]["Bytes"] for e in events), initial=0))


def tensor_memory(meter: Meter) -> Measured:
    """Compare the tensors of a training: parameters, moments and three steps."""
    batches = digit_batches(BATCH)
    sides = (_peak(training, batches) for training in (our_training, twin_training))
    ours, theirs = ((float(peak),) for peak in sides)
    return Measured([Case("tensors", ours, theirs, "bytes")], "counted: the same every time")


def memory_of_doublings(meter: Meter) -> Measured:
    """Compare the tensors of our training with those on half as many digits."""
    peaks = [float(_peak(our_training, digit_batches(size, count=1))) for size in SIZES]
    cases = [
        Case(f"{size // 2:,} → {size:,}", (peak,), (half,), "bytes")
        for size, peak, half in zip(SIZES[1:], peaks[1:], peaks, strict=False)
    ]
    return Measured(cases, "counted: the same every time")


def process_memory(meter: Meter) -> Measured:
    """Compare how much a fresh process grows while it trains."""
    if not sys.platform.startswith("linux"):
        raise UnmeasuredError("the peak memory of a process is read from Linux's /proc")
    trainings = [our_training, twin_training]
    order = trainings if meter.run % 2 == 0 else trainings[::-1]
    grown = {training: float(in_fresh_process(growth, training)) for training in order}
    return Measured([Case("process", (grown[our_training],), (grown[twin_training],), "bytes")])


def growth(training: Training) -> int:
    """Train, and return the peak growth of this process in bytes.

    This is what the system counts: tensors, what libraries below torch allocate themselves, and
    what the allocator keeps. A step on two digits comes first, so that code that is loaded at its
    first use does not count.
    """
    training(models.mnist_cnn(), digit_batches(2))()
    batches = digit_batches(BATCH)
    before = memory_of_process("VmRSS")
    step = training(models.mnist_cnn(), batches)
    for _ in range(STEPS):
        step()
    return memory_of_process("VmHWM") - before


def memory_of_process(key: str) -> int:
    """Read a number of bytes: VmRSS, the current memory, or VmHWM, its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise KeyError(f"/proc/self/status has no {key}")


def _peak(training: Training, batches: list[Batch]) -> int:
    def train() -> Function:
        step = training(models.mnist_cnn(), batches)
        for _ in range(STEPS):
            step()
        return step

    return peak_bytes(train)

"""A fresh process that trains, and prints by how much its memory grew at most.

    python -m tests.bench.resident ours
    python -m tests.bench.resident twin

This is what the system counts (Linux, /proc/self/status): tensors, and also what libraries below
torch take for themselves, and what the allocator keeps. A step on two digits comes first, so that
code which is loaded at its first use does not count.
"""

import sys
from pathlib import Path

from minicnn import models
from minicnn.functional import keep_freed_memory
from tests.bench.digits import digit_batches
from tests.bench.steps import our_training, twin_training

BATCH = 256
STEPS = 3
TRAININGS = {"ours": our_training, "twin": twin_training}


def memory_of_process(key: str) -> int:
    """Read a number of bytes: VmRSS, taken now, or VmHWM, the most that was ever taken."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise KeyError(f"/proc/self/status has no {key}")


def main() -> None:
    """Train, and print the growth in bytes."""
    keep_freed_memory()  # as programs that train do; for both sides
    start_training = TRAININGS[sys.argv[1]]
    start_training(models.mnist_cnn(), digit_batches(2))()
    batches = digit_batches(BATCH)
    before = memory_of_process("VmRSS")
    step = start_training(models.mnist_cnn(), batches)
    for _ in range(STEPS):
        step()
    print(memory_of_process("VmHWM") - before)


if __name__ == "__main__":
    main()

"""The processes that train together: joining them, leaving them, losing one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import NamedTuple

import torch

TIMEOUT = timedelta(seconds=60)  # how long a process waits for the others
BACKENDS = {"cpu": "gloo", "cuda": "nccl"}


class ProcessLostError(RuntimeError):
    """Another process has ended, or does not answer: training cannot go on without it."""


class Processes(NamedTuple):
    """The processes that train together, as one of them sees them.

    Attributes:
        rank: which of them this one is: 0, 1, …, size − 1.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device = torch.device("cpu")


def find_device(device: torch.device | str = "auto") -> torch.device:
    """Find a device, and make sure that this machine has it.

    Args:
        device: The device; "auto" for the accelerator if there is one, and else the CPU.

    Returns:
        The device.

    Raises:
        ValueError: This machine has no such device.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError):
        raise ValueError(f"device must be available on this machine, got {device}") from None


@contextmanager
def join(device: torch.device | str = "cpu") -> Iterator[Processes]:
    """Join the processes that torchrun has started, and leave them at the end of the block.

    torchrun tells each process by environment variables how many there are (``WORLD_SIZE``), which
    one it is (``RANK``, and ``LOCAL_RANK`` on its machine), and where they meet. Without torchrun,
    or where it starts one process alone, there is nobody to join, and torch.distributed is not
    needed.

    Args:
        device: a CPU or a GPU. Of several processes, each has the GPU of its own number.

    Yields:
        The Processes.

    Raises:
        ProcessLostError: the others do not come within a minute.
        ValueError: a variable is missing or makes no sense, or the device cannot be had.
        RuntimeError: several processes, but a torch without torch.distributed.

    Example:
        >>> with join("cpu") as processes:
        ...     processes.rank, processes.size
        (0, 1)

    Reference: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training",
    2020, §3.3.
    """
    size = _variable("WORLD_SIZE", at_least=1) if "WORLD_SIZE" in os.environ else 1
    if size == 1:
        yield Processes(0, 1, torch.device(device))
        return
    rank = _variable("RANK", below=size)
    processes = Processes(rank, size, _own(torch.device(device)))
    distributed = torch_distributed()
    with telling_losses(processes):
        distributed.init_process_group(BACKENDS[processes.device.type], timeout=TIMEOUT)
    try:
        yield processes
    finally:
        distributed.destroy_process_group()


def torch_distributed() -> ModuleType:
    """Import torch.distributed, which not every torch has, when there is need of it."""
    import torch.distributed as distributed

    if not distributed.is_available():
        raise RuntimeError("several processes need torch.distributed, which this torch is without")
    return distributed


@contextmanager
def telling_losses(processes: Processes) -> Iterator[None]:
    """Say what trouble with a socket means: that the process at its other end is lost."""
    try:
        yield
    except RuntimeError as error:
        raise ProcessLostError(
            f"another of the {processes.size} processes ended or does not answer: {error}"
        ) from error


def _variable(name: str, at_least: int = 0, below: float = float("inf")) -> int:
    value = os.environ.get(name, "")
    if not value.isdecimal() or not at_least <= int(value) < below:
        raise ValueError(
            f"the environment variable {name} must be a number in [{at_least}, {below}), as "
            f"torchrun sets it, got {value!r}"
        )
    return int(value)


def _own(device: torch.device) -> torch.device:
    """Choose this process's own of the devices of a kind."""
    if device.type not in BACKENDS:
        raise ValueError(f"device must be cpu or cuda for several processes, got {device}")
    if device.type == "cpu":
        return device
    number, count = _variable("LOCAL_RANK"), torch.cuda.device_count()
    if number >= count:
        raise ValueError(
            f"device must be cpu where processes outnumber GPUs: there are {count}, and this "
            f"process has the number {number}"
        )
    torch.cuda.set_device(number)
    # Without it NCCL returns from a sum at once, and if that fails, later, torch ends the process.
    os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    return torch.device("cuda", number)

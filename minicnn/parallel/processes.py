"""The group of processes that train together: joining it, leaving it, losing a process."""

import importlib
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
    """Another process has exited or does not respond: training cannot continue without it."""


class Processes(NamedTuple):
    """The processes that train together, as seen by one of them.

    Attributes:
        rank: index of this process: 0, 1, …, size − 1.
        size: number of processes.
        device: the device of this process.
    """

    rank: int
    size: int
    device: torch.device = torch.device("cpu")


def find_device(device: torch.device | str = "auto") -> torch.device:
    """Return the device, after checking that this machine has it.

    Args:
        device: The device; "auto" for the accelerator if there is one, otherwise the CPU.

    Returns:
        The device.

    Raises:
        ValueError: The device is not available.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        number = torch.zeros(1, device=device)
        number.cpu()  # "meta" has only shapes
    except (RuntimeError, AssertionError):
        raise ValueError(f"device must be available on this machine, got {device}") from None
    return number.device


@contextmanager
def join(device: torch.device | str = "cpu") -> Iterator[Processes]:
    """Join the processes started by torchrun, and leave the group at the end of the block.

    torchrun sets environment variables in each process: the number of processes (``WORLD_SIZE``),
    its rank (``RANK``, and ``LOCAL_RANK`` on its machine), and the address where they meet. Without
    torchrun, or with a single process, torch.distributed is not needed.

    Args:
        device: a CPU or a GPU. With several processes, each uses the GPU of its local rank.

    Yields:
        The Processes.

    Raises:
        ProcessLostError: the other processes do not connect within a minute.
        ValueError: a variable is missing or invalid, or the device is not available.
        RuntimeError: several processes, but torch was built without torch.distributed.

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
    # torch imports this module at the first use of the meta device, and its default arguments are
    # the group that then exists. A group kept in that way outlives destroy_process_group: its
    # threads run on while Python exits, and may abort the process.
    importlib.import_module("torch.distributed.nn.functional")
    with telling_losses(processes):
        distributed.init_process_group(BACKENDS[processes.device.type], timeout=TIMEOUT)
    try:
        yield processes
    finally:
        distributed.destroy_process_group()


def torch_distributed() -> ModuleType:
    """Import torch.distributed when it is needed: not every build of torch has it."""
    import torch.distributed as distributed

    if not distributed.is_available():
        raise RuntimeError("several processes need torch.distributed, which this torch lacks")
    return distributed


@contextmanager
def telling_losses(processes: Processes) -> Iterator[None]:
    """Turn a socket error into a ProcessLostError: the process at the other end is gone."""
    try:
        yield
    except RuntimeError as error:
        raise ProcessLostError(
            f"another of the {processes.size} processes exited or does not respond: {error}"
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
    """Return the device of this process: the CPU, or the GPU of its local rank."""
    if device.type not in BACKENDS:
        raise ValueError(f"device must be cpu or cuda for several processes, got {device}")
    if device.type == "cpu":
        return device
    number, count = _variable("LOCAL_RANK"), torch.cuda.device_count()
    if number >= count:
        raise ValueError(
            f"device must be cpu if there are more processes than GPUs, got {count} GPUs for the "
            f"process with LOCAL_RANK={number}"
        )
    torch.cuda.set_device(number)
    # Otherwise NCCL returns from an all-reduce at once, and torch aborts the process if it fails.
    os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    return torch.device("cuda", number)

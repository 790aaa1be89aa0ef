"""The machine that was measured on: facts to go beside the numbers."""

import os
import platform
from pathlib import Path
from typing import Any

import torch


def facts() -> dict[str, Any]:
    """Collect what speed depends on: processor, threads, versions, and who else is running.

    ``load`` is the average number of processes that wanted a core in the last minute.

    Example:
        >>> sorted(facts())
        ['cores', 'cpu', 'instructions', 'load', 'python', 'system', 'threads', 'torch']
    """
    return {
        "cpu": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    """Name the processor's model; Linux tells it in a file, other systems by a call."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()

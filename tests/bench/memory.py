"""The most memory that a function's tensors take at once."""

import json
import os
import tempfile
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch


def peak_bytes(function: Callable[[], Any]) -> int:
    """Count how many bytes of tensors, beyond those from before, are alive at once at most.

    Torch's profiler notes every allocation of its CPU allocator, and every release: the peak is
    the greatest running sum. So this is exact, and the same every time. It does not see what
    libraries below torch take for themselves; the memory of the whole process (`resident`) does.

    Args:
        function: what to watch. It must not release tensors from before.

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
    # Before its first use: the profiler's library would report every start and stop otherwise.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as recording:
        kept = function()  # alive until the recording ends, as the caller would keep it
    del kept
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        recording.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    events = sorted((e for e in events if e["name"] == "[memory]"), key=lambda e: e["ts"])
    return max(accumulate((e["args"]["Bytes"] for e in events), initial=0))

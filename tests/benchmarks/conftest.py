"""Benchmarks, with ours and torch's of each operation in one group.

    pytest tests/benchmarks --benchmark-only -n 0

Ordinary runs of pytest skip them. They measure one function after the other, to look at a single
operation; for ratios use ``python -m tests.bench``, where the two take turns.
"""

from collections.abc import Iterator

import pytest
import torch

from minicnn.functional import keep_freed_memory

THREADS = 2


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    keep_freed_memory()  # as programs that train do; for both sides
    yield
    torch.set_num_threads(before)

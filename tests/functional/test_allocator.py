"""Memory that is freed is kept: so a training step finds its memory where the last one left it."""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from minicnn.functional.allocator import keep_freed_memory

MEGABYTES, PAGE = 64, 4096

# Prints how many pages the system had to find while 64 MB were taken, filled and freed ten times.
PROGRAM = f"""
import resource, sys, torch
if sys.argv[1] == "kept":
    import minicnn.functional

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def take_and_free(times):
    for _ in range(times):
        torch.ones({MEGABYTES} << 18)

take_and_free(20)  # until the heap is as large as it gets
before = faults()
take_and_free(10)
print(faults() - before)
"""


@pytest.mark.skipif(
    not keep_freed_memory(),  # as it was when minicnn was imported
    reason="not glibc, or an old one that takes blocks of 1 GiB for too large to be kept",
)
def test_a_large_block_that_was_freed_is_used_again_without_page_faults() -> None:
    def faults(how: str) -> int:
        command = [sys.executable, "-c", PROGRAM, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    pages = 10 * (MEGABYTES << 20) // PAGE
    assert faults("kept") < pages / 100
    assert faults("left alone") > pages / 2  # or else this test would prove nothing


# The same, with a C library that notes what it is asked for


def c_library(monkeypatch: pytest.MonkeyPatch, answers: Callable[[int], int]) -> list:
    """Put a C library in the place of the system's; return the list of what mallopt is given."""
    asked = []

    def mallopt(parameter: int, value: int) -> int:
        asked.append((parameter, value))
        return answers(parameter)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    return asked


def test_blocks_of_up_to_a_gigabyte_come_from_a_heap_that_never_shrinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the numbers of M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in glibc's malloc.h."""
    asked = c_library(monkeypatch, lambda parameter: 1)
    assert keep_freed_memory() is True
    assert asked == [(-3, 1024**3), (-1, 2**31 - 1)]


@pytest.mark.parametrize("refused", [-3, -1])
def test_it_tells_if_the_library_does_not_agree(
    refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    c_library(monkeypatch, lambda parameter: int(parameter != refused))
    assert keep_freed_memory() is False


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert keep_freed_memory() is False


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_on_other_systems_no_library_is_even_looked_for(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = c_library(monkeypatch, lambda parameter: 1)
    monkeypatch.setattr(sys, "platform", system)
    assert keep_freed_memory() is False
    assert asked == []

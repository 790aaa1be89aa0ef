"""Fresh Python processes, with as many threads as this one, and a clock on what they say."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator

import torch

from tests.bench.row import UnmeasuredError

Line = tuple[float, str]  # seconds since the process was started, and what it printed


def lines_of(
    arguments: list[str], clock: Callable[[], float] = time.perf_counter
) -> Generator[Line, None, None]:
    """Run a Python process and hand out each line that it prints, with its time.

    A caller who has read enough closes the generator, and that ends the process.

    Args:
        arguments: of the interpreter, such as ["-m", "module"].
        clock: returns seconds.

    Yields:
        (seconds since the start, line); at last (seconds, "") when the process has ended.

    Raises:
        UnmeasuredError: it failed; the message has its last words.

    Example:
        >>> [line for _, line in lines_of(["-c", "print(1); print(2)"])]
        ['1', '2', '']
    """
    threads = str(torch.get_num_threads())
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    # Errors go to a file: a pipe that nobody reads would fill up and block the process.
    with tempfile.TemporaryFile("w+") as errors:
        start = clock()
        process = subprocess.Popen(
            [sys.executable, "-u", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
        assert process.stdout is not None  # it was asked for
        try:
            for line in process.stdout:
                yield clock() - start, line.rstrip("\n")
            code = process.wait()
            ended = clock() - start
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if code != 0:
            errors.seek(0)
            words = errors.read().strip()[-500:]
            raise UnmeasuredError(f"{' '.join(arguments)} failed ({code}): {words}")
    yield ended, ""


def output_of(arguments: list[str]) -> str:
    """Run a Python process to its end and return what it prints.

    Example:
        >>> output_of(["-c", "print(6 * 7)"])
        '42'
    """
    return "\n".join(line for _, line in lines_of(arguments)).rstrip("\n")

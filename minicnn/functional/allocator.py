"""Memory that is freed is kept, not handed back to the system, to be asked for again next step.

On the CPU torch takes its memory from the C library. glibc hands large blocks back to the system as
soon as they are free, and the next block comes as pages that the system must first find and fill
with zeros, one fault for every 4 KiB. A training step frees and takes the same tens of megabytes
every time: left alone, it can spend more time in such faults than in matrix products. With memory
that is kept there are hardly any from the second step on. It is what torch itself does on a GPU.

The price: the process stays as large as it was at its largest.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names and numbers of glibc's malloc.h
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask glibc to keep what is freed; tell whether it agreed. Elsewhere nothing happens.

    Returns:
        True if freed blocks are kept from now on, in the whole process.

    Example:
        >>> keep_freed_memory() == keep_freed_memory()  # asking again changes nothing
        True

    Reference: The GNU C Library manual, "Malloc Tunable Parameters" (function ``mallopt``).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is None:
        return False
    # Blocks of up to 1 GiB come from the heap and not from the system, and the heap never shrinks.
    return bool(mallopt(M_MMAP_THRESHOLD, 1 << 30) and mallopt(M_TRIM_THRESHOLD, LARGEST_INT))

"""Atomic writes: a file holds the old contents or the new ones, never a part.

At any moment the program may be killed, the disk may be full, or the power may fail. So the new
contents are written to a temporary file in the same folder, flushed from the caches of the system
to the disk, and renamed over the old file, which is atomic in the file system.

Reference: Pillai et al., "All File Systems Are Not Created Equal: On the Complexity of Crafting
Crash-Consistent Applications", OSDI 2014, §2.
"""

import contextlib
import os
import secrets
from pathlib import Path

PREFIX, SUFFIX = ".minicnn-", ".tmp"  # of a temporary file, with random digits between them


def write(path: str | os.PathLike[str], contents: bytes | str) -> None:
    """Write a file atomically.

    Args:
        path: The file; an existing one is replaced.
        contents: The new contents; text is written as UTF-8.

    Raises:
        OSError: The file cannot be written; an old one is unchanged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(f"{folder}/note.txt", "first")
        ...     write(f"{folder}/note.txt", "second")
        ...     os.listdir(folder), Path(folder, "note.txt").read_text()
        (['note.txt'], 'second')
    """
    target = Path(path)
    temporary = target.with_name(f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")
    try:
        with temporary.open("xb") as file:
            file.write(contents.encode() if isinstance(contents, str) else contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:  # name the file that the caller knows
        _remove(temporary)
        raise OSError(error.errno, error.strerror, str(target)) from error
    except BaseException:
        _remove(temporary)
        raise
    _sync_folder(target.parent)


def leftovers(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the temporary files in a folder, of killed programs or of one that is writing now.

    Args:
        folder: The folder.

    Returns:
        Their paths; none if the folder does not exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "note.txt").touch()
        ...     Path(folder, ".minicnn-0123456789abcdef.tmp").touch()
        ...     [path.name for path in leftovers(folder)]
        ['.minicnn-0123456789abcdef.tmp']
    """
    named = Path(folder).glob(f"{PREFIX}{'[0-9a-f]' * 16}{SUFFIX}")
    return [path for path in named if path.is_file()]


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed programs left in a folder.

    Args:
        folder: A folder that no other program is writing to; it need not exist.

    Raises:
        OSError: A file cannot be removed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, ".minicnn-0123456789abcdef.tmp").touch()
        ...     sweep(folder)
        ...     os.listdir(folder)
        []
    """
    for leftover in leftovers(folder):
        leftover.unlink(missing_ok=True)


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):  # the original error matters more than one of the clean-up
        os.unlink(temporary)


def _sync_folder(folder: Path) -> None:
    """Flush the rename itself to the disk, if the system can sync a folder."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file is in place; not every file system supports this
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

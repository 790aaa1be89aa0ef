"""Writing files so that nothing can be lost: the old contents or the new ones, never a part.

A program may be killed, a disk may be full, the power may fail, and each at any moment. So the new
contents go to a temporary file beside the old one, are forced out of the system's caches onto the
disk, and take the old file's place by a rename, which the file system does in one step.

Reference: Pillai et al., "All File Systems Are Not Created Equal: On the Complexity of Crafting
Crash-Consistent Applications", OSDI 2014, §2.
"""

import contextlib
import os
import secrets
from pathlib import Path

PREFIX, SUFFIX = ".minicnn-", ".tmp"  # of a temporary file; between them are random digits


def write(path: str | os.PathLike[str], contents: bytes | str) -> None:
    """Write a file, all or nothing.

    Args:
        path: The file; an existing one is replaced.
        contents: What it will hold; text is written as UTF-8.

    Raises:
        OSError: The file cannot be written; the old one, if there was one, is as it was.

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
    """List the temporary files in a folder: of killed programs, or of one that is writing now.

    Args:
        folder: The folder.

    Returns:
        Their paths; none if there is no such folder.

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
    """Remove the temporary files that killed programs have left in a folder.

    Args:
        folder: Where nobody else is writing now; if there is no such folder, nothing happens.

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
    with contextlib.suppress(OSError):  # the error in hand says more than one about tidying up
        os.unlink(temporary)


def _sync_folder(folder: Path) -> None:
    """Force the rename itself onto the disk, where the system allows to sync a folder."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file is in place; some file systems refuse this
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

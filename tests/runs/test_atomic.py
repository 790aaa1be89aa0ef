"""A file has its old or its new contents whatever fails, and no other file is left."""

import contextlib
import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.runs import atomic

LEFTOVER = ".minicnn-0123456789abcdef.tmp"


class FailingFile:
    """A file that fails in one of its methods; in write, in the middle of it."""

    def __init__(self, file: Any, method: str, error: BaseException) -> None:
        self.file, self.method, self.error = file, method, error

    def __getattr__(self, name: str) -> Any:
        return self.fail if name == self.method else getattr(self.file, name)

    def fail(self, contents: bytes = b"") -> None:
        if self.method == "write":
            self.file.write(contents[: len(contents) // 2])
        raise self.error

    def __enter__(self) -> "FailingFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        if self.method == "close":
            raise self.error


def failing_open(method: str, error: BaseException) -> Callable[..., Any]:
    path_open = Path.open

    def fail_or_open(path: Path, mode: str) -> FailingFile:
        if method == "open":
            raise error
        return FailingFile(path_open(path, mode), method, error)

    return fail_or_open


@contextlib.contextmanager
def failing(call: str, error: BaseException) -> Iterator[None]:
    """Let one of the system calls of a write fail."""
    if call in ("open", "write", "flush", "close"):
        with mock.patch.object(Path, "open", failing_open(call, error)):
            yield
        return
    with mock.patch.object(os, call, side_effect=error):
        yield


CALLS = ("open", "write", "flush", "fsync", "close", "replace")
ERRORS = st.one_of(
    st.sampled_from([errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT, errno.EFBIG]).map(
        lambda number: OSError(number, os.strerror(number))
    ),
    st.builds(KeyboardInterrupt),
)


@given(old=st.none() | st.binary(), new=st.binary(), call=st.sampled_from(CALLS), error=ERRORS)
def test_a_write_that_fails_at_any_call_leaves_the_old_contents_and_nothing_else(
    old: bytes | None, new: bytes, call: str, error: BaseException
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        if old is not None:
            path.write_bytes(old)
        with failing(call, error), pytest.raises(type(error)) as caught:
            atomic.write(path, new)
        if isinstance(caught.value, OSError):
            assert caught.value.filename == str(path)  # not that of the temporary file
        assert os.listdir(folder) == ([] if old is None else ["file"])
        assert old is None or path.read_bytes() == old


@given(st.binary() | st.text(), st.binary() | st.text())
def test_a_file_holds_what_was_written_last(first: bytes | str, second: bytes | str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        for contents in (first, second):
            atomic.write(str(path), contents)
            expected = contents.encode() if isinstance(contents, str) else contents
            assert path.read_bytes() == expected
        assert os.listdir(folder) == ["file"]


@pytest.mark.parametrize("call", ["open", "fsync", "close"])
def test_a_file_system_that_cannot_sync_a_folder_is_no_error(tmp_path: Path, call: str) -> None:
    really = getattr(os, call)

    def fail(first: Any, *others: Any) -> Any:
        is_folder = stat.S_ISDIR(os.stat(first).st_mode) if os.path.exists(first) else False
        if is_folder and call == "close":
            really(first)
        if is_folder:
            raise OSError(errno.EINVAL, "Invalid argument")
        return really(first, *others)

    with mock.patch.object(os, call, fail):
        atomic.write(tmp_path / "file", "contents")
    assert (tmp_path / "file").read_text() == "contents"


def test_an_error_of_the_clean_up_does_not_hide_the_first_error(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    other = OSError(errno.EIO, os.strerror(errno.EIO))
    told = pytest.raises(OSError, match="No space left on device")
    with told, failing("replace", full), failing("unlink", other):
        atomic.write(tmp_path / "file", "contents")
    assert len(atomic.leftovers(tmp_path)) == 1


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    atomic.write(tmp_path / "file", "ζ")
    with pytest.raises(UnicodeEncodeError):
        atomic.write(tmp_path / "file", "\ud800")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ["ζ".encode()]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere/file"):
        atomic.write(tmp_path / "nowhere" / "file", "")


hexadecimal = st.text("0123456789abcdef", min_size=16, max_size=16)
of_minicnn = hexadecimal.map(lambda digits: f".minicnn-{digits}.tmp")
near_misses = st.builds(
    "{}minicnn-{}{}".format,
    st.sampled_from([".", "", ".."]),
    st.text("0123456789abcdefgG-", min_size=14, max_size=18),
    st.sampled_from([".tmp", ".tmp~", "", ".pt"]),
).filter(lambda name: not re.fullmatch(r"\.minicnn-[0-9a-f]{16}\.tmp", name))
others = st.sampled_from(["last.pt", "config.json", ".minicnn-.tmp", "thesis.tmp", ".tmp"])


@given(st.sets(of_minicnn), st.sets(near_misses | others))
def test_a_sweep_removes_the_temporary_files_and_no_other(mine: set[str], yours: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in mine | yours:
            Path(folder, name).touch()
        assert {path.name for path in atomic.leftovers(folder)} == mine
        atomic.sweep(folder)
        assert set(os.listdir(folder)) == yours


def test_a_sweep_does_not_mind_a_file_that_another_removed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / ".minicnn-0123456789abcdef.tmp"
    monkeypatch.setattr(atomic, "leftovers", lambda folder: [gone])
    atomic.sweep(tmp_path)


def test_a_sweep_does_not_touch_folders(tmp_path: Path) -> None:
    for folder in (tmp_path / "deeper", tmp_path / LEFTOVER):
        folder.mkdir()
        (folder / LEFTOVER).touch()
    atomic.sweep(tmp_path)
    assert len(list(tmp_path.rglob("*"))) == 4


def test_a_sweep_of_a_missing_folder_does_nothing(tmp_path: Path) -> None:
    atomic.sweep(tmp_path / "nowhere")
    assert atomic.leftovers(tmp_path / "nowhere") == []

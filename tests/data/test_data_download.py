"""Downloads from local servers: good, slow, broken and stalled ones."""

import gzip
import hashlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from minicnn.data import idx
from minicnn.data.download import DownloadError, download
from minicnn.data.fetch import LEAST_RATE

STALL = 1.0


def noise(*shape: int) -> torch.Tensor:
    """Numbers that compression does not make fewer."""
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0)).byte()


FILES = {
    "train-images-idx3-ubyte": idx.encode(noise(40, 10, 10)),
    "train-labels-idx1-ubyte": idx.encode(noise(4000)),
}
PACKED = {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()}
RESOURCES = [(n, hashlib.md5(c, usedforsecurity=False).hexdigest()) for n, c in PACKED.items()]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@contextmanager
def server(send: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[str]:
    """Serve the files: ``send`` writes the body of a response with the full Content-Length."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = PACKED[self.path.lstrip("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # when the child has exited
                send(self, body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        running.block_on_close = False
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def in_pieces(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    size = -(-len(body) // 4)
    for i in range(0, len(body), size):
        handler.wfile.write(body[i : i + size])
        time.sleep(STALL / 4)


def dripping(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    for i in range(len(body)):
        handler.wfile.write(body[i : i + 1])
        time.sleep(STALL / 20)


def slow_but_steady(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send twice the least that is accepted, with pauses."""
    size = int(2 * LEAST_RATE * STALL / 4)
    for i in range(0, len(body), size):
        handler.wfile.write(body[i : i + size])
        time.sleep(STALL / 4)


def damaged(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.wfile.write(bytes(len(body)))


def half_then_silence(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.wfile.write(body[: len(body) // 2])
    time.sleep(60)  # in a thread that ends with this process


def run(root, *mirrors: str) -> None:
    download("MNIST", root, mirrors=mirrors, resources=RESOURCES, stall_seconds=STALL)


@pytest.mark.slow
def test_a_slow_download_succeeds(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-labels-idx1-ubyte").write_bytes(b"was here before")
    with server(in_pieces) as mirror:
        begin = time.monotonic()
        run(tmp_path, mirror)
        assert time.monotonic() - begin > STALL
    assert {file.name for file in raw.iterdir()} == set(FILES)
    assert (raw / "train-images-idx3-ubyte").read_bytes() == FILES["train-images-idx3-ubyte"]
    assert (raw / "train-labels-idx1-ubyte").read_bytes() == b"was here before"
    assert list(tmp_path.iterdir()) == [tmp_path / "MNIST"]


@pytest.mark.slow
def test_a_download_that_stalls_is_aborted(tmp_path, capfd):
    silence = pytest.raises(DownloadError, match=f"^no data received for {STALL:g} s$")
    with server(half_then_silence) as mirror, silence:
        run(tmp_path / "new", mirror, mirror)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_server_that_sends_a_byte_now_and_then_is_left(tmp_path, capfd):
    with server(dripping) as mirror, pytest.raises(DownloadError) as error:
        run(tmp_path / "new", mirror, mirror)
    assert re.fullmatch(
        r"only \d+ bytes received in 1 s, expected at least 1,000", str(error.value)
    )
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_slow_connection_without_stalls_is_enough(tmp_path):
    begin = time.monotonic()
    with server(slow_but_steady) as mirror:
        run(tmp_path, mirror)
    assert time.monotonic() - begin > 3 * STALL  # so that several periods were judged
    assert {file.name for file in (tmp_path / "MNIST" / "raw").iterdir()} == set(FILES)


@pytest.mark.slow
def test_the_error_of_each_mirror_is_reported(tmp_path, refusing_server, capfd):
    with server(damaged) as mirror, pytest.raises(DownloadError) as error:
        run(tmp_path / "new", refusing_server, refusing_server, mirror)
    assert re.search("Connection refused.*; .*corrupted", str(error.value))
    assert "\n" not in str(error.value)
    assert str(error.value).count("refused") == 1
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def ctrl_c_interrupts() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt, also in a background process, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c_interrupts")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to a thread")
def test_ctrl_c_ends_the_child_and_leaves_nothing(tmp_path, capfd):
    child_has_gone = threading.Event()

    def interrupt_once_connected(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        with connection:
            connection.settimeout(10)
            while connection.recv(1000):
                pass
        child_has_gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=interrupt_once_connected, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(KeyboardInterrupt):
            download("MNIST", tmp_path, mirrors=[url], stall_seconds=60)
        assert child_has_gone.wait(60)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    root = tmp_path / "file"
    root.write_bytes(b"")
    with pytest.raises(DownloadError, match=f"^cannot download into {root}: Not a directory$"):
        download("MNIST", root)


def test_importing_the_data_package_does_not_import_torchvision():
    code = "import sys, minicnn.data; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

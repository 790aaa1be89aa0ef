"""Fixtures of the data tests: the real MNIST if it is there, and broken networks."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from minicnn import data


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The folder in MINICNN_DATA_DIR, if MNIST is there."""
    root = Path(os.environ.get("MINICNN_DATA_DIR") or "data")
    try:
        data.load_mnist(root, download=False)
    except data.MissingDataError:
        pytest.skip(f"needs MNIST, which is not in {root}: set MINICNN_DATA_DIR")
    return root


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The URL of a server that accepts a connection and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def refusing_server() -> str:
    """A URL at which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}/"

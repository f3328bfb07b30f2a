"""What nbval lacks: a dead kernel fails at once, and a failed cell ends its notebook's run.

What is compared of a stored output is its text, which has the facts; not how HTML shows them.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from queue import Empty
from typing import Any

import nbval.plugin
import pytest
import zmq
from jupyter_client.connect import ConnectionFileMixin
from nbval.kernel import RunningKernel

POLL_S = 1.0
HTML = "text/html"
FAILED = pytest.StashKey[str]()


class KernelDied(RuntimeError):
    """The process behind a notebook ended while a cell was waiting for it."""


class WatchedKernel(RunningKernel):  # type: ignore[misc]
    """nbval's kernel, asked every second whether it still lives while a message is awaited."""

    def get_message(self, stream: str, timeout: float | None = None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = POLL_S if deadline is None else deadline - time.monotonic()
            try:
                return super().get_message(stream, timeout=max(0.0, min(POLL_S, left)))
            except Empty:
                if not self.is_alive():
                    raise KernelDied("the kernel died while this cell ran") from None
                if left <= 0:
                    raise


def connect_iopub(client: ConnectionFileMixin, identity: bytes | None = None) -> zmq.Socket[bytes]:
    """The channel of outputs with room for all of them.

    nbval reads it when a cell has ended. By default 1,000 messages wait, the rest is dropped: a
    cell with many builds would lose the word that it has ended.
    """
    socket = client.context.socket(zmq.SUB)
    socket.linger = 1000
    socket.rcvhwm = 0
    socket.connect(client._make_url("iopub"))
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    return socket


def pytest_configure() -> None:
    """nbval makes its kernels by this name."""
    nbval.plugin.RunningKernel = WatchedKernel
    ConnectionFileMixin.connect_iopub = connect_iopub


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what follows a failed cell: it would only repeat the failure."""
    if isinstance(item.parent, nbval.plugin.IPyNbFile) and HTML not in item.parent.skip_compare:
        item.parent.skip_compare += (HTML,)
    if item.parent is not None and (first := item.parent.stash.get(FAILED, "")):
        pytest.skip(f"{first} of this notebook failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember the first cell of a notebook that failed."""
    report = yield
    if report.failed and isinstance(item, nbval.plugin.IPyNbCell) and item.parent is not None:
        item.parent.stash.setdefault(FAILED, item.name)
    return report

"""Work in threads beside a block, of which the first fault ends all, children included."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

import psutil

T = TypeVar("T")
_LOOK_S = 0.1


class Stopped(Exception):
    """Raised by `check` in what goes on beside work that has failed."""


class Beside:
    """A block, and work beside it. Leaving the block waits for the work.

    A fault in either ends the other: `check` raises there, and children of this process that were
    started since are terminated (not what has a session of its own, as an engine has). The block
    then raises the first fault, as it was. Ctrl-C is a fault of the block.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(thread_name_prefix="beside")
        self._running: list[Future[object]] = []
        self._fault: BaseException | None = None
        self._over = threading.Event()
        self._left = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Beside:
        self._spared = _children()
        return self

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin work in a thread."""
        future = self._pool.submit(self._guarded, work)
        self._running.append(future)  # type: ignore[arg-type]
        return future

    def check(self) -> None:
        """Raise Stopped where this work has become pointless."""
        if self._over.is_set():
            raise Stopped

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if fault is not None:
            self._end(fault)
        self._left.set()
        try:
            self._wait()
        except BaseException as interrupt:
            self._end(interrupt)
            self._wait()
            raise
        self._pool.shutdown()
        # Ctrl-C in a terminal ends children at once, and so the work that waits for them.
        if self._fault not in (None, fault) and not isinstance(fault, KeyboardInterrupt):
            raise self._fault

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except BaseException as fault:
            self._end(fault)
            while not self._left.wait(_LOOK_S):
                self._terminate()  # what the block waits for
            raise

    def _end(self, fault: BaseException) -> None:
        with self._lock:
            if not self._over.is_set():
                self._fault = fault
                self._over.set()

    def _wait(self) -> None:
        while wait(self._running, _LOOK_S).not_done:
            if self._over.is_set():
                self._terminate()

    def _terminate(self) -> None:
        with self._lock:
            found = _children() - self._spared
            self._spared |= found  # told once: they may have something to clean up
        for child in found:
            with suppress(psutil.Error):
                child.terminate()


def _children() -> set[psutil.Process]:
    """The children of this process that are in its session."""
    session = os.getsid(0)
    found = set()
    for child in psutil.Process().children():
        with suppress(OSError, psutil.Error):
            if os.getsid(child.pid) == session and child.status() != psutil.STATUS_ZOMBIE:
                found.add(child)
    return found

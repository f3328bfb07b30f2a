"""Work in threads beside a block, of which the first fault ends all, children included."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, TypeVar

import psutil

from buildlab.host.process import terminate

T = TypeVar("T")
_LOOK_S = 0.1
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Raised by `check` in what goes on beside work that has failed."""


class Beside:
    """A block, and work beside it. Leaving the block waits for the work.

    A fault in either ends the other: `check` raises there, and children of this process that were
    started since are terminated (not what has a session of its own, as an engine has). The block
    then raises the first fault, as it was. An interrupt is a fault of the block, and ends children
    before anything waits for them.

    `once`: only those that are there at that time. What is started afterwards looks after what
    they leave, as builds do: an engine is asked whether they have ended.
    """

    def __init__(self, *, once: bool = False) -> None:
        self._once = once
        self._pool = ThreadPoolExecutor(thread_name_prefix="beside")
        self._running: list[Future[Any]] = []
        self._fault: BaseException | None = None
        self._over = threading.Event()
        self._left = threading.Event()
        self._lock = threading.RLock()

    def __enter__(self) -> Beside:
        self._spared = _children()
        self._listening = _interrupts_tell(lambda: self._end(KeyboardInterrupt()))
        self._listening.__enter__()
        return self

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin work in a thread."""
        future = self._pool.submit(self._guarded, work)
        self._running.append(future)
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
        try:
            if fault is not None:
                self._end(fault)
            try:
                wait(self._running)
            except BaseException as interrupt:
                fault = interrupt
                self._end(interrupt)
                wait(self._running)
                raise
        finally:
            self._left.set()
            self._pool.shutdown(wait=False)
            self._listening.__exit__(None, None, None)
        # Ctrl-C in a terminal ends children at once, and so the work that waits for them.
        if self._fault not in (None, fault) and not isinstance(fault, KeyboardInterrupt):
            raise self._fault

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except BaseException as fault:
            self._end(fault)
            raise

    def _end(self, fault: BaseException) -> None:
        with self._lock:
            if self._over.is_set():
                return
            self._fault = fault
            self._over.set()
        threading.Thread(target=self._terminate, daemon=True).start()

    def _terminate(self) -> None:
        """End children, each asked once: it may have something to clean up."""
        told = self._spared
        while True:
            found = _children() - told
            told |= found
            for child in found:
                if child.is_running():
                    terminate(child.pid)
            if self._once or self._left.wait(_LOOK_S):
                return


@contextmanager
def _interrupts_tell(tell: Callable[[], None]) -> Iterator[None]:
    """Have what handles interrupts now tell so before it does; nothing outside the main thread."""
    handlers = {number: signal.getsignal(number) for number in _INTERRUPTS}
    handled = {number: by for number, by in handlers.items() if callable(by)}
    if threading.current_thread() is not threading.main_thread():
        handled = {}

    def interrupted(number: int, frame: FrameType | None) -> None:
        tell()
        handled[signal.Signals(number)](number, frame)

    for number in handled:
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number, by in handled.items():
            signal.signal(number, by)


def _children() -> frozenset[psutil.Process]:
    """The children of this process that are in its session."""
    session = os.getsid(0)
    found = set()
    for child in psutil.Process().children():
        with suppress(OSError, psutil.Error):
            if os.getsid(child.pid) == session and child.status() != psutil.STATUS_ZOMBIE:
                found.add(child)
    return frozenset(found)

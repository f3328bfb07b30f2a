"""Who watches a build: the calls an observer gets, and the observers that always watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress


class Observer(Protocol):
    """Sees one build after another. What it raises never reaches the build.

    `started` and `finished` come on the thread that called `build()`; `progressed` comes on a
    reader thread, at least every 0.1 s while the build runs. `finished` comes for every build
    that started, also for one that failed, was interrupted or ran into its time limit.
    """

    def started(self, command: tuple[str, ...], title: str) -> None: ...

    def progressed(self, progress: Progress) -> None: ...

    def finished(self, record: BuildRecord) -> None: ...


@runtime_checkable
class WaitingObserver(Protocol):
    """An observer that also wants to hear why a build has not started yet."""

    def waiting(self, reason: str) -> None: ...


@runtime_checkable
class ListeningObserver(Protocol):
    """An observer that also wants the build's plain log, masked; on the reader thread."""

    def said(self, text: str) -> None: ...


_standing: list[Callable[[], Observer]] = []


@contextmanager
def observing(*observers: Observer) -> Iterator[None]:
    """Let these observers see every build of this process until the block ends."""
    factories: list[Callable[[], Observer]] = [lambda o=o: o for o in observers]  # type: ignore[misc]
    _standing.extend(factories)
    try:
        yield
    finally:
        for factory in factories:
            _standing.remove(factory)


def observe_always(factory: Callable[[], Observer]) -> Callable[[], None]:
    """Make one observer per build from `factory` from now on; returns what ends that."""
    _standing.append(factory)

    def end() -> None:
        if factory in _standing:
            _standing.remove(factory)

    return end


class Audience:
    """All observers of one build. One that raises is dropped, and the record says so."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.faults: list[str] = []
        self._observers: list[Observer] = list(observers)
        for factory in tuple(_standing):
            try:
                self._observers.append(factory())
            except Exception as fault:
                self.faults.append(f"{factory!r}: {fault}")

    def __bool__(self) -> bool:
        return bool(self._observers)

    @property
    def listening(self) -> bool:
        """Whether anybody wants the plain log."""
        return any(isinstance(o, ListeningObserver) for o in self._observers)

    def said(self, text: str) -> None:
        self._tell(lambda o: o.said(text) if isinstance(o, ListeningObserver) else None)

    def _tell(self, call: Callable[[Observer], None]) -> None:
        for observer in tuple(self._observers):
            try:
                call(observer)
            except Exception as fault:
                self._observers.remove(observer)
                self.faults.append(f"{type(observer).__name__}: {fault}")

    def waiting(self, reason: str) -> None:
        self._tell(lambda o: o.waiting(reason) if isinstance(o, WaitingObserver) else None)

    def started(self, command: tuple[str, ...], title: str) -> None:
        self._tell(lambda o: o.started(command, title))

    def progressed(self, progress: Progress) -> None:
        self._tell(lambda o: o.progressed(progress))

    def finished(self, record: BuildRecord) -> None:
        self._tell(lambda o: o.finished(record))

"""The parts of set-up, and who watches them: several may be under way at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol


class Watching(Protocol):
    """Told what set-up is at, from any thread. Each part ends, or failed, once."""

    def began(self, part: str) -> None: ...
    def said(self, part: str, text: str) -> None: ...
    def counted(self, part: str, done: int, of: int, unit: str) -> None: ...
    def ended(self, part: str, result: str) -> None: ...
    def failed(self, part: str) -> None: ...


class Unwatched:
    """Nobody watches."""

    def began(self, part: str) -> None: ...
    def said(self, part: str, text: str) -> None: ...
    def counted(self, part: str, done: int, of: int, unit: str) -> None: ...
    def ended(self, part: str, result: str) -> None: ...
    def failed(self, part: str) -> None: ...


@dataclass
class Part:
    """One part: a block that tells what it is at, and its result in a few words.

    `check` is asked each time whether it should go on.
    """

    title: str
    watching: Watching
    check: Callable[[], None] = lambda: None
    result: str = ""
    _begun: bool = field(default=False, init=False)
    _last: str = field(default="", init=False)

    def begin(self) -> None:
        """Show it as under way, if it isn't yet: work for it may begin before its block."""
        if not self._begun:
            self._begun = True
            self.watching.began(self.title)

    def of(self, check: Callable[[], None]) -> Part:
        """The same part, which goes on where something else says when to stop."""
        self.check = check
        return self

    def __enter__(self) -> Part:
        self.begin()
        return self

    def __call__(self, text: str) -> None:
        """Say what it is at now."""
        self.check()
        if text != self._last:
            self._last = text
            self.watching.said(self.title, text)

    def count(self, done: int, of: int, unit: str) -> None:
        """Say how far it is (see `basics.telling`)."""
        self.check()
        self.watching.counted(self.title, done, of, unit)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if fault is None:
            self.watching.ended(self.title, self.result)
        else:
            self.watching.failed(self.title)

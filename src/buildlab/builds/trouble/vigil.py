"""Asks the engine whether it still works, where a build has said nothing for a while.

A build can be quiet because its RUN is. It can also be quiet because the engine is stopped in its
tracks, or because another client's build holds up BuildKit's solver; only a build of nothing shows
that. Neither is to be waited out to the build's own limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from buildlab.engine.asking import answers, held_up
from buildlab.engine.model import Engine


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. A busy machine must not look like a dead engine: `patience_s` is generous."""

    quiet_s: float = 10.0
    """Nothing said for so long: the engine is asked."""
    answer_s: float = 5.0
    """How long it may take to answer."""
    probe_s: float = 10.0
    """How long a build of nothing may take."""
    patience_s: float = 60.0
    """How long it may fail at that, before the build is ended."""


LIMITS = Limits()
_ANSWER = "has not answered"
_BUILDS = "has taken no builds"
_LEAST = 2
"""Times that it must fail in a row: once may be a moment when all of the machine was stopped."""
_AGAIN = 0.2
"""An engine that failed is asked again after this part of `quiet_s`."""
_RARER = 3
"""Each build of nothing that got through makes the wait for the next this much longer."""


class Vigil:
    """Watches on a thread until it is closed; costs nothing while the build says something.

    Where the engine fails for `patience_s` seconds, `lost` says so and `ended` is called. While a
    RUN of the build is `at_work`, no build of nothing is sent: it would disturb what is measured.
    Nor is one sent to another's builder, which other builds may rightly fill.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        at_work: Callable[[], bool],
        ended: Callable[[], None],
        limits: Limits | None = None,
    ) -> None:
        self._engine, self._at_work, self._ended = engine, at_work, ended
        self._limits = limits or LIMITS
        self._heard_s = self._asked_s = time.monotonic()
        self._pause_s = self._limits.quiet_s
        self._fails_since_s: float | None = None
        self._fails = 0
        self._what = ""
        self.lost = ""
        """How the engine failed, in words, where that went on for too long."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="buildlab-vigil", daemon=True)

    def __enter__(self) -> Vigil:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join(1)  # a build of nothing is ended by it, an answer is not waited for

    def heard(self) -> None:
        """The build has said something."""
        self._heard_s = time.monotonic()

    @property
    def trouble(self) -> str:
        """What is wrong with the engine now, in words; "" where nothing is known to be."""
        since_s = self._fails_since_s
        if since_s is None or self._heard_s > since_s:
            return ""
        return f"the engine {self._what} for {time.monotonic() - since_s:.0f} s"

    def _watch(self) -> None:
        quiet_s = self._limits.quiet_s
        while not self.lost:
            pause_s = quiet_s if self._fails_since_s is None else quiet_s * _AGAIN
            due_s = max(self._heard_s + quiet_s, self._asked_s + pause_s)
            if self._closed.wait(max(0.0, due_s - time.monotonic())):
                return
            if time.monotonic() - self._heard_s >= quiet_s:
                self._ask()
        self._ended()

    def _ask(self) -> None:
        began_s = time.monotonic()
        if self._heard_s > self._asked_s:  # it has gone on since
            self._fails_since_s, self._pause_s = None, self._limits.quiet_s
        what = self._fault()
        self._asked_s = time.monotonic()
        if self._closed.is_set():
            return
        if not what:
            self._fails_since_s, self._fails = None, 0
            return
        if self._fails_since_s is None:
            self._fails_since_s, self._fails = began_s, 0
        self._what, self._fails = what, self._fails + 1
        failing_s = self._asked_s - self._fails_since_s
        if self._fails >= _LEAST and failing_s >= self._limits.patience_s:
            self.lost = f"{what} for {failing_s:.0f} s"

    def _fault(self) -> str:
        soon = self._engine.can.answer_soon
        if not answers(self._engine, self._limits.answer_s if soon else self._limits.probe_s):
            return _ANSWER
        quiet_s = time.monotonic() - self._heard_s
        again = self._fails_since_s is not None and self._what == _BUILDS
        due = again or quiet_s >= self._pause_s
        if not self._engine.can.be_probed or self._at_work() or not due:
            return ""
        if held_up(self._engine, self._limits.probe_s, self._closed.is_set):
            return _BUILDS
        self._pause_s *= _RARER
        return ""

"""Makes sure that a build whose client was stopped has ended in the engine too.

BuildKit can hold a lock of its solver for a build that nobody waits for any more (a cache import
from a registry that accepts and says nothing): then every later build hangs. So the engine is
asked, not the client; one of ours that is held up is restarted.

A note on disk says that a build is under way. Where it is still there when the next build
begins, whoever made it was killed, or gave up asking: the next build asks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from buildlab import loading
from buildlab.engine import reviving
from buildlab.engine.asking import lets_through, running_builds
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, EngineError
from buildlab.host import private

_POLL_S = 0.2
_CLOCKS_S = 2.0
"""How far two clocks may be apart."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the engine to wind a build up, and for a build of nothing to get through."""

    ending_s: float
    probe_s: float


PATIENT = Limits(4.0, 6.0)
QUICK = Limits(2.0, 4.0)
"""After an interrupt: somebody waits at a keyboard."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of a build whose client was stopped.

    `words` go on a sentence about it: "the build was interrupted, and …". `hint` is what to do
    where something is left to do. `settled` is False where the next build must look again.
    """

    words: str
    hint: str = ""
    settled: bool = True
    stuck: bool = False
    """Whether the engine takes no builds now."""


STOPPED = Aftermath("is stopped in the engine")


@dataclass(frozen=True, slots=True)
class _Noted:
    name: str
    began_s: float


@dataclass(frozen=True, slots=True)
class Underway:
    """The file that says which build is under way on an engine."""

    file: Path

    @classmethod
    def of(cls, locks: Path, engine_key: str) -> Underway:
        return cls(locks / f"build-{sha256(engine_key.encode()).hexdigest()[:12]}.underway")

    def write(self, name: str) -> None:
        private.write(self.file, json.dumps(asdict(_Noted(name, time.time()))))

    def read(self) -> tuple[str, float] | None:
        """The build's name and start, None where none is under way or it can't be read."""
        noted = loading.kept(_Noted, self.file)
        return (noted.name, noted.began_s) if noted else None

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def make_sure(
    engine: Engine,
    underway: Underway,
    limits: Limits,
    waiting: Callable[[str], None],
    *,
    answered: bool,
) -> Aftermath:
    """Ask the engine whether the noted build has ended; restart one of ours that is held up.

    `answered` is whether the engine said anything at all: one that didn't may be held up by
    another build. Never raises but KeyboardInterrupt is turned into words too: who presses Ctrl-C
    again doesn't want to wait.
    """
    noted = underway.read()
    if noted is None or not engine.buildx:
        return STOPPED
    try:
        found = _asked(engine, *noted, limits, waiting, answered=answered)
    except KeyboardInterrupt:
        found = Aftermath(
            "the engine was not asked whether it has ended there", "the next build asks", False
        )
    if found.settled:
        underway.remove()
    return found


def ready(engine: Engine, underway: Underway, waiting: Callable[[str], None]) -> Engine:
    """The engine, sound, and done with what a killed process left it to build.

    Raises EngineError where it takes no builds and is not ours to restart, and as
    `reviving.revived` does.
    """
    engine = reviving.revived(engine, waiting)
    if underway.read() is None:
        return engine
    found = make_sure(engine, underway, PATIENT, waiting, answered=True)
    if not found.settled and found.stuck:
        raise EngineError(f"after an earlier build, {found.words}", found.hint)
    return reviving.revived(engine, waiting)  # it may have been restarted


def _asked(
    engine: Engine,
    name: str,
    began_s: float,
    limits: Limits,
    waiting: Callable[[str], None],
    *,
    answered: bool,
) -> Aftermath:
    reviving.resume(engine)
    ended = _ended(engine, name, began_s, limits.ending_s)
    if ended and answered:
        return STOPPED
    waiting("asking the engine whether the build has ended there")
    if lets_through(engine, limits.probe_s):
        if ended is False:
            return Aftermath(
                "it is still being wound up in the engine, which takes other builds meanwhile",
                'look: eval "$(buildlab env)"; docker buildx history ls',
                settled=False,
            )
        return STOPPED
    try:
        reviving.restart(engine, waiting)
    except BuildlabError as fault:
        return Aftermath(
            f"the engine takes no more builds ({fault.message})",
            fault.hint or reviving.by_hand(engine),
            settled=False,
        )
    return Aftermath("the engine, which took no more builds, was restarted: images and cache stay")


def _ended(engine: Engine, name: str, began_s: float, limit_s: float) -> bool | None:
    """Whether the engine no longer builds it; None where the engine can't say."""
    deadline = time.monotonic() + limit_s
    while (left_s := deadline - time.monotonic()) > 0:
        found = running_builds(engine, left_s)
        if found is None:
            return None
        if not any(name in b.name and _since(b.began, began_s) for b in found):
            return True
        time.sleep(min(_POLL_S, max(0.0, deadline - time.monotonic())))
    return False


def _since(began: str, began_s: float) -> bool:
    try:
        at = datetime.fromisoformat(began[:19]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return True
    return at >= began_s - _CLOCKS_S
